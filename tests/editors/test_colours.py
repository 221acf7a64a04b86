"""VS Code, Sublime Text, Pygments and the parser see the same words in the same places."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from textmate import Tokenizer

from feedline.dsl import parse
from feedline.dsl.rules import RULES
from feedline.grammar import KEYWORDS, RESERVED, Reading, Statements, keyword_types, tokens
from feedline.grammar.colours import coloured
from feedline.highlight import COLOURS, PipeLexer

ROOT = Path(__file__).parents[2]
EDITORS = ROOT / "editors"
FILES = sorted(path for folder in ("examples", "tests/corpus") for path in (ROOT / folder).glob("*.pipe"))
GRAMMAR = json.loads((EDITORS / "vscode/syntaxes/pipe.tmLanguage.json").read_text(encoding="utf-8"))

SCOPES = {
    "declaration": "storage.type.pipe",
    "keyword": "keyword.other.pipe",
    "word operator": "keyword.operator.logical.pipe",
    "constant": "constant.language.pipe",
    "declared": "entity.name.type.pipe",
    "type": "storage.type.primitive.pipe",
    "call": "entity.name.function.pipe",
    "argument": "variable.parameter.pipe",
    "name": "variable.other.pipe",
    "number": "constant.numeric.pipe",
    "string": "string.quoted.",
    "comment": "comment.line.",
    "operator": "keyword.operator.pipe",
    "punctuation": "punctuation.",
}
"""The TextMate scope of each class."""

REST = """\
import "other.pipe" (a, b)
group odd = a where not (x matches "*.png" and y == 1) or has annotations
policy slow { force at most 2 odd per 8; epoch 400 samples; last pad }
loader train from a { sample slow; on error replace max 1% }
loader val from a { sample { batch 8; last keep }; on error fail }
"""
"""What no example of a rule writes."""

RULE_TEXTS = {"REST": REST} | {
    f"{code} {side}": text
    for code, rule in RULES.items()
    for side, text in (("good", rule.good), ("bad", rule.bad))
    if text and not parse(text).diagnostics
}

WORDS = ("declaration", "keyword", "word operator", "constant")


def _read(text: str) -> dict[int, str]:
    """What the parser reads each token as, by its place; raises where it does not read the text."""
    reading, found = Reading("file"), {}
    for token in Statements().process(tokens(text)):
        assert token.start_pos is not None
        found[token.start_pos] = reading.kind(token, reading.stack)
        reading.feed(token)
    reading.finish(None)
    return found


def _words(text: str, colour: str) -> list[str]:
    return [str(token) for token, found in coloured(text) if found == colour]


def _agree(name: str, text: str) -> None:
    kinds, scopes = _read(text), Tokenizer(GRAMMAR).scopes(text)
    pygments = {start: kind for start, kind, _ in PipeLexer().get_tokens_unprocessed(text)}
    for token, colour in coloured(text):
        start, end = token.start_pos, token.end_pos
        assert start is not None and end is not None
        if colour != "space":
            where = f"{name}:{text.count(chr(10), 0, start) + 1}: `{token}`, {colour}"
            assert (kinds.get(start, token.type) in keyword_types()) == (colour in WORDS), where
            assert COLOURS[colour] == pygments[start], where
            assert all(_has(scope, SCOPES[colour]) for scope in scopes[start:end]), where


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_three_readers_agree(path: Path) -> None:
    """Token by token: the parser's keywords and names, Pygments' types and TextMate's scopes."""
    _agree(path.name, path.read_text(encoding="utf-8"))


def test_three_readers_agree_on_what_explains_messages() -> None:
    """Programs of a few lines about every corner, wrong ones among them."""
    for code, text in RULE_TEXTS.items():
        _agree(code, text)


@pytest.mark.parametrize("word", sorted({word for group in KEYWORDS.values() for word in group} - RESERVED))
def test_three_readers_agree_on_keywords_as_names(word: str) -> None:
    """Where a name is declared, given to, asked for by a dot, or passed. Elsewhere TextMate, which sees one line,
    leaves the last word to the server's tokens."""
    _agree(word, f"let {word} = 1\nlet a = b.{word}\nlet c = ({word}, 1)\n")
    _agree(word, f"loader {word} from a {{ transform {{ Resize({word}=1); Resize({word}) }} }}\n")


def test_every_keyword_is_compared() -> None:
    """As a keyword, in the texts above: a form without an example would escape the comparison."""
    texts = [path.read_text(encoding="utf-8") for path in FILES] + [*RULE_TEXTS.values()]
    seen = {str(token) for text in texts for token, found in coloured(text) if found in WORDS}
    assert [] == [word for group in KEYWORDS.values() for word in group if word not in seen]


def _has(scopes: tuple[str, ...], beginning: str) -> bool:
    return any(scope.startswith(beginning) for scope in scopes)


def test_the_comparison_is_not_blind() -> None:
    """A TextMate grammar without one keyword is found out by the very files."""
    text = (ROOT / "examples" / "defects.pipe").read_text(encoding="utf-8")
    worse = json.loads(json.dumps(GRAMMAR).replace("stratified|", ""))
    at = text.index("stratified")
    assert _has(Tokenizer(GRAMMAR).scopes(text)[at], SCOPES["keyword"])
    assert _has(Tokenizer(worse).scopes(text)[at], SCOPES["name"])


def test_generated_files_are_current() -> None:
    """`python scripts/make_editor_grammars.py` changes nothing."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'scripts')!r}); import make_editor_grammars as made; made.stale()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stdout), done.stderr


@pytest.mark.parametrize("name", ["vscode/syntaxes/pipe.tmLanguage.json", "nvim/syntax/pipe.vim", "emacs/pipe-mode.el"])
def test_every_keyword_is_in_every_editor(name: str) -> None:
    """The lists come from the grammar."""
    text = (EDITORS / name).read_text(encoding="utf-8")
    assert [word for group in KEYWORDS.values() for word in group if word not in text] == []


def test_pygments_finds_the_lexer() -> None:
    """By the name of a fence and by the name of a file."""
    assert isinstance(get_lexer_by_name("pipe"), PipeLexer)
    assert isinstance(get_lexer_for_filename("train.pipe"), PipeLexer)


def test_soft_keywords_are_read_as_the_parser_does() -> None:
    """The same words, as keywords and as names."""
    text = "loader last from batch { sample { batch 8; last drop; seed 7 } }\nparam seed: int = 7\n"
    assert ["from", "sample", "batch", "last", "drop", "seed"] == _words(text, "keyword")
    assert ["last", "seed"] == _words(text, "declared")
    assert ["batch"] == _words(text, "name")


def test_a_part_of_a_file_is_coloured() -> None:
    """A fenced block may hold statements alone; what looks like a name is one."""
    text = "force 3 defects per 8 with replacement\nResize(size=8, last=x.batch)\nseed = 7\n"
    assert ["force", "per", "with", "replacement"] == _words(text, "keyword")
    assert ["size", "last", "seed"] == _words(text, "argument")


def test_colours_come_back_after_an_error() -> None:
    """The next declaration is read as if nothing had been."""
    text = "loader x from { sample { { \n\nlet batch = 3\nloader seed from batch { }\n"
    assert ["x", "batch", "seed"] == _words(text, "declared")


def test_the_lexer_imports_nothing_heavy() -> None:
    """Sphinx loads it for every page."""
    code = (
        "import sys, feedline.highlight; print([n for n in ('torch', 'numpy', 'click', 'attrs') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]\n" == done.stdout
