"""Training on images of one range, and measuring on others: other statistics, bytes and floats, grey and colour."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from feedline.compiler import catalogue, ir
from feedline.compiler.lints.roles import role_of
from feedline.compiler.names import Unit
from feedline.compiler.sample_types.check import LoaderTypes
from feedline.compiler.sample_types.model import Field, Image, Tuple, cover, join_fields
from feedline.compiler.sample_types.rules.images import is_float, is_unscaled
from feedline.compiler.sample_types.words import words
from feedline.compiler.steps import able_to_run
from feedline.dsl.diagnostics import Label, Reporter
from feedline.dsl.frozen import frozen
from feedline.dsl.rules.evaluation import DifferentNormalisation

_KINDS = {"bytes": "whole numbers of 0 to 255", "unscaled": "floats of 0 to 255", "floats": "floats"}

_SHARE = "write the steps that both need once, as `transform pixels { ... }`, and name it in both chains"


@frozen
class _Images:
    """A loader, the statistics that its images are normalised with, and what they are in a batch (None: not known)."""

    loader: ir.Loader
    steps: tuple[ir.Apply, ...]
    image: Image | None

    @property
    def statistics(self) -> set[tuple[ir.Value, ...]]:
        return {tuple(_plain(arg.value) for arg in step.args if arg.name in ("mean", "std")) for step in self.steps}

    @property
    def kind(self) -> str | None:
        """What the numbers of a tensor are, a key of `_KINDS`; None where that is not certain."""
        image = self.image
        if image is None or image.backend != "tensor" or image.low is None or image.high is None:
            return None
        if image.dtype == "uint8":
            return "bytes"
        return None if not is_float(image) else "unscaled" if is_unscaled(image) else "floats"


def different_images(program: ir.Program, types: Mapping[str, LoaderTypes], main: Unit, reporter: Reporter) -> None:
    """Warn of an evaluation loader beside training, whose images no other loader of the same data has like that."""
    known = [found for loader in program.loaders if (found := _images(loader, types[loader.name])) is not None]
    for images in known:
        if role_of(images.loader) != "evaluation":
            continue
        others = [other for other in known if role_of(other.loader) != "evaluation"]
        others = [other for other in others if _related(program, images.loader, other.loader)]
        peers = [other for other in others if role_of(other.loader) == "train"]
        if not peers:
            continue
        if all(other.statistics != images.statistics for other in others):
            _report(main, images, peers[0], reporter)
        elif all(_unlike(other, images) for other in others):
            _report_unlike(main, images, peers[0], reporter)


def _unlike(one: _Images, other: _Images) -> bool:
    """Whether a network cannot have learned from the images of one what it meets in the other."""
    if None not in (one.kind, other.kind) and one.kind != other.kind:
        return True
    if one.image is None or other.image is None:
        return False
    channels = one.image.channels, other.image.channels
    return None not in channels and channels[0] != channels[1]


def _report_unlike(main: Unit, images: _Images, peer: _Images, reporter: Reporter) -> None:
    mine, other = images.loader.name, peer.loader.name
    assert images.image is not None and peer.image is not None
    if images.kind != peer.kind:
        message = f"`{other}` trains on {_KINDS[peer.kind or '']}, and `{mine}` has {_KINDS[images.kind or '']}"
        at = images.image.made_float or main.names[mine].span
        there = peer.image.made_float or main.names[other].span
    else:
        there_are, here_are = _channels(peer.image), _channels(images.image)
        message = f"`{other}` trains on images of {there_are}, and those of `{mine}` have {here_are}"
        at = images.image.channels_at or main.names[mine].span
        there = peer.image.channels_at or main.names[other].span
    reporter.report(
        DifferentNormalisation,
        at,
        message,
        label=f"in `{mine}`: {words(images.image)}",
        secondary=[Label(there, f"in `{other}`: {words(peer.image)}")] if there != at else [],
        help=_SHARE,
    )


def _channels(image: Image) -> str:
    return f"{image.channels} channel{'s' * (image.channels != 1)}"


def _report(main: Unit, images: _Images, peer: _Images, reporter: Reporter) -> None:
    mine, other = images.loader.name, peer.loader.name
    if images.steps and peer.steps:
        message = f"`{mine}` is normalised with other statistics than `{other}`"
        label, there = f"in `{mine}`", Label(peer.steps[0].span, f"in `{other}`")
    elif images.steps:
        message = f"`{mine}` is normalised, and `{other}`, which trains, is not"
        label, there = f"only in `{mine}`", Label(main.names[other].span, "without `Normalize`")
    else:
        message = f"`{other}` trains on normalised images, and `{mine}` has them as they are"
        label, there = "without `Normalize`", Label(peer.steps[0].span, f"only in `{other}`")
    reporter.report(
        DifferentNormalisation,
        images.steps[0].span if images.steps else main.names[mine].span,
        message,
        label=label,
        secondary=[there],
        help=_SHARE,
    )


def _images(loader: ir.Loader, types: LoaderTypes) -> _Images | None:
    """The `Normalize` steps on images; None where the user's own code may normalise too."""
    steps = [*able_to_run(loader.chain), *able_to_run(loader.batch_chain)]
    own = any(isinstance(step, ir.Apply) and (step.target or step.registered) for step in steps)
    apart = [step.steps for step in steps if isinstance(step, ir.OnField) and step.field != "image"]
    others = {id(step) for inner in apart for step in able_to_run(inner)}
    images = [step for step in steps if isinstance(step, ir.Apply) and id(step) not in others]
    normalize = tuple(step for step in images if step.name == "Normalize")
    linear = any(isinstance(step, ir.Apply) and step.name == "LinearTransformation" for step in steps)
    return None if own or linear else _Images(loader, normalize, _image(types))


def _image(types: LoaderTypes) -> Image | None:
    """What covers every image of a batch."""
    last = types.batch_trace[-1].types if types.batch_trace else types.end
    found = list(_leaves(cover(last).get("image")))
    whole = found[0] if found else None
    for one in found[1:]:
        whole = None if whole is None else join_fields(whole, one)
    return whole if isinstance(whole, Image) else None


def _leaves(value: Field | None) -> Iterator[Field]:
    if isinstance(value, Tuple):
        for item in value.items:
            yield from _leaves(item)
    elif value is not None:
        yield value


def _plain(value: ir.Value) -> ir.Value:
    return value.items if isinstance(value, ir.ListValue) else value


def _related(program: ir.Program, one: ir.Loader, other: ir.Loader) -> bool:
    """Whether two loaders read one dataset, or two of one kind."""
    return bool(_kinds(program, one.data.dataset) & _kinds(program, other.data.dataset))


def _kinds(program: ir.Program, name: str) -> set[str]:
    dataset = next(dataset for dataset in program.datasets if dataset.name == name)
    if dataset.source is None:
        return {name}.union(*(_kinds(program, ref.dataset) for ref in dataset.concat))
    catalogued = dataset.source.target is None and not dataset.source.registered
    return {name, dataset.source.name} if catalogued and catalogue.dataset(dataset.source.name) else {name}
