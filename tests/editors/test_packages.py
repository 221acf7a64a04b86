"""What stands in `editors/` fits the server, the commands and the language. The editors themselves are not run here."""

from __future__ import annotations

import json
import plistlib
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from attrs import fields

from feedline import __version__
from feedline.cli import COMMANDS, main
from feedline.compiler.ide.words import FORMS
from feedline.dsl import parse
from feedline.lsp import settings

ROOT = Path(__file__).parents[2]
EDITORS = ROOT / "editors"
VSCODE = EDITORS / "vscode"
PACKAGE = json.loads((VSCODE / "package.json").read_text(encoding="utf-8"))

AROUND = {
    "declaration": "%s",
    "loader_statement": "loader around from photos {\n%s\n}",
    "step": "transform around {\n%s\n}",
    "policy_statement": "policy around {\n%s\n}",
}


def _expanded(snippet: str) -> str:
    """A snippet as it stands when nobody has typed into it: first choices, default texts, the cursor left out."""
    text = re.sub(r"\$\{\d+\|([^,|]*)[^|]*\|\}", r"\1", snippet).replace("\\}", "\0")
    while re.search(r"\$\{\d+:[^${}]*\}", text):
        text = re.sub(r"\$\{\d+:([^${}]*)\}", r"\1", text)
    return re.sub(r"\$\d", "", text).replace("\0", "}")


@pytest.mark.parametrize(("block", "word"), [(block, word) for block in AROUND for word in FORMS[block]])
def test_every_snippet_of_vscode_parses_as_it_is(block: str, word: str) -> None:
    """Where its keyword may stand."""
    found = json.loads((VSCODE / "snippets/pipe.json").read_text(encoding="utf-8"))[FORMS[block][word].form]
    assert word == found["prefix"]
    text = AROUND[block] % _expanded("\n".join(found["body"]))
    assert [item.message for item in parse(text).diagnostics if item.severity == "error"] == [], text


def test_vscode_offers_the_settings_that_the_server_reads() -> None:
    """By name and with the same defaults; the interpreter and the trace are the client's own."""
    offered = PACKAGE["contributes"]["configuration"]["properties"]
    expected = {
        f"feedline.{re.sub('_(.)', lambda match: match[1].upper(), item.name)}": getattr(settings.Settings(), item.name)
        for item in fields(settings.Settings)
    }
    own = {"feedline.interpreter": "", "feedline.trace.server": "off"}
    assert expected | own == {name: about["default"] for name, about in offered.items()}


def test_vscode_names_files_that_are_there() -> None:
    """Grammars, snippets, configuration; the bundle is made by `npm run package`."""
    contributes = PACKAGE["contributes"]
    named = [item["path"] for item in (*contributes["grammars"], *contributes["snippets"])]
    named += [item["configuration"] for item in contributes["languages"]]
    assert [path for path in named if not (VSCODE / path).is_file()] == []


def test_the_extension_has_the_version_of_feedline() -> None:
    """They are released together."""
    assert __version__ == PACKAGE["version"]


@pytest.mark.parametrize("name", ["nvim/lsp/feedline.lua", "emacs/pipe-mode.el", "vscode/src/extension.js"])
def test_every_editor_starts_the_server(name: str) -> None:
    """`feedline lsp`, which is a command."""
    assert "lsp" in COMMANDS
    assert re.search(r"""["']feedline["'],? ?\[?["']lsp["']""", (EDITORS / name).read_text(encoding="utf-8"))


def test_helix_ties_files_to_the_server() -> None:
    """The server that the language names is the one that is configured."""
    found = tomllib.loads((EDITORS / "helix/languages.toml").read_text(encoding="utf-8"))
    (language,) = found["language"]
    (server,) = language["language-servers"]
    assert (["pipe"], "feedline", ["lsp"]) == (
        language["file-types"], found["language-server"][server]["command"], found["language-server"][server]["args"],
    )  # fmt: skip


def test_helix_shows_what_the_server_says() -> None:
    """Without these settings it shows no inlay hints, and messages of one line only."""
    editor = tomllib.loads((EDITORS / "helix/config.toml").read_text(encoding="utf-8"))["editor"]
    assert editor["lsp"]["display-inlay-hints"]
    assert "hint" == editor["end-of-line-diagnostics"]


def _json_of(name: str) -> list[Any]:
    text = (EDITORS / name / "README.md").read_text(encoding="utf-8")
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]


def test_every_editor_sends_settings_that_the_server_reads() -> None:
    """By their names, below `feedline`."""
    offered = {name.split(".")[1] for name in PACKAGE["contributes"]["configuration"]["properties"]}
    helix = tomllib.loads((EDITORS / "helix/languages.toml").read_text(encoding="utf-8"))
    sent = set(helix["language-server"]["feedline"]["config"]["feedline"])
    sent |= set(_json_of("sublime")[0]["feedline"]["settings"]["feedline"])
    sent |= set(re.findall(r"(\w+) = (?:true|false)", (EDITORS / "nvim/lsp/feedline.lua").read_text(encoding="utf-8")))
    sent |= set(re.findall(r":feedline \(:(\w+)", (EDITORS / "emacs/README.md").read_text(encoding="utf-8")))
    assert {"data", "inlayHints", "codeLenses"} == sent & offered
    assert sent <= offered


def test_what_zed_and_sublime_start_are_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The tasks of Zed run on a file as they are written; Sublime ties the server to the scope of the grammar."""
    file = tmp_path / "a.pipe"
    file.write_text('dataset photos=ImageFolder("photos")\nloader train from photos { sample { batch 8 } }\n')
    for task in _json_of("zed")[1]:
        assert "feedline" == task["command"]
        assert 0 == main([argument.replace("$ZED_FILE", str(file)) for argument in task["args"]]), capsys.readouterr()
    client = _json_of("sublime")[0]["feedline"]
    assert (["feedline", "lsp"], "source.pipe") == (client["command"], client["selector"])


def test_sublime_has_the_grammar_of_vscode() -> None:
    """As a property list, with the endings of files."""
    plist = plistlib.loads((EDITORS / "sublime/Pipe.tmLanguage").read_bytes())
    grammar = json.loads((VSCODE / "syntaxes/pipe.tmLanguage.json").read_text(encoding="utf-8"))
    assert ["pipe"] == plist.pop("fileTypes")
    del plist["uuid"]
    assert grammar == plist


def test_hooks_run_commands_that_there_are() -> None:
    """`feedline check` and `feedline fmt`, on files of the language; the guide shows the same."""
    guide = (ROOT / "docs/guide/editors.md").read_text(encoding="utf-8")
    text = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    entries = re.findall(r"entry: feedline (\w+)", text)
    assert ["check", "fmt"] == entries == re.findall(r"entry: feedline (\w+)", guide)
    assert set(entries) <= set(COMMANDS)
