"""Files that cannot be read."""

import os
from pathlib import Path

import pytest

from feedline.compiler import read_source
from feedline.compiler.read import MAX_BYTES
from feedline.dsl.diagnostics import Diagnostic, Reporter


def _fault(path: Path | str) -> Diagnostic:
    reporter = Reporter()
    assert read_source(path, reporter) is None
    (diagnostic,) = reporter.diagnostics
    return diagnostic


def test_text_as_it_is(tmp_path: Path) -> None:
    """Line ends are kept; a byte order mark is not part of the text."""
    path = tmp_path / "a.pipe"
    path.write_bytes("\ufefflet a = 1\r\n# é\n".encode())
    reporter = Reporter()
    source = read_source(path, reporter)
    assert source is not None
    assert ("let a = 1\r\n# é\n", str(path)) == (source.text, source.path)
    assert [str(path)] == list(reporter.sources)


def test_absent(tmp_path: Path) -> None:
    """With the nearest name in its folder."""
    (tmp_path / "defects.pipe").touch()
    diagnostic = _fault(tmp_path / "defect.pipe")
    assert ("FL107", 1, 1) == (diagnostic.code, diagnostic.line, diagnostic.column)
    assert f"did you mean `{tmp_path / 'defects.pipe'}`?" == diagnostic.help


def test_absent_folder(tmp_path: Path) -> None:
    """A folder that is not there either is said."""
    assert "does not exist" in str(_fault(tmp_path / "no" / "a.pipe").help)


def test_directory(tmp_path: Path) -> None:
    """With the files in it."""
    (tmp_path / "defects.pipe").touch()
    diagnostic = _fault(tmp_path)
    assert "is a directory" in diagnostic.message
    assert "defects.pipe" in str(diagnostic.help)


def test_no_name() -> None:
    """An empty path is not the current folder."""
    assert "the name of the file is empty" == _fault("").message


def test_not_permitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be read. (The test may run as root, whom nothing stops, so the refusal is played.)"""
    path = tmp_path / "a.pipe"
    path.touch()

    def refuse(*args: object, **named: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "permission denied" in _fault(path).message


@pytest.mark.parametrize(("raw", "line", "column"), [(b"\xff", 1, 1), (b"let a = 1\n# \xc3\xa9 \xe9!\n", 2, 5)])
def test_not_utf8(tmp_path: Path, raw: bytes, line: int, column: int) -> None:
    """The first bad byte has a line and a column, with and without a byte order mark."""
    path = tmp_path / "a.pipe"
    for mark in (b"", b"\xef\xbb\xbf"):
        path.write_bytes(mark + raw)
        diagnostic = _fault(path)
        assert ("FL108", line, column) == (diagnostic.code, diagnostic.line, diagnostic.column)


def test_too_large(tmp_path: Path) -> None:
    """A file that can be no program is not read to its end."""
    path = tmp_path / "a.pipe"
    with path.open("wb") as file:
        os.truncate(file.fileno(), MAX_BYTES + 1)
    assert "too large" in _fault(path).message


@pytest.mark.parametrize("path", ["a\0b.pipe", "x" * 5000 + ".pipe", ""])
def test_no_path_at_all(path: str) -> None:
    """What no system can open is a fault too."""
    assert "FL107" == _fault(path).code
