"""The sources of a loader's data, and how their images come to be."""

from __future__ import annotations

from feedline.compiler import catalogue, ir


def sources_of(program: ir.Program, dataset: str) -> list[ir.SourceCall]:
    """The sources of a dataset, those of its parts where it is a concatenation."""
    declared = next(item for item in program.datasets if item.name == dataset)
    if declared.source is not None:
        return [declared.source]
    return [source for part in declared.concat for source in sources_of(program, part.dataset)]


def decodes(source: ir.SourceCall) -> bool:
    """Whether a source reads encoded images."""
    entry = catalogue.dataset(source.name)
    return entry is not None and entry.decodes and _has_images(source)


def decodes_files(program: ir.Program, dataset: str) -> bool:
    """Whether feedline itself decodes every image of a dataset, each from a file of its own: neither torchvision's
    class nor code of the user's hands over pixels."""
    return all(map(_decodes_files, sources_of(program, dataset)))


def _decodes_files(source: ir.SourceCall) -> bool:
    entry = catalogue.dataset(source.name)
    if source.target is not None or source.registered or entry is None or not entry.files:
        return False
    # Other targets than the usual ones only torchvision's class knows.
    usual = all(not arg.given or not arg.name.startswith("target_type") for arg in source.args)
    return usual and _has_images(source)


def _has_images(source: ir.SourceCall) -> bool:
    return source.name != "Table" or any(arg.name == "image" and arg.value is not None for arg in source.args)
