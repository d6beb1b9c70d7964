import pytest

from kernelpair.yamltext.emit import Layout, block, flow, quoted, scalar
from kernelpair.yamltext.nodes import SourceFloat, SourceInt


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "jupyterhub-singleuser",
        "quay.io/jupyter/x:1",
        "--ip=0.0.0.0",
        "-c",
        "$(HOME)/x",
        "/home/jovyan",
        "1Gi",
        "500m",
        "a b",
    ],
)
def test_ordinary_texts_stay_plain(text):
    assert scalar(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "y", "No", "on", "null", "~", "1e3", "12e3", "0o17", "017", "0x1f", "1_0", "12:30:45", "2001-01-01", "=",
    "<<", ".inf", ".5",
     "a: b", "a #b", "- a", "-", "---", "a:", "[a", "*a", "&a", "!a", "%a", "@a", "`a", "'a", " a", "a ", "ü",
     "a\nb", "1", "-1", "4f2e"],
)  # fmt: skip
def test_texts_that_some_reader_takes_for_something_else_are_quoted(text):
    assert scalar(text).startswith('"')


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"), (True, "true"), (False, "false"), (0, "0"), (-5, "-5"), (1.5, "1.5"), (1000.0, "1000.0"),
        (1e16, "1.0e+16"), (1.5e-7, "1.5e-07"), (float("-inf"), "-.inf"),
        (SourceInt(15, "0o17"), "15"), (SourceInt(7, "7"), "7"), (SourceFloat(1000.0, "1e3"), "1000.0"),
        (SourceFloat(1.5, "1.50"), "1.50"),
        ('a"\\\n\t\x00\x7f\x85\u2028\ufeff\ufffe😀ü', r'"a\"\\\n\t\u0000\u007f\u0085\u2028\ufeff\ufffe😀ü"'),
    ],
)  # fmt: skip
def test_scalars_have_one_form(value, text):
    assert scalar(value) == text


@pytest.mark.parametrize(
    "value", ["\ud800", 2**64, -(2**63) - 1, (1, 2), {1: 2}, {"k" * 1100: 1}, b"x", SourceInt(2**64)]
)
def test_what_has_no_form_is_refused(value):
    for write in (block, flow):
        with pytest.raises(ValueError, match=r".+"):
            write(value)


def test_json_has_no_infinity():
    with pytest.raises(ValueError, match="JSON"):
        flow([float("inf")])


VALUE = {"a": {"b": {}, "c": []}, "d": [{"e": 1, "f": [2, [3]]}, "x"], "g": "t\n\n  u\n", "y": None}


def test_block_text_is_indented_by_two():
    assert block(VALUE, 2).split("\n") == [
        "  a:", "    b: {}", "    c: []", "  d:", "    - e: 1", "      f:", "        - 2", "        - - 3", "    - x",
        '  g: "t\\n\\n  u\\n"', '  "y": null',
    ]  # fmt: skip


def test_block_text_follows_a_layout():
    assert block(VALUE, newline="\r\n", layout=Layout(4, 0, 3, True)).split("\r\n") == [
        "a:", "    b: {}", "    c: []", "d:", "-  e: 1", "   f:", "   - 2", "   -  - 3", "- x",
        "g: |", "    t", "", "      u", '"y": null',
    ]  # fmt: skip


@pytest.mark.parametrize("text", [" a\nb", "a\nb ", "a\n \nb", "a\n\n", "a\rb\n", "a\nb\x85", "\n", "\ta\n"])
def test_texts_that_a_literal_could_lose_are_quoted(text):
    assert block({"k": text}, layout=Layout(literal=True)) == "k: " + quoted(text)


def test_flow_text_is_json():
    assert flow(VALUE) == (
        '{"a": {"b": {}, "c": []}, "d": [{"e": 1, "f": [2, [3]]}, "x"], "g": "t\\n\\n  u\\n", "y": null}'
    )
