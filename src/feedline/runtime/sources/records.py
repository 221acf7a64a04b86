"""Tables as columns: CSV and TSV, JSON Lines, Parquet.

Types are found from the values. In CSV and TSV: whole numbers (`007` stays text: it is a name, not a number), numbers,
true/false, JSON lists in brackets, else text; an empty cell is a missing value, NaN in a column of numbers. Lists
become variable-length sequences; lists of texts become codes into their sorted vocabulary. Objects and columns of
several kinds are kept as JSON text; binary columns are left out.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Generator, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import field, frozen

from feedline.runtime.columns import AnyColumn, Column, Common, RaggedColumn, TextColumn
from feedline.runtime.sources.base import BadData
from feedline.runtime.sources.metadata import some

_INTEGER = re.compile(r"[+-]?(0|[1-9][0-9]{0,18})")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?inf|nan", re.IGNORECASE)
_TRUTH = {"true": True, "false": False}
_FEW = 4096
"""Texts of a column with at most this many different values are kept as codes."""
_PIECE = 16 * _FEW
"""Rows of a Parquet file that are read at a time."""
_REOPENED = 1 << 20
"""Rows after which it is opened again."""


@frozen(eq=False)
class Records:
    """A table's columns."""

    columns: dict[str, AnyColumn]
    size: int
    lines: tuple[int, ...] | np.ndarray = field(factory=tuple)
    """The line of each row in its file, where it has lines."""

    @property
    def unit(self) -> str:
        """What `place` counts."""
        return "lines" if len(self.lines) else "rows"

    def place(self, row: int) -> int:
        """The line of a row in its file, or its number from 1."""
        return int(self.lines[row]) if len(self.lines) else row + 1

    def texts(self, name: str) -> list[str] | TextColumn | None:
        """A text column's values, None for any other."""
        column = self.columns[name]
        if isinstance(column, TextColumn):
            return column
        if isinstance(column, Column) and column.names is not None:
            return [column.names[code] for code in column.values]
        return None


def read_records(path: Path, delimiter: str | None = None) -> Records:
    """The table in a file, by its ending. Raises `BadData`."""
    ending = path.suffix.lower()
    try:
        if ending in (".parquet", ".pq"):
            return _read_parquet(path)
        if ending in (".jsonl", ".ndjson"):
            return _read_json_lines(path)
        if delimiter is not None or ending in (".csv", ".tsv", ".tab"):
            return _read_csv(path, delimiter or ("," if ending == ".csv" else "\t"))
    except UnicodeDecodeError as error:
        raise _broken(f"`{path}` is no UTF-8 text: byte {error.start} cannot be read") from None
    except OSError as error:
        raise BadData(f"`{path}` cannot be read: {(error.strerror or str(error)).lower()}", argument="path") from None
    raise _broken(
        f"`{path}` is no table that feedline reads",
        help="tables are `.csv`, `.tsv`, `.jsonl` and `.parquet`; for another ending give the `delimiter`",
    )


def _broken(message: str, help: str | None = None) -> BadData:
    return BadData(message, rule="FL602", help=help, argument="path")


# ---- CSV and TSV


def _read_csv(path: Path, delimiter: str) -> Records:
    if len(delimiter) != 1:
        raise BadData(f"the delimiter must be one character, not `{delimiter}`", rule="FL602", argument="delimiter")
    rows: list[list[str]] = []
    lines: list[int] = []
    number = 1
    limit = csv.field_size_limit(sys.maxsize)  # a list in a cell may be long
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            header = _header(next(reader, []), path)
            for row in reader:
                number = reader.line_num
                if not row:
                    continue
                if len(row) != len(header):
                    raise _broken(
                        f"line {number} of `{path}` has {len(row)} cells, the header has {len(header)}",
                        help="a cell that holds the delimiter needs quotes around it",
                    )
                rows.append(row)
                lines.append(number)
    except csv.Error as error:
        raise _broken(f"`{path}` cannot be read after line {number}: {error}") from None
    finally:
        csv.field_size_limit(limit)
    cells = zip(*rows, strict=True) if rows else ([] for _ in header)
    return Records(
        {name: _from_texts(texts) for name, texts in zip(header, cells, strict=True)}, len(rows), np.array(lines)
    )


def _header(names: list[str], path: Path) -> list[str]:
    if not names:
        message = f"the table `{path}` is empty: its first line must name the columns"
        raise BadData(message, rule="FL607", argument="path")
    names = [name.strip() or f"column{number}" for number, name in enumerate(names, 1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _broken(f"the header of `{path}` names a column twice: {some(twice)}")
    return names


def _from_texts(texts: Sequence[str]) -> AnyColumn:
    """A column from its cells."""
    present = [text.strip() for text in texts if text.strip()]
    full = len(present) == len(texts)
    if full and all(text.lower() in _TRUTH for text in present):
        return Column(np.array([_TRUTH[text.lower()] for text in present], bool))
    if full and all(map(_INTEGER.fullmatch, present)):
        numbers = [int(text) for text in present]
        if _fits(numbers):
            return Column(np.array(numbers, np.int64))
    if all(map(_NUMBER.fullmatch, present)) and not any(map(_is_code, present)):
        return Column(np.array([float(text) if text.strip() else np.nan for text in texts], np.float64))
    if present and all(text[0] == "[" and text[-1] == "]" for text in present):
        try:
            return _from_values([json.loads(text) if text.strip() else None for text in texts])
        except (ValueError, RecursionError):
            pass
    return _text_column(texts)


def _is_code(text: str) -> bool:
    """`007`, or a whole number of more digits than float64 keeps."""
    digits = text.lstrip("+-")
    return digits.isdigit() and (len(digits) > 15 or (len(digits) > 1 and digits[0] == "0"))


def _text_column(texts: Sequence[str]) -> AnyColumn:
    names = sorted(set(texts))
    if len(names) > _FEW:
        return TextColumn.of(texts)
    code = {name: number for number, name in enumerate(names)}
    return Column(np.array([code[text] for text in texts], np.int64), tuple(names))


# ---- JSON Lines


def _read_json_lines(path: Path) -> Records:
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            message = f"line {number}, column {error.colno} of `{path}` is no valid JSON: {error.msg.lower()}"
            raise _broken(message) from None
        except (ValueError, RecursionError):
            raise _broken(f"line {number} of `{path}` holds a number without end or is nested too deeply") from None
        if not isinstance(row, dict):
            raise _broken(f"line {number} of `{path}` is no object", help='a line is `{"column": value, ...}`')
        rows.append(row)
        lines.append(number)
    names = dict.fromkeys(name for row in rows for name in row)
    return Records({name: _from_values([row.get(name) for row in rows]) for name in names}, len(rows), np.array(lines))


def _from_values(values: Sequence[Any]) -> AnyColumn:
    """A column from Python values, None for a missing one."""
    kinds = {type(value) for value in values} - {type(None)}
    full = None not in values if kinds <= {bool, int, float, str} else all(value is not None for value in values)
    if kinds <= {bool} and full:
        return Column(np.array(values, bool))
    if kinds <= {int} and full and _fits(values):
        return Column(np.array(values, np.int64))
    if kinds <= {int, float}:
        return Column(np.array([np.nan if value is None else value for value in values], np.float64))
    if kinds == {str}:
        return _text_column(["" if value is None else value for value in values])
    if kinds == {list}:
        column = _ragged([value or [] for value in values])
        if column is not None:
            return column
    return _text_column(["" if value is None else json.dumps(value, default=str) for value in values])


def _fits(values: Sequence[int]) -> bool:
    return not values or (min(values) >= -(2**63) and max(values) < 2**63)


def _ragged(lists: Sequence[list[Any]]) -> RaggedColumn | None:
    """Lists of numbers, truth values or texts; None for anything else."""
    flat = [item for items in lists for item in items]
    offsets = np.zeros(len(lists) + 1, np.int64)
    np.cumsum([len(items) for items in lists], out=offsets[1:])
    kinds = {type(item) for item in flat}
    if kinds == {str}:
        names = tuple(sorted(set(flat)))
        code = {name: number for number, name in enumerate(names)}
        return RaggedColumn(np.array([code[item] for item in flat], np.int64), offsets, names)
    if kinds <= {int} and _fits(flat):
        return RaggedColumn(np.array(flat, np.int64), offsets)
    if kinds <= {bool}:
        return RaggedColumn(np.array(flat, bool), offsets)
    return RaggedColumn(np.array(flat, np.float64), offsets) if kinds <= {int, float} else None


# ---- Parquet


def _read_parquet(path: Path) -> Records:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        message = f"reading `{path}` needs the package `pyarrow`"
        raise BadData(message, rule="FL610", help='pip install "feedline[table]"', argument="path") from None
    columns: dict[str, AnyColumn] = {}
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            names, size = file.schema_arrow.names, file.metadata.num_rows
            # One column at a time, and where it can be in pieces: ten million rows as Arrow has them, beside what
            # becomes of them, are a gigabyte.
            apart = len(set(names)) == len(names) and not any("." in name for name in names)
            for wanted in ([name] for name in names) if apart else [names]:
                column = _in_pieces(pyarrow, path, file, wanted[0]) if apart else None
                if column is not None:
                    columns[wanted[0]] = column
                else:
                    table = file.read(wanted if apart else None)
                    made = map(partial(_from_arrow, pyarrow), table.columns)
                    pairs = zip(table.column_names, made, strict=True)
                    columns.update((name, column) for name, column in pairs if column is not None)
                    del table, made, pairs
                pyarrow.default_memory_pool().release_unused()
    except pyarrow.ArrowInvalid as error:
        raise _broken(f"`{path}` is no valid Parquet file: {str(error).splitlines()[0]}") from None
    return Records(columns, size)


def _pieces(pyarrow: Any, path: Path, metadata: Any, name: str) -> Generator[Any]:
    """The arrays of a column. An open file keeps much of what was read of it, so that it is opened again and again."""
    some, rows = [], 0
    for number in range(metadata.num_row_groups):
        some.append(number)
        rows += metadata.row_group(number).num_rows
        if rows < _REOPENED and number < metadata.num_row_groups - 1:
            continue
        with pyarrow.parquet.ParquetFile(path, metadata=metadata) as file:
            yield from (batch.column(0) for batch in file.iter_batches(_PIECE, some, [name], use_threads=False))
        some, rows = [], 0
        del file
        pyarrow.default_memory_pool().release_unused()


def _in_pieces(pyarrow: Any, path: Path, file: Any, name: str) -> AnyColumn | None:
    """What `_from_arrow` makes of a column of numbers, all there, or of many different texts; None for any other."""
    types, kind, size = pyarrow.types, file.schema_arrow.field(name).type, file.metadata.num_rows
    every = partial(_pieces, pyarrow, path, file.metadata, name)
    pieces = every()
    if types.is_integer(kind) or types.is_floating(kind):
        values, row = np.empty(size, kind.to_pandas_dtype()), 0
        for piece in pieces:
            if piece.null_count:
                return None
            values[row : row + len(piece)] = piece
            row += len(piece)
        return Column(torch.from_numpy(_narrow(values)))
    if types.is_string(kind) or types.is_large_string(kind):
        first = next(pieces, None)
        pieces.close()  # with what it has read of the file
        if first is not None and len(first.unique()) > _FEW + 1:  # a missing text is one of them
            del first
            return _joined(pyarrow, every(), every(), size)
    return None


def _narrow(values: np.ndarray) -> np.ndarray:
    """Whole numbers in 16 or 32 bits each, where they fit: classes of ten million samples are 20 MB then, not 80. Not
    those of unsigned 64 bits: put together with larger ones they would become floats."""
    if values.dtype.kind in "iu" and values.dtype != np.uint64 and len(values):
        least, most = values.min(), values.max()
        for kind in (np.int16, np.int32):
            info = np.iinfo(kind)
            if info.bits < 8 * values.itemsize and info.min <= least and most <= info.max:
                return values.astype(kind)
    return values


def _from_arrow(pyarrow: Any, values: Any) -> AnyColumn | None:
    """A column from an Arrow array in chunks; None for a binary one."""
    types, kind = pyarrow.types, values.type
    if types.is_binary(kind) or types.is_large_binary(kind):
        return None
    if (types.is_integer(kind) or types.is_floating(kind)) and not values.null_count:
        return Column(values.to_numpy())
    if (types.is_string(kind) or types.is_large_string(kind)) and values.null_count < len(values):
        return _arrow_texts(pyarrow, values.fill_null("") if values.null_count else values)
    return _from_values(values.to_pylist())


def _arrow_texts(pyarrow: Any, values: Any) -> AnyColumn:
    """What `_text_column` makes of the texts, without making a Python string of each."""
    if len(distinct := values.unique()) <= _FEW:
        names = sorted(distinct.to_pylist())
        codes = pyarrow.compute.index_in(values, value_set=pyarrow.array(names, values.type))
        return Column(codes.to_numpy().astype(np.int64), tuple(names))
    return _joined(pyarrow, values.chunks, values.chunks, len(values))


def _joined(pyarrow: Any, chunks: Iterable[Any], again: Iterable[Any], size: int) -> TextColumn:
    """Arrow's texts, a missing one as an empty one. `again`: the same, to see first what all of them have in common."""
    common, longest = Common(), 0
    for chunk in filter(len, again):
        whole = chunk.fill_null("").cast(pyarrow.large_binary())
        for turned in (False, True):
            ends = pyarrow.compute.min_max(pyarrow.compute.binary_reverse(whole) if turned else whole)
            for text in ends.as_py().values():
                common.add(text[::-1] if turned else text)
        sizes = pyarrow.compute.min_max(pyarrow.compute.binary_length(whole)).as_py()
        common.shorten(sizes["min"])
        longest = max(longest, sizes["max"])
    lengths = np.empty(size, np.uint16 if longest < 1 << 16 else np.int32)
    data, row = np.empty(0, np.uint8), 0
    for chunk in chunks:
        large = chunk.fill_null("").cast(pyarrow.large_string())
        _, edges, texts = large.buffers()
        edges = np.frombuffer(edges, np.int64)[large.offset : large.offset + len(large) + 1]
        lengths[row : row + len(large)] = np.diff(edges)
        row, begin = row + len(large), len(data)
        if texts is not None:
            part = np.frombuffer(texts, np.uint8)[edges[0] : edges[-1]]
            part = common.without(part, lengths[row - len(large) : row])
            data.resize(begin + len(part), refcheck=False)  # the kernel moves pages, no byte is copied
            data[begin:] = part
    return TextColumn.joined(data, lengths, common)
