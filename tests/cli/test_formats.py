"""`--format github` and `--format sarif`: what other tools read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedline.cli import main
from feedline.dsl.diagnostics import Label, Reporter, Rule
from feedline.dsl.render import render
from feedline.dsl.rules import RULES
from feedline.dsl.source import SourceText, Span

UNKNOWN = RULES["FL102"]


def reported(
    text: str, start: int, end: int, message: str = "wrong", rule: type[Rule] = UNKNOWN, **more: Any
) -> Reporter:
    """One diagnostic about a stretch of a text."""
    reporter = Reporter()
    reporter.sources.add(SourceText("a.pipe", text))
    reporter.report(rule, Span("a.pipe", start, end), message, **more)
    return reporter


def github(reporter: Reporter) -> str:
    """The annotations."""
    return render(reporter.diagnostics, reporter.sources, "github")


def sarif(reporter: Reporter) -> dict[str, Any]:
    """The log, held to what the standard requires."""
    log = json.loads(render(reporter.diagnostics, reporter.sources, "sarif"))
    assert_sarif(log)
    return log


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Write `a.pipe`, check it in a format, return standard output."""
    monkeypatch.chdir(tmp_path)

    def run(text: str, format: str, path: str = "a.pipe") -> str:
        Path("a.pipe").write_text(text)
        main(["check", "--format", format, path])
        return capsys.readouterr().out

    return run


# ---- github


def test_an_annotation() -> None:
    """Place, title and words; the log shows only what stands behind `::`."""
    expected = (
        "::error file=a.pipe,line=2,endLine=2,col=3,endColumn=5,title=FL102 unknown-name::"
        "a.pipe:2:3: FL102 wrong%0Anote: so%0Ahelp: do\n"
    )
    assert expected == github(reported("one\n  xy\n", 6, 8, notes=["so"], help="do"))


def test_no_columns_over_several_lines() -> None:
    """GitHub refuses them there."""
    line = github(reported("one\n  xy\n", 1, 8))
    assert "line=1,endLine=2,title=" in line


def test_what_would_end_a_command_is_escaped() -> None:
    """`%`, line ends, and in properties `:` and `,`; what a terminal would obey is shown."""
    reporter = Reporter()
    reporter.report(UNKNOWN, "a,b:c%.pipe", "50%\r::warning::\x1b[2Jx\nnext")
    (line,) = github(reporter).splitlines()
    assert line.startswith("::error file=a%2Cb%3Ac%25.pipe,title=")
    assert line.endswith("FL102 50%25\u240d::warning::\u241b[2Jx%0Anext")


@pytest.mark.parametrize(("code", "level"), [("FL102", "error"), ("FL406", "warning"), ("FL419", "notice")])
def test_levels_of_annotations(code: str, level: str) -> None:
    """A hint is a notice."""
    assert github(reported("abc", 0, 1, rule=RULES[code])).startswith(f"::{level} ")


def test_a_file_below_the_working_directory(check: Callable[..., str]) -> None:
    """Is named as the repository has it, however it was named to us."""
    assert "::error file=a.pipe," in check("let a = b\n", "github", str(Path.cwd() / "a.pipe"))
    assert "::error file=a.pipe," in check("let a = b\n", "github", "./a.pipe")


def test_a_step_in_a_directory_of_the_repository(check: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Annotates the file as the repository has it; the words name it as it was given."""
    monkeypatch.setenv("GITHUB_WORKSPACE", str(Path.cwd().parent))
    line = check("let a = b\n", "github")
    assert line.startswith(f"::error file={Path.cwd().name}/a.pipe,line=1,")
    assert "::a.pipe:1:9: FL102 " in line
    link = Path("link")
    link.symlink_to(Path.cwd().parent)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(link.absolute()))
    assert line == check("let a = b\n", "github")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(Path.cwd() / "elsewhere"))
    assert check("let a = b\n", "github").startswith("::error file=a.pipe,")


@given(st.text(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), min_size=1))
def test_a_runner_reads_what_was_written(words: str, name: str) -> None:
    """By the parser of GitHub's runner (`TryParseV2` in actions/runner, src/Runner.Common/ActionCommand.cs)."""
    reporter = Reporter()
    reporter.report(UNKNOWN, f"x{name}.pipe", words)
    (line,) = github(reporter).split("\n")[:-1]
    info, data = line.removeprefix("::").split("::", 1)
    properties = dict(item.split("=", 1) for item in info.removeprefix("error ").split(","))
    assert {"file": f"x{name}.pipe", "title": "FL102 unknown-name"} == {
        key: _unescaped(value, ("\r", "\n", ":", ",", "%")) for key, value in properties.items()
    }
    assert "FL102" in _unescaped(data, ("\r", "\n", "%"))


def _unescaped(text: str, characters: tuple[str, ...]) -> str:
    for character in characters:
        text = text.replace(f"%{ord(character):02X}", character)
    return text


def test_nothing_wrong(check: Callable[..., str]) -> None:
    """No annotation; a log without results."""
    assert "" == check("let _a = 1\n", "github")
    log = json.loads(check("let _a = 1\n", "sarif"))
    assert_sarif(log)
    assert [] == log["runs"][0]["results"]


# ---- sarif


def test_a_result() -> None:
    """Its rule, level, words, region, and the other party; columns in code points, ends exclusive."""
    text = "\U0001f600 abc\nlater\n"
    reporter = reported(text, 2, 5, label="here", help="do", secondary=[Label(Span("a.pipe", 6, 11), "the other")])
    (run,) = sarif(reporter)["runs"]
    assert "unicodeCodePoints" == run["columnKind"]
    expected = {
        "ruleId": "FL102",
        "level": "error",
        "message": {"text": "wrong\ndo"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "a.pipe"},
                    "region": {
                        "startLine": 1,
                        "startColumn": 3,
                        "endLine": 1,
                        "endColumn": 6,
                        "message": {"text": "here"},
                    },
                }
            }
        ],
        "ruleIndex": 0,
        "relatedLocations": [
            {
                "id": 0,
                "physicalLocation": {
                    "artifactLocation": {"uri": "a.pipe"},
                    "region": {"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 6},
                },
                "message": {"text": "the other"},
            }
        ],
    }
    assert [expected] == run["results"]


def test_a_rule() -> None:
    """The rules that occur, each once, with all there is to read."""
    (rule,) = sarif(reported("abc", 0, 1))["runs"][0]["tool"]["driver"]["rules"]
    assert ("FL102", "unknown-name") == (rule["id"], rule["name"])
    assert rule["help"]["markdown"].startswith("## FL102: ")


def test_a_fix(check: Callable[..., str]) -> None:
    """The stretch that goes and what comes."""
    log = json.loads(check("let _a = True\n", "sarif"))
    assert_sarif(log)
    (fix,) = log["runs"][0]["results"][0]["fixes"]
    region = {"startLine": 1, "startColumn": 10, "endLine": 1, "endColumn": 14}
    assert [{"deletedRegion": region, "insertedContent": {"text": "true"}}] == fix["artifactChanges"][0]["replacements"]


def test_a_file_without_a_text() -> None:
    """A location without a region; its name is written as a URI has it."""
    reporter = Reporter()
    reporter.report(UNKNOWN, "ab c%.pipe", "wrong")
    (result,) = sarif(reporter)["runs"][0]["results"]
    assert [{"physicalLocation": {"artifactLocation": {"uri": "ab%20c%25.pipe"}}}] == result["locations"]


@pytest.mark.parametrize("code", [code for code, rule in RULES.items() if rule.bad])
def test_every_rule_in_every_format(code: str, check: Callable[..., str]) -> None:
    """Its bad file gives a log as the standard has it, and an annotation a line."""
    assert_sarif(json.loads(check(RULES[code].bad, "sarif")))
    lines = check(RULES[code].bad, "github").splitlines()
    assert [] == [line for line in lines if not line.startswith(("::error ", "::warning ", "::notice "))]


# ---- what SARIF 2.1.0 requires (section 3 of the standard), of the objects that feedline writes

_LEVELS = ("none", "note", "warning", "error")


def assert_sarif(log: dict[str, Any]) -> None:
    """Required properties, and the values that the standard allows."""
    assert "2.1.0" == log["version"]
    for run in log["runs"]:
        driver = run["tool"]["driver"]
        assert driver["name"]
        identifiers = [rule["id"] for rule in driver["rules"]]
        assert len(set(identifiers)) == len(identifiers)
        for rule in driver["rules"]:
            assert all(rule[name]["text"] for name in ("shortDescription", "fullDescription", "help"))
            assert rule["defaultConfiguration"]["level"] in _LEVELS
        assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
        for result in run["results"]:
            _assert_result(result, identifiers)


def _assert_result(result: dict[str, Any], identifiers: list[str]) -> None:
    assert result["message"]["text"]
    assert result["level"] in _LEVELS
    assert identifiers[result["ruleIndex"]] == result["ruleId"]
    for location in (*result["locations"], *result.get("relatedLocations", ())):
        place = location["physicalLocation"]
        assert " " not in place["artifactLocation"]["uri"]
        if "region" in place:
            _assert_region(place["region"])
    for fix in result.get("fixes", ()):
        assert fix["artifactChanges"]
        for change in fix["artifactChanges"]:
            assert change["artifactLocation"]["uri"]
            assert change["replacements"]
            for replacement in change["replacements"]:
                _assert_region(replacement["deletedRegion"])


def _assert_region(region: dict[str, Any]) -> None:
    start, end = (region["startLine"], region["startColumn"]), (region["endLine"], region["endColumn"])
    assert min(*start, *end) >= 1
    assert start <= end
