"""A user's own `Dataset`: `python("package.module:factory", args)`, or one registered with `@feedline.dataset`.

A sample may be a dict of fields; a pair of an image (or a vector) and a label, or of an image and a dict of targets; or
an image alone. Images may be PIL images, arrays (H, W[, C]) or tensors (C, H, W); their maker decides on channels and
orientation, so nothing is converted but palettes and the like. The first sample is read once, to learn the fields.

`classes`, and `targets` or `labels` holding one whole number a sample, are used where the object has them, so that
groups and splits need not read samples; so is `columns`, a mapping of field names to one value a sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from attrs import frozen
from PIL import Image
from torch.utils.data import IterableDataset

from feedline.compiler import registry
from feedline.runtime.arguments import load_python
from feedline.runtime.columns import AnyColumn, Column, RaggedColumn, TextColumn
from feedline.runtime.failures import PipelineFailure
from feedline.runtime.sources import images
from feedline.runtime.sources.base import BadData, Role, Sample, Source, UnreadableSample
from feedline.runtime.sources.binding import Binding
from feedline.runtime.sources.metadata import Columns


@frozen(eq=False)
class PythonSource:
    """Samples of a user's dataset."""

    name: str
    dataset: Any
    columns: Columns
    classes: tuple[str, ...] | None
    role: Role
    user_code: ClassVar[bool] = True

    def __len__(self) -> int:
        return len(self.dataset)

    def describe(self, index: int) -> str:
        """The dataset's name and the index."""
        return f"{self.name}[{index}]"

    def read(self, index: int) -> Sample:
        """What the dataset returns, as a dict of fields."""
        try:
            return to_sample(self.dataset[int(index)])
        except UnreadableSample:
            raise
        except Exception as error:  # the user's code raises whatever it likes
            why = str(error) if isinstance(error, images.BrokenImage) else f"{type(error).__name__}: {error}"
            raise UnreadableSample(int(index), self.describe(index), why) from error


def bind(binding: Binding) -> Source:
    """The dataset that the user's callable returns. Raises `BadData`."""
    name = binding.target or binding.name
    dataset = _make(binding, name)
    if isinstance(dataset, Source):
        return dataset
    if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__getitem__") or not hasattr(dataset, "__len__"):
        raise BadData(
            f"`{name}` returned {type(dataset).__name__}, which is no map-style dataset",
            rule="FL611",
            help="it must have `__len__` and `__getitem__`",
        )
    try:
        size = len(dataset)
    except Exception as error:
        raise BadData(f"the length of `{name}` cannot be used: {_said(error)}", rule="FL611") from error
    if size == 0:
        raise BadData(f"`{name}` returned a dataset without samples", rule="FL607")
    try:
        first = to_sample(dataset[0])
    except Exception as error:
        raise BadData(f"the first sample of `{name}` cannot be used: {_said(error)}", rule="FL611") from error
    classes = getattr(dataset, "classes", None)
    classes = tuple(map(str, classes)) if isinstance(classes, list | tuple) else None
    ready = _columns(dataset, classes)
    unlisted = [field for field, value in first.items() if field not in ready and isinstance(value, str | int | float)]
    columns = Columns(ready, {field: partial(_not_listed, name, field) for field in unlisted})
    return PythonSource(name, dataset, columns, classes, _role(first))


def _make(binding: Binding, name: str) -> Any:
    if binding.target is not None and not binding.allow_python:
        raise BadData(f"`{name}` is code of your own and nobody has allowed it", rule="FL611")
    try:
        if binding.target is not None:
            factory = load_python(binding.target)
        else:
            registered = registry.find("dataset", binding.name)
            if registered is None:
                raise BadData(f"no dataset `{name}` is registered in this process", rule="FL611")
            factory = registered.load()
        return factory(*binding.positional, **binding.args)
    except BadData:
        raise
    except PipelineFailure as error:
        raise BadData(error.failure.message, rule=error.failure.code, help=error.failure.help) from error
    except Exception as error:
        raise BadData(f"`{name}` failed: {_said(error)}", rule="FL611") from error


def _said(error: Exception) -> str:
    if isinstance(error, images.BrokenImage):
        return str(error)
    return " ".join(f"{type(error).__name__}: {error}".split())


def to_sample(value: Any) -> Sample:
    """A dataset's item as a dict of fields. Raises `BrokenImage` for no image, TypeError for values without names."""
    if isinstance(value, Mapping):
        sample = {str(name): item for name, item in value.items()}
    elif isinstance(value, tuple | list) and len(value) == 2:
        data, target = value
        sample = {"image" if _is_image(data) else "features": data}
        targets = target if isinstance(target, Mapping) else {"label": target}
        sample |= {str(name): item for name, item in targets.items()}
    elif isinstance(value, tuple | list):
        raise TypeError(f"a sample of {len(value)} values has no names for them: return a dict of fields")
    else:
        sample = {"image" if _is_image(value) else "features": value}
    if _is_image(sample.get("image")):
        sample["image"] = _image(sample["image"])
    label: Any = sample.get("label")
    if isinstance(label, torch.Tensor | np.ndarray) and label.ndim == 0:
        sample["label"] = label.item()
    return sample


def _is_image(value: Any) -> bool:
    return isinstance(value, Image.Image) or (isinstance(value, torch.Tensor | np.ndarray) and value.ndim in (2, 3))


def _image(value: Any) -> Any:
    if not isinstance(value, Image.Image):
        return images.adapt(value, images.ImageOptions(mode="KEEP")).image
    mode = "L" if value.mode in ("1", "L") or value.mode.startswith("I;16") else "RGB"
    return images.adapt(value, images.ImageOptions("RGBA" if value.mode == "RGBA" else mode, exif=False)).image


def _role(first: Sample) -> Role:
    if "boxes" in first:
        return Role(("image",), detection=True)
    data = tuple(name for name in ("image", "features") if name in first)
    targets = tuple(name for name in ("label", "mask") if name in first)
    return Role(data, targets)


def _not_listed(name: str, field: str) -> dict[str, AnyColumn]:
    raise BadData(
        f"the samples of `{name}` have a `{field}`, but groups and splits do not read every sample to learn it",
        rule="FL611",
        help="give the dataset an attribute `targets`, a list with one whole number a sample"
        if field == "label"
        else f'give the dataset an attribute `columns`, a dict such as {{"{field}": [one value a sample]}}',
    )


def _columns(dataset: Any, classes: tuple[str, ...] | None) -> dict[str, AnyColumn]:
    size = len(dataset)
    found: dict[str, AnyColumn] = {}
    for attribute in ("targets", "labels"):
        values = _numbers(getattr(dataset, attribute, None))
        if values is not None and values.shape == (size,) and values.dtype.kind in "iu":
            found["label"] = Column(values.astype(np.int64), classes)
            break
    given = getattr(dataset, "columns", None)
    for name, values in given.items() if isinstance(given, Mapping) else ():
        found[str(name)] = values if isinstance(values, Column | RaggedColumn | TextColumn) else _column(values)
        if len(found[str(name)]) != size:
            raise BadData(f"the column `{name}` has {len(found[str(name)])} values for {size} samples", rule="FL611")
    return found


def _column(values: Any) -> AnyColumn:
    numbers = _numbers(values)
    return Column(numbers) if numbers is not None else TextColumn.of(map(str, values))


def _numbers(values: Any) -> np.ndarray | None:
    try:
        array = np.asarray(values)
    except (ValueError, TypeError):
        return None
    return array if array.ndim == 1 and array.dtype.kind in "iufb" else None
