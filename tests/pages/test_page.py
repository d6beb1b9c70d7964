"""How pages are read: what is a command, what is its output, and that nothing which isn't executed passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages import page
from tests.pages.session import WITHOUT_NETWORK, Session

GOOD = """# Page
## One
```sh connected cluster
make it
```

Text with `a word`, `make it` and `kernelpair`.

```
made ... of it
...
the end
```
### Two
```sh
tar --list
```
"""
NOT_EXECUTED = {
    "make lock UPGRADE=1": "changes the pins to what is newest today",
    "python -m ci.bundle lock": "changes the pins too",
    "make e2e": "runs tests, of which this is one",
}
"""Commands that pages name in their text, and why no test executes them."""


def test_steps_are_commands_in_order_with_what_they_show() -> None:
    assert page.steps(GOOD) == [
        page.Step("One", 3, frozenset({"connected", "cluster"}), "make it\n", "made ... of it\n...\nthe end\n"),
        page.Step("Two", 15, frozenset(), "tar --list\n", ""),
    ]
    assert list(page.unaccounted(GOOD, {})) == []


@pytest.mark.parametrize("fence", ["```bash\nls\n```\n", "```sh elsewhere\nls\n```\n", "```\nno command before\n```\n"])
def test_a_block_that_nobody_executes_is_refused(fence: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        page.steps(f"# Page\n{fence}")


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("\n    helm install it\n", "    helm install it"),
        ("Use `helm install it`.", "helm install it"),
        ("`.venv/bin/python -m this`", ".venv/bin/python -m this"),
    ],
)
def test_a_command_in_the_text_is_found(text: str, command: str) -> None:
    assert list(page.unaccounted(GOOD + text, {})) == [command]


@pytest.mark.parametrize(
    ("shown", "printed", "found"),
    [
        ("b\n", "a\nb\nc\n", True),
        ("b\n", "a\nbc\n", False),
        ("b\n", "ab\n", False),
        ("b\n", "b \n", True),
        ("a...z\n", "a to z\n", True),
        ("a...z\n", "a\nz\n", False),
        ("a\n...\nz\n", "a\n1\n2\nz\n", True),
        ("a\n...\nz\n", "z\na\n", False),
        ("(a|b)\n", "a\n", False),
    ],
)
def test_what_is_shown_is_lines_of_the_output(shown: str, printed: str, found: bool) -> None:
    assert bool(page.pattern(shown).search(printed)) == found


@pytest.mark.parametrize("name", ["airgap", "bundle"])
def test_every_command_of_the_page_is_executed(name: str) -> None:
    text = (page.DOCS / f"{name}.md").read_text()
    assert len(page.steps(text)) > 4
    assert list(page.unaccounted(text, NOT_EXECUTED)) == []


def test_what_is_not_executed_is_named_by_a_page() -> None:
    texts = [file.read_text() for file in page.DOCS.glob("*.md")]
    assert [command for command in NOT_EXECUTED if not any(f"`{command}`" in text for text in texts)] == []


def test_a_session_goes_on_where_the_step_before_ended(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    session = Session(tmp_path, {"PATH": "/usr/bin:/bin"})
    session.run("cd folder\nexport NAME='two\nlines'")
    assert session.run('pwd; echo "$NAME"') == f"{tmp_path}/folder\ntwo\nlines\n"
    with pytest.raises(AssertionError, match="exit code 3"):
        session.run("(exit 3)\necho never")


def test_without_a_network_means_no_route(tmp_path: Path) -> None:
    session = Session(tmp_path, {"PATH": "/usr/sbin:/usr/bin:/bin"})
    routes = session.run("cat /proc/net/route /proc/net/ipv6_route", WITHOUT_NETWORK)
    assert [line for line in routes.splitlines() if not line.startswith("Iface") and not line.endswith("lo")] == []
