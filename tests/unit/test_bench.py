"""The bench's streams, rounds and figures; what they measure is never asserted."""

import base64
import json
import sys

import pytest
import yaml

from bench import report, workloads
from bench.__main__ import main
from bench.contests import Contest, Goal
from bench.measure import Command, Failed, Sample, inside, rounds, run, spread
from tests import command

TELL = "import sys; sys.stdout.write(sys.stdin.read().upper())"


def documents(text):
    return list(yaml.load_all(text, Loader=yaml.CSafeLoader))


def test_the_hub_release_is_the_same_every_time_and_about_150_kb():
    made = workloads.hub_release(True)
    assert made == workloads.hub_release(True)
    assert 140_000 < len(made.encode()) < 160_000
    assert "{{" not in made, "Helm renders it as a template"


def test_the_two_hub_releases_differ_in_the_flag_alone():
    on, off = workloads.hub_release(True), workloads.hub_release(False)
    assert on.replace('"enabled":true', '"enabled":false') == off != on


def test_every_object_of_a_hub_release_has_an_identity_of_its_own_and_one_has_settings():
    objects = documents(workloads.hub_release(True))
    assert len({(each["kind"], each["metadata"]["name"]) for each in objects}) == len(objects) > 50
    (template,) = (each for each in objects if "kernelpair/settings" in each["metadata"].get("annotations", {}))
    assert template["kind"] == "PodTemplate"
    assert json.loads(template["metadata"]["annotations"]["kernelpair/settings"])["enabled"] is True


def test_the_release_for_the_hook_is_the_same_every_time_and_about_150_kb():
    on, off = workloads.z2jh_release(True), workloads.z2jh_release(False)
    assert on == workloads.z2jh_release(True)
    assert 130_000 < len(on.encode()) < 160_000
    assert "{{" not in on, "Helm renders it as a template"
    assert [a for a, b in zip(documents(on), documents(off), strict=True) if a != b] == documents(on)[:1]


@pytest.mark.parametrize("flag", [True, False])
def test_its_one_hub_is_fitted_when_the_flag_is_on(flag):
    release = workloads.z2jh_release(flag)
    (hub,) = json.loads(command.run(["explain", "-o", "json"], release.encode()).out)["hubs"]
    assert hub["verdict"] == ("fitted" if flag else "skipped")
    assert len(hub.get("pullers", [])) == (2 if flag else 0)
    values = base64.b64decode(documents(release)[0]["data"]["values.yaml"])
    assert yaml.load(values, Loader=yaml.CSafeLoader)["custom"]["kernelGateway"]["enabled"] is flag


def test_every_object_of_that_release_has_an_identity_of_its_own():
    objects = documents(workloads.z2jh_release(True))
    assert len({(each["kind"], each["metadata"]["name"]) for each in objects}) == len(objects) > 40


def test_the_stream_with_nothing_to_split_has_the_size_and_does_not_mention_kernelpair():
    made = "".join(workloads.nothing_to_split(250_000))
    assert 250_000 <= len(made.encode()) < 350_000
    assert "kernelpair" not in made
    names = [(each["kind"], each["metadata"]["name"]) for each in documents(made)]
    assert len(set(names)) == len(names)


def test_pod_templates_are_as_many_as_asked_for():
    made = documents("".join(workloads.pod_templates(12)))
    assert [each["kind"] for each in made] == ["PodTemplate"] * 12
    assert len({each["metadata"]["name"] for each in made}) == 12


def test_a_run_feeds_stdin_keeps_the_output_and_measures(tmp_path):
    source, output = tmp_path / "in", tmp_path / "out"
    source.write_text("text\n" * 50_000)
    sample = run(Command("upper", (sys.executable, "-c", TELL), source), {}, output)
    assert output.read_text() == "TEXT\n" * 50_000
    assert sample.seconds > 0
    assert sample.peak_bytes > 1_000_000


def test_a_run_that_ends_before_it_has_read_everything_is_measured_too(tmp_path):
    source = tmp_path / "in"
    source.write_bytes(b"x" * 1_000_000)
    assert run(Command("deaf", (sys.executable, "-c", "pass"), source), {}).seconds > 0


def test_a_run_that_fails_says_what_it_said():
    with pytest.raises(Failed, match="broken: exit code 3: no luck"):
        run(Command("broken", (sys.executable, "-c", "import sys; print('no luck', file=sys.stderr); sys.exit(3)")), {})


def test_rounds_run_every_command_in_turn(tmp_path):
    log = tmp_path / "log"
    write = "import sys; open(sys.argv[1], 'a').write(sys.argv[2])"
    commands = [Command(name, (sys.executable, "-c", write, str(log), name)) for name in "AB"]
    assert [set(one) for one in rounds(commands, 3, {})] == [{"A", "B"}] * 3
    assert log.read_text() == "ABABAB"


PRINT_ROUNDS = "import json, sys; print(json.dumps([{'A': [1, 2], 'B': [3, 4]}] * int(sys.argv[1])))"


def test_a_program_may_run_the_rounds_in_itself():
    program = Command("hub", (sys.executable, "-c", PRINT_ROUNDS))
    assert inside(program, ["A", "B"], 2, {}) == [{"A": Sample(1, 2, 0), "B": Sample(3, 4, 0)}] * 2


@pytest.mark.parametrize(
    ("says", "complaint"),
    [("print(1)", "can't be read"), ("print('[{}]')", "can't be read"), ("print('[]')", "0 rounds instead of 1")],
)
def test_what_it_says_must_be_rounds(says, complaint):
    with pytest.raises(Failed, match=complaint):
        inside(Command("hub", (sys.executable, "-c", says)), ["A"], 1, {})


def test_a_contest_inside_a_program_ends_as_the_others_do(monkeypatch, capsys):
    def contest(*given):
        program = Command("hub", (sys.executable, "-c", PRINT_ROUNDS))
        goal = Goal("A / B", lambda one: one["A"].seconds / one["B"].seconds, 0.1)
        return Contest("e", "made up", (Command("A", ()), Command("B", ())), {}, (goal,), 3, inside=program)

    monkeypatch.setattr("bench.__main__.CONTESTS", {"e": contest})
    main(["--only", "e"])
    said = capsys.readouterr().out
    assert "(e) made up, 3 rounds" in said
    assert "missed by 233%" in said
    assert "A        1,000 ms  2,000 ms\n" in said, "no memory is measured"


def made_up(*seconds):
    return [{"A": Sample(a, a, 90_000_000), "B": Sample(b, b, 0)} for a, b in seconds]


def test_a_figure_is_the_median_of_the_rounds_ratios_not_the_ratio_of_medians():
    found = spread(lambda one: one["A"].seconds / one["B"].seconds, made_up((1, 1), (6, 2), (4, 2)))
    assert found == (2, 1, 3)


@pytest.mark.parametrize(
    ("limit", "at_least", "median", "expected"),
    [
        (0.8, False, 0.8, "met"),
        (0.8, False, 1.0, "missed by 25%"),
        (10, True, 12, "met"),
        (10, True, 9, "missed by 10%"),
        (None, False, 5, ""),
    ],
)
def test_a_verdict_says_by_how_much(limit, at_least, median, expected):
    assert report.verdict(Goal("x", lambda one: 0, limit, at_least), median) == expected


@pytest.fixture
def result():
    goal = Goal("A / B", lambda one: one["A"].seconds / one["B"].seconds, 1.5)
    contest = Contest("z", "made up", (Command("A", ()), Command("B", ())), {}, (goal,), 2)
    return report.Result(contest, made_up((1, 1), (3, 1)))


def test_the_table_shows_figure_target_and_verdict(result):
    shown = "\n".join(report.lines([result]))
    assert "2.00x (1.00 - 3.00)  <= 1.5x  missed by 33%" in shown


def test_the_json_holds_every_round(result):
    made = json.loads(json.dumps(report.as_json([result], {"cores": 2})))
    assert made["cores"] == 2
    (contest,) = made["contests"]
    assert [one["A"]["seconds"] for one in contest["rounds"]] == [1, 3]
    assert contest["goals"][0]["verdict"] == "missed by 33%"


def test_the_page_keeps_what_stands_around_the_tables(result, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    for _ in range(2):
        report.write_markdown(page, [result], report.machine())
    text = page.read_text()
    assert text.startswith(f"before\n{report.BEGIN}\n")
    assert text.endswith(f"{report.END}\nafter\n")
    assert text.count("| A / B") == 1
    assert "old" not in text


def test_a_page_without_marks_is_refused(result, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("text\n")
    with pytest.raises(ValueError, match="between"):
        report.write_markdown(page, [result], report.machine())
    assert page.read_text() == "text\n"


def test_a_wrong_output_fails_the_bench(monkeypatch):
    def contest(folder, environment, sizes):
        def check(output):
            raise Failed("not split")

        return Contest("a", "wrong", (Command("A", (sys.executable, "-c", "")),), {"A": check}, (), 1)

    monkeypatch.setattr("bench.__main__.CONTESTS", {"a": contest})
    with pytest.raises(SystemExit, match="bench: not split"):
        main(["--only", "a"])


def test_a_missed_target_does_not(monkeypatch, capsys):
    never = Goal("impossible", lambda one: 2.0, 1)
    contest = Contest("a", "slow", (Command("A", (sys.executable, "-c", "")),), {}, (never,), 2)
    monkeypatch.setattr("bench.__main__.CONTESTS", {"a": lambda *given: contest})
    main(["--only", "a"])
    assert "missed by 100%" in capsys.readouterr().out
