"""`feedline check --fix`: applies what is certainly meant, to the files that were named and no others.

Round for round, until nothing is left to fix: each file is checked, its safe fixes that do not overlap are applied, and
what comes of it is kept only if no file has more errors than before, be it this one or one that imports it. (One fault
mended may uncover another.)
The files are written at the end.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from attrs import define, field

from feedline.cli.work import Work
from feedline.compiler import read_source
from feedline.dsl.diagnostics import Diagnostic, Fix, Reporter
from feedline.dsl.fixes import apart, apply, diff, safe_fixes
from feedline.dsl.rules.ignores import FixNotWritten

_ROUNDS = 100
_MARK = b"\xef\xbb\xbf"


@define
class Fixed:
    """A file that changes: its text before and after, and how many faults are mended."""

    path: str
    before: str
    after: str
    faults: int = 0

    def diff(self) -> str:
        """The change as a unified diff."""
        return diff(self.path, self.before, self.after)


def fix_files(work: Work, paths: Iterable[str]) -> list[Fixed]:
    """What comes of the files; nothing is written, but from here on `work` checks these texts."""
    files: dict[str, Fixed] = {}
    known: set[str] = set()
    for path in paths:
        source = read_source(path, Reporter())
        # A file that cannot be read is reported when it is checked.
        if source is not None and os.path.realpath(path) not in known:
            known.add(os.path.realpath(path))
            files[key_of(path)] = Fixed(path, source.text, source.text)
    fixer = _Fixer(work, files)
    fixer.run()
    changed = [file for file in files.values() if file.after != file.before]
    work.texts.update({key_of(file.path): file.after for file in changed})
    return changed


def write_files(changed: Sequence[Fixed], reporter: Reporter) -> list[Fixed]:
    """Write each file whole or not at all, with the permissions and the byte order mark it has. Returns those written;
    the others are reported."""
    written: list[Fixed] = []
    for file in changed:
        try:
            _write(Path(file.path), file)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            reporter.report(FixNotWritten, file.path, f"`{file.path}` cannot be written: {why}")
        else:
            written.append(file)
    return written


def key_of(path: str) -> str:
    """The absolute path under which a compilation looks for a text."""
    return os.path.normpath(os.path.abspath(path))


@define
class _Fixer:
    work: Work
    files: dict[str, Fixed]
    _found: dict[str, list[Diagnostic]] = field(factory=dict)
    _reads: dict[str, frozenset[str]] = field(factory=dict)

    def run(self) -> None:
        for key in self.files:
            self._found[key], self._reads[key] = self._check(key, self._texts())
        for _ in range(_ROUNDS):
            moved = [self._round(key) for key in self.files]
            if not any(moved):
                return

    def _texts(self) -> dict[str, str]:
        return {key: file.after for key, file in self.files.items()}

    def _check(self, key: str, texts: dict[str, str]) -> tuple[list[Diagnostic], frozenset[str]]:
        """What is wrong with a file while the named files hold these texts, and which files it reads."""
        work = Work(self.work.given, self.work.allow_python, texts=texts)
        work.check(self.files[key].path)
        return work.reporter.diagnostics, frozenset(key_of(path) for path in work.reporter.sources)

    def _round(self, key: str) -> bool:
        """Apply what goes together of a file's fixes."""
        fixes = [fix for fix in apart(safe_fixes(self._found[key])) if self._is_named(fix)]
        return bool(fixes) and self._apply_some(fixes)

    def _apply_some(self, fixes: list[Fix]) -> bool:
        """Apply them all, or else as many of them as one half or the other can be; the next round sees to the rest."""
        if self._try(fixes):
            return True
        half = len(fixes) // 2
        return half > 0 and (self._apply_some(fixes[:half]) or self._apply_some(fixes[half:]))

    def _is_named(self, fix: Fix) -> bool:
        return all(key_of(edit.span.path) in self.files for edit in fix.edits)

    def _try(self, fixes: list[Fix]) -> bool:
        """Apply fixes, unless there are more errors then."""
        texts = self._texts()
        edits = [edit for fix in fixes for edit in fix.edits]
        changed = {key_of(edit.span.path) for edit in edits}
        for other in changed:
            texts[other] = apply(texts[other], [edit for edit in edits if key_of(edit.span.path) == other])
        readers = [other for other, reads in self._reads.items() if reads & changed]
        found = {other: self._check(other, texts) for other in readers}
        if any(_errors(diagnostics) > _errors(self._found[other]) for other, (diagnostics, _) in found.items()):
            return False
        for other, (diagnostics, reads) in found.items():
            self._found[other], self._reads[other] = diagnostics, reads
        for other in changed:
            self.files[other].after = texts[other]
        for fix in fixes:
            self.files[key_of(fix.edits[0].span.path)].faults += 1
        return True


def _errors(diagnostics: Iterable[Diagnostic]) -> int:
    return sum(item.severity == "error" for item in diagnostics)


def _write(path: Path, file: Fixed) -> None:
    path = path.resolve()
    raw = path.read_bytes()
    mark = _MARK if raw.startswith(_MARK) else b""
    if raw.removeprefix(mark) != file.before.encode():
        raise OSError("it was changed meanwhile")
    handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as output:
            output.write(mark + file.after.encode())
        shutil.copymode(path, beside)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise
