"""Sample types in few words, for hovers and hints."""

from __future__ import annotations

from collections.abc import Iterator

from feedline.compiler.explain.chains import sample_type
from feedline.compiler.explain.pages import SampleType
from feedline.compiler.sample_types.model import Types


def field_words(sample: SampleType) -> dict[str, str]:
    """Each field's type in words; `unknown` where nothing is known of it."""
    return {field.name: " or ".join(field.types) or "unknown" for field in sample.fields}


def type_lines(types: Types) -> Iterator[str]:
    """A sample as lines of Markdown, one a field."""
    sample = sample_type(types)
    for name, words in field_words(sample).items():
        yield f"- `{name}`: {words}"
    if not sample.complete:
        yield "- and other fields, which only the data tells" if sample.fields else "- what only the data tells"


def changes(before: Types, after: Types) -> dict[str, tuple[str, str]]:
    """The fields that differ, with their types before and after in words; empty where a field is not there."""
    old, new = field_words(sample_type(before)), field_words(sample_type(after))
    return {
        name: (old.get(name, ""), new.get(name, ""))
        for name in {**old, **new}
        if old.get(name, "") != new.get(name, "")
    }
