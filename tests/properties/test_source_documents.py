"""Whatever an annotation file or a table holds: binding it gives a source or a diagnostic, never a traceback."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from feedline.compiler import ir
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.source import Span
from feedline.runtime.sources import UnreadableSample, bind_source

SPAN = Span("data.pipe", 0, 0)
Bind = Callable[..., None]

DOCUMENT: dict[str, Any] = {
    "images": [{"id": 1, "file_name": "a.png", "width": 6, "height": 4}, {"id": 2, "file_name": "b.png"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 2, 2], "area": 4, "iscrowd": 0,
         "segmentation": [[1, 1, 3, 1, 3, 3]]},
        {"id": 2, "image_id": 2, "category_id": 2, "bbox": [0, 0, 2, 2],
         "segmentation": {"size": [4, 6], "counts": [0, 24]}},
    ],
    "categories": [{"id": 1, "name": "x"}, {"id": 2, "name": "y"}],
}  # fmt: skip

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(["a.png", "../a.png"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["id", "name", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def bind(tmp_path_factory: pytest.TempPathFactory) -> Bind:
    """Binds a source, reads what binds, and checks that nothing fails without a reason given."""
    root = tmp_path_factory.mktemp("data")
    for name in ("a.png", "b.png"):
        Image.new("RGB", (6, 4)).save(root / name)

    def run(name: str, file: str, content: bytes, **args: ir.Value) -> None:
        (root / file).write_bytes(content)
        values = (
            {"root": str(root), "annFile": str(root / file)} if name == "CocoDetection" else {"path": str(root / file)}
        )
        written = tuple(ir.Arg(key, value, span=SPAN) for key, value in (values | args).items())
        reporter = Reporter()
        source = bind_source(ir.SourceCall(name, written, span=SPAN), reporter)
        assert reporter.failed == (source is None)
        assert len(reporter.diagnostics) <= (1 if source is None else 2)
        if source is not None:
            assert all(len(source) == len(column) for column in source.columns.values())
            with suppress(UnreadableSample):
                source.read(len(source) - 1)

    return run


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside a document."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [path, *(found for key in keys for found in places(value[key], (*path, key)))]


@settings(deadline=None)
@given(st.sampled_from(places(DOCUMENT)[1:]), anything)
def test_a_coco_file_with_any_value_anywhere(bind: Bind, place: tuple[Any, ...], value: Any) -> None:
    """One value of a good file replaced by any other."""
    document = copy.deepcopy(DOCUMENT)
    holder: Any = document
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    bind("CocoDetection", "a.json", json.dumps(document).encode(), masks=True)


@settings(deadline=None)
@given(st.sampled_from(places(DOCUMENT)[1:]))
def test_a_coco_file_with_anything_left_out(bind: Bind, place: tuple[Any, ...]) -> None:
    """One value of a good file removed."""
    document = copy.deepcopy(DOCUMENT)
    holder: Any = document
    for key in place[:-1]:
        holder = holder[key]
    del holder[place[-1]]
    bind("CocoDetection", "a.json", json.dumps(document).encode(), masks=True)


@settings(deadline=None)
@given(
    st.binary(max_size=60) | st.text(alphabet='ab1.,"\n[]\\-t', max_size=60).map(str.encode),
    st.sampled_from(["a.csv", "a.tsv"]),
)
def test_any_text_as_a_table(bind: Bind, content: bytes, file: str) -> None:
    """Any bytes at all, and texts of the characters that matter."""
    bind("Table", file, content)


@settings(deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(["x", "label"]), anything, max_size=2), max_size=4))
def test_any_objects_as_json_lines(bind: Bind, rows: list[dict[str, Any]]) -> None:
    """Rows of any values under the same few names."""
    bind("Table", "a.jsonl", "\n".join(json.dumps(row) for row in rows).encode())
