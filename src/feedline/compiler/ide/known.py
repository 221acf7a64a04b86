"""What is known of a file's data: counts, class names and columns, for completion and hints.

Nothing here opens data. `feedline explain --data --format json` does, in a process of its own, and its page is read
here, so a language server neither imports torch nor touches a data set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen


@frozen
class KnownData:
    """A part is called as in the language: `photos.train[2]`."""

    samples: Mapping[str, int] = field(factory=dict)
    """By dataset and by part."""
    classes: Mapping[str, tuple[str, ...]] = field(factory=dict)
    """Class names by dataset."""
    fields: Mapping[str, tuple[str, ...]] = field(factory=dict)
    """The fields of a dataset's samples, the columns of a table among them."""
    groups: Mapping[str, int] = field(factory=dict)
    """The samples of each group, in its whole dataset."""
    batches: Mapping[str, int] = field(factory=dict)
    """Batches of each loader's first epoch."""

    @classmethod
    def from_page(cls, page: Mapping[str, Any]) -> KnownData:
        """From the JSON of `feedline explain --data --format json`. What is missing there is not known."""
        samples: dict[str, int] = {}
        classes: dict[str, tuple[str, ...]] = {}
        fields: dict[str, tuple[str, ...]] = {}
        for dataset in page.get("datasets", ()):
            name = dataset["name"]
            counted = [(name, dataset["samples"])]
            counted += [(f"{name}.{part['name']}", part["samples"]) for part in dataset["parts"]]
            samples.update((of, count) for of, count in counted if count is not None)
            if dataset["classes"] is not None:
                classes[name] = tuple(dataset["classes"])
            fields[name] = tuple(one["name"] for one in dataset["sample"]["fields"])
        groups: dict[str, int] = {}
        for group in page.get("groups", ()):
            whole = [count["samples"] for count in group["counts"] if count["of"] == group["dataset"]]
            groups.update((group["name"], count) for count in whole)
        batches: dict[str, int] = {}
        for loader in page.get("loaders", ()):
            if loader["policies"] and loader["policies"][0]["batches"] is not None:
                batches[loader["name"]] = loader["policies"][0]["batches"]
        return cls(samples, classes, fields, groups, batches)
