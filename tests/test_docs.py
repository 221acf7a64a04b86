"""Every snippet of the README and the docs is run, in order, in a directory with the examples in it.

How a snippet says what is to become of it, in the words after its opening fence:

    ```pipe                      is checked and must be without an error
    ```pipe error=FL101          must have just this error; also: FL101,FL102
    ```pipe in=sample            stands in a loader's sample block; also: loader, transform, collate
    ```pipe file=mine.pipe       is checked and written to this file, for what follows on the page
    ```pipe same=PATH            is that file of the repository, but for comments
    ```python                    runs, after the page's earlier ones, in one namespace
    ```python file=mine.py       is only written to this file
    ```csv file=rows.csv         likewise, and so any other text
    ```console                   lines that start with `$ feedline` run and must exit with 0
    ```console exit=1            must exit with 1
    ```output                    what the python snippet before it prints

Output below a command or in `output` must be what comes, `...` standing for anything. A dataset or group that a snippet
uses without declaring it is one of those below. Snippets in other languages (`sh`, `text`) are for reading only.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from attrs import define, field, frozen

import feedline
from feedline.cli import COMMANDS, main

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", "CONTRIBUTING.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))]

KNOWN = {
    "castings": 'dataset castings = CocoDetection("castings/images", "castings/annotations.json")',
    "digits": 'dataset digits = MNIST("digits")',
    "photos": 'dataset photos = ImageFolder("photos")',
    "scans": 'dataset scans = Table("scans.csv", image="file", label="class")',
    "rows": 'dataset rows = Table("rows.csv", features=["a", "b"], label="class")',
    "defects": 'group defects = castings where category in ("crack", "void")',
    "ants": 'group ants = photos where label == "ant"',
    "rare": 'group rare = castings where category == "void"',
}
"""What a snippet may use without declaring it, by name."""

AROUND = {
    "loader": "loader around from photos {\n%s\n}",
    "transform": "loader around from photos { transform {\n%s\n} }",
    "sample": "loader around from castings { sample {\n%s\n} }",
    "collate": "loader around from castings { collate {\n%s\n} }",
}

_FENCE = re.compile(r"^( *)```([a-z]+)([^\n`]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@frozen
class Snippet:
    """One fenced block of a page."""

    language: str
    options: dict[str, str]
    text: str
    line: int


@define
class Page:
    """A page whose snippets run one after the other in one directory."""

    folder: Path
    namespace: dict[str, object] = field(factory=lambda: {"__name__": "page"})
    printed: str = ""

    def run(self, snippet: Snippet) -> None:
        """Run one snippet; raises AssertionError, or what its Python code raises."""
        file = snippet.options.get("file")
        if file is not None:
            (self.folder / file).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / file).write_text(snippet.text, encoding="utf-8")
        if "same" in snippet.options:
            original = (ROOT / snippet.options["same"]).read_text(encoding="utf-8")
            assert without_comments(snippet.text) == without_comments(original)
        match snippet.language:
            case "pipe":
                self._check(snippet)
            case "python" if file is None:
                self._python(snippet)
            case "console":
                self._console(snippet)
            case "output":
                assert_output(snippet.text, self.printed)

    def _check(self, snippet: Snippet) -> None:
        found = feedline.check(whole(snippet))
        wrong = [f"{item.code} {item.message}" for item in found if item.severity == "error"]
        expected = snippet.options["error"].split(",") if "error" in snippet.options else []
        assert [item.code for item in found if item.severity == "error"] == expected, wrong

    def _python(self, snippet: Snippet) -> None:
        # The blank lines make a traceback name the page's own line.
        code = compile("\n" * snippet.line + snippet.text, "page", "exec")
        with contextlib.redirect_stdout(io.StringIO()) as output:
            exec(code, self.namespace)
        self.printed = output.getvalue()

    def _console(self, snippet: Snippet) -> None:
        for command, expected in commands(snippet.text):
            with (
                contextlib.redirect_stdout(io.StringIO()) as output,
                contextlib.redirect_stderr(io.StringIO()) as errors,
            ):
                code = main(shlex.split(command)[1:])
            assert code == int(snippet.options.get("exit", "0")), output.getvalue() + errors.getvalue()
            if expected.strip():
                assert_output(expected, output.getvalue() + errors.getvalue())


def snippets(text: str) -> Iterator[Snippet]:
    """The fenced blocks of a page that name a language."""
    for match in _FENCE.finditer(text):
        indent, language, info, body = match.groups()
        options = dict(word.split("=", 1) for word in info.split())
        body = re.sub(rf"^{indent}", "", body, flags=re.MULTILINE)
        yield Snippet(language, options, body, text.count("\n", 0, match.start()) + 1)


def whole(snippet: Snippet) -> str:
    """A file of the language from a snippet: with what stands around it and what it uses."""
    text = AROUND[snippet.options["in"]].replace("%s", snippet.text) if "in" in snippet.options else snippet.text
    used: list[str] = []
    for _ in range(2):  # a known group uses a known dataset
        seen = "\n".join((text, *(KNOWN[name] for name in used)))
        declared = set(re.findall(r"\b(?:dataset|group|param|loader|transform)\s+(\w+)", text))
        used = [name for name in KNOWN if re.search(rf"\b{name}\b", seen) and name not in declared]
    return "\n".join((text, *(KNOWN[name] for name in used)))


def without_comments(text: str) -> list[str]:
    """The lines of a file that say something; no text of the examples holds a `#`."""
    return [line for line in (raw.partition("#")[0].rstrip() for raw in text.splitlines()) if line]


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Each `$ feedline ...` line of a console snippet with the lines below it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        assert command.startswith("feedline "), f"a console snippet runs only feedline, not `{command}`"
        yield command.partition("  #")[0], output


def assert_output(expected: str, actual: str) -> None:
    """Hold what came to what a page shows, `...` standing for anything and spaces at line ends for nothing."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.OutputChecker().check_output(expected, actual, flags), f"the page shows\n{expected}\ncame\n{actual}"


@pytest.mark.parametrize("page", PAGES)
def test_snippets(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every snippet of the page does what the page says."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("COLUMNS", "120")
    current = Page(tmp_path)
    for snippet in snippets((ROOT / page).read_text(encoding="utf-8")):
        try:
            current.run(snippet)
        except BaseException as error:
            error.add_note(f"the {snippet.language} snippet at {page}:{snippet.line}")
            raise


def test_links_between_pages_lead_somewhere() -> None:
    """Every relative link of a page names a file of the repository."""
    dead = []
    for page in (*PAGES, "examples/README.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
            if "://" not in target and not (ROOT / page).parent.joinpath(target).exists():
                dead.append(f"{page}: {target}")
    assert dead == []


def test_every_page_is_reachable_from_the_index() -> None:
    """docs/index.md links to every page of the docs."""
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    assert [page for page in pages if page != "index.md" and f"({page}" not in index] == []


def test_the_recorded_run_is_what_comes() -> None:
    """The README shows what its first command prints at its end, but for how fast the machine is."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    recorded = re.search(r"<!-- recorded -->\n```text\n(.*?)```", text, re.DOTALL)
    assert recorded is not None
    with contextlib.redirect_stdout(io.StringIO()) as output, contextlib.chdir(ROOT):
        assert main(["run", "examples/defects.pipe"]) == 0
    speed = re.compile(r"^( \w+ +\d+ +\d+ +)[\d,]+", re.MULTILINE)
    assert_output(speed.sub(r"\1SPEED", recorded.group(1)), speed.sub(r"\1SPEED", output.getvalue()))


def test_the_readme_names_its_two_commands_once() -> None:
    """A newcomer finds the two set-up commands just as CI runs them."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in ("pip install . && feedline run examples/defects.pipe", 'pip install ".[test]" && pytest'):
        assert (text.count(command), script.count(command)) == (1, 1)


def test_every_option_is_in_the_page_about_the_command_line() -> None:
    """docs/cli.md names each command and each of its options."""
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        command = import_module(f"feedline.cli.{name}").command
        options = [option for parameter in command.params for option in parameter.opts if option.startswith("-")]
        assert f"## `feedline {name}" in page
        assert [option for option in options if f"`{option}" not in page] == []
