"""Which data set the cursor's statement is about, and what its samples have."""

from __future__ import annotations

from collections.abc import Iterator

from feedline.compiler import ir
from feedline.compiler.explain.chains import sample_type
from feedline.compiler.ide.analysis import Analysis
from feedline.compiler.ide.cursor import Cursor
from feedline.compiler.ide.places import is_field
from feedline.compiler.ide.type_words import field_words
from feedline.compiler.ide.words import FIELDS as FIELD_WORDS
from feedline.compiler.lower_data import lower_group
from feedline.compiler.names import FIELDS, Declared
from feedline.compiler.sample_types.initial import initial_types
from feedline.compiler.values import UNKNOWN

_BEHIND = {"loader": "from", "group": "=", "split": "split"}


def subject(analysis: Analysis, cursor: Cursor) -> Declared | None:
    """The data set that the declaration around the cursor reads, divides or takes a group of."""
    words = cursor.head
    word = _BEHIND.get(words[0]) if words else None
    if word is None or word not in words[:-1]:
        return None
    at, unit = words.index(word) + 1, analysis.main
    found = unit.names.get(words[at])
    while found is not None and found.kind == "import" and found.target is not None and len(words) > at + 2:
        at += 2
        found = found.target.names.get(words[at])
    return found if found is not None and found.kind == "dataset" else None


def sample_fields(analysis: Analysis, cursor: Cursor, about: Declared | None) -> Iterator[tuple[str, str]]:
    """The fields of the samples, each with its type in words."""
    name = about.full_name if about is not None else ""
    if name in {dataset.name for dataset in analysis.partial.datasets} and about is not None:
        types = initial_types(analysis.partial, ir.DataRef(name, span=about.span))
        yield from field_words(sample_type(types)).items()
    else:
        yield from (("image", ""), ("label", ""))
    yield from ((field, "") for field in _columns(analysis, name) + _used(analysis, cursor))


def metadata_fields(analysis: Analysis, cursor: Cursor, about: Declared | None) -> Iterator[tuple[str, str]]:
    """The fields that conditions, splits and policies may name, each with what it is."""
    yield from ((field, FIELD_WORDS[field]) for field in FIELDS)
    if cursor.statement and cursor.statement[0] == "bucket":
        yield "aspect_ratio", FIELD_WORDS["aspect_ratio"]
    columns = _columns(analysis, about.full_name if about is not None else "") + _used(analysis, cursor)
    yield from ((field, "a column of the data") for field in columns if field not in FIELDS)


def classes(analysis: Analysis, about: Declared | None) -> tuple[str, ...]:
    """The class names of a data set, where its data has been looked at."""
    if analysis.known is None or about is None:
        return ()
    return analysis.known.classes.get(about.full_name, ())


def foreign_groups(analysis: Analysis, about: Declared | None) -> frozenset[str]:
    """The names of the groups of other data sets than `about`, which do not fit there."""
    if about is None:
        return frozenset()
    others: set[str] = set()
    for name, declared in analysis.main.names.items():
        if declared.kind == "group" and analysis.ctx.is_done(declared):
            group = analysis.ctx.once(declared, lower_group)
            if group is not UNKNOWN and group.dataset != about.full_name:
                others.add(name)
    return frozenset(others)


def _columns(analysis: Analysis, name: str) -> tuple[str, ...]:
    return () if analysis.known is None else analysis.known.fields.get(name, ())


def _used(analysis: Analysis, cursor: Cursor) -> tuple[str, ...]:
    """The columns that the file names elsewhere."""
    places = (place for place in analysis.places if is_field(place, analysis.main))
    names = dict.fromkeys(place.names[0].text for place in places if place.span.start != cursor.span.start)
    return tuple(name for name in names if name not in FIELDS)
