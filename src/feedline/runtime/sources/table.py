"""`Table`: each row a sample, each column a field.

`image=` names a column of paths (relative to the table's folder), which become `image`; `label=` the column that
becomes `label` (a column called `label` does by itself); `features=[...]` numeric columns that are stacked into one
float32 vector. Columns used so are no fields of their own any more, but predicates still see them by their name. A
column that is not used so but called `image`, `path`, `label` or `features` as what comes of them is left out (FL617).

Labels: texts are numbered in sorted order and are the `classes`; true and false are 1 and 0; whole numbers stay as they
are; numbers with a fraction are regression targets. Reading the files is in `records.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import frozen

from feedline.dsl.suggest import did_you_mean
from feedline.runtime.columns import AnyColumn, Column, RaggedColumn, TextColumn
from feedline.runtime.sources.base import BadData, Role, Sample, hidden_column
from feedline.runtime.sources.binding import Binding
from feedline.runtime.sources.metadata import Columns, ImageFiles, check_names, data_file, plural, some
from feedline.runtime.sources.records import Records, read_records


@frozen(eq=False)
class TableSource:
    """Rows of a table."""

    path: str
    columns: Columns
    classes: tuple[str, ...] | None
    role: Role
    fields: tuple[str, ...]
    """Columns that are fields of a sample as they are."""
    files: ImageFiles | None = None
    features: torch.Tensor | None = None
    """float32 (N, number of features)."""

    def __len__(self) -> int:
        return len(next(iter(self.columns.ready.values())))

    def describe(self, index: int) -> str:
        """The image file, or the table and its row, counted from 1."""
        return self.files.path(index) if self.files is not None else f"{self.path}, row {index + 1}"

    def read(self, index: int) -> Sample:
        """image, features and label where the table has them, and every other column under its name."""
        sample: Sample = {}
        if self.files is not None:
            sample["image"] = self.files.decode(index).image
        if self.features is not None:
            sample["features"] = self.features[index].clone()
        return sample | {name: _value(self.columns[name], index, name == "label") for name in self.fields}


def _value(column: AnyColumn, index: int, is_label: bool) -> Any:
    """A text for a column of texts, but the number of its class for the label."""
    if isinstance(column, TextColumn):
        return column[index]
    if isinstance(column, RaggedColumn):
        values = torch.from_numpy(column.of(index).copy())
        return values.to(torch.float32) if values.is_floating_point() else values
    value = column.values[index].item()
    return value if column.names is None or is_label else column.names[value]


def bind(binding: Binding) -> TableSource:
    """`Table(path, image=none, label=none, features=none, delimiter=none)`. Raises `BadData`."""
    path = data_file(binding.args["path"], "path")
    records = read_records(path, binding.get("delimiter"))
    if not records.size or not records.columns:
        lacking = "columns" if records.size else "rows"
        raise BadData(f"the table `{path}` has no {lacking}", rule="FL607", argument="path")
    ready = dict(records.columns)
    image, label = binding.get("image"), binding.get("label", "label" if "label" in ready else None)
    chosen: list[str] = list(binding.get("features", ()))
    for name, argument in ((image, "image"), (label, "label"), *((name, "features") for name in chosen)):
        if name is not None and name not in ready:
            raise _unknown(path, name, list(ready), argument)
    files = _files(binding, path, records, image) if image is not None else None
    features = _features(records, chosen, path) if chosen else None
    classes = None
    if label is not None:
        ready["label"], classes = _labels(records, label, path)
    if files is not None:
        ready["path"] = files.paths
    taken = {image, label, *chosen} - {None}
    made = {
        **({"image": "the decoded image", "path": "the file of the image"} if files is not None else {}),
        **({"label": f"the column `{label}`"} if label is not None else {}),
        **({"features": "the vector of numbers"} if features is not None else {}),
    }
    for name in [name for name in records.columns if name in made and name not in taken]:
        binding.warn(hidden_column(name, f"`{path}`", made[name]))
        taken.add(name)
        if name in ("image", "features"):
            del ready[name]
    fields = [name for name in records.columns if name not in taken] + ["label"] * (label is not None)
    data = tuple(name for name, value in (("image", files), ("features", features)) if value is not None)
    later = files.size_columns() if files is not None and not {"width", "height"} & ready.keys() else {}
    role = Role(data, ("label",) if label is not None else ())
    return TableSource(str(path), Columns(ready, later), classes, role, tuple(fields), files, features)


def _unknown(path: Path, name: str, known: list[str], argument: str) -> BadData:
    return BadData(
        f"the table `{path}` has no column `{name}`",
        rule="FL608",
        notes=(f"its columns are {some(known)}",),
        help=did_you_mean(name, known),
        argument=argument,
    )


def _files(binding: Binding, path: Path, records: Records, name: str) -> ImageFiles:
    texts = records.texts(name)
    if texts is None:
        raise BadData(f"the column `{name}` of `{path}` holds no paths", rule="FL609", argument="image")
    empty = [index for index, text in enumerate(texts) if not text]
    if empty:
        raise _lacking(path, name, "image path", empty, records, "image")
    root = str(path.parent)
    try:
        check_names(root, texts, path, binding.tolerant, binding.warn)
    except BadData as fault:
        fault.argument = "image"
        raise
    return ImageFiles(root, texts if isinstance(texts, TextColumn) else TextColumn.of(texts), binding.image_options())


def _labels(records: Records, name: str, path: Path) -> tuple[AnyColumn, tuple[str, ...] | None]:
    texts = records.texts(name)
    if texts is not None:
        empty = [index for index, text in enumerate(texts) if not text]
        if empty:
            raise _lacking(path, name, "label", empty, records, "label")
        classes = tuple(sorted(set(texts)))
        code = {text: number for number, text in enumerate(classes)}
        return Column(np.array([code[text] for text in texts], np.int64), classes), classes
    column = records.columns[name]
    if isinstance(column, Column) and column.values.dtype.kind == "f" and np.isnan(column.values).any():
        raise _lacking(path, name, "label", np.flatnonzero(np.isnan(column.values)).tolist(), records, "label")
    if isinstance(column, Column) and column.values.dtype.kind == "b":
        return Column(column.values.astype(np.int64)), None
    return column, None


def _features(records: Records, names: list[str], path: Path) -> torch.Tensor:
    columns = [records.columns[name] for name in names]
    wrong = [
        name
        for name, column in zip(names, columns, strict=True)
        if not isinstance(column, Column) or column.names is not None
    ]
    if wrong:
        raise BadData(
            f"{plural(len(wrong), 'column')} of `{path}` without numbers cannot be features: {some(wrong)}",
            rule="FL609",
            argument="features",
        )
    stacked = np.stack([column.values for column in columns if isinstance(column, Column)], 1).astype(np.float32)
    gaps = np.flatnonzero(np.isnan(stacked).any(0))
    if len(gaps):
        name = names[gaps[0]]
        rows = np.flatnonzero(np.isnan(stacked[:, gaps[0]])).tolist()
        raise _lacking(path, name, "feature", rows, records, "features")
    return torch.from_numpy(stacked)


def _lacking(path: Path, name: str, what: str, rows: list[int], records: Records, argument: str) -> BadData:
    return BadData(
        f"{plural(len(rows), 'row')} of `{path}` without a value in the {what} column `{name}`: "
        f"{records.unit} {some([records.place(row) for row in rows])}",
        rule="FL609",
        help="fill these cells or remove the rows",
        argument=argument,
    )
