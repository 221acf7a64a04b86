"""Training on images that are normalised in one way, and measuring on others."""

from __future__ import annotations

from attrs import frozen

from feedline.compiler import catalogue, ir
from feedline.compiler.lints.roles import applied, role_of
from feedline.compiler.names import Unit
from feedline.dsl.diagnostics import Label, Reporter
from feedline.dsl.rules.lints import DifferentNormalisation


@frozen
class _Images:
    """A loader and the statistics that its images are normalised with."""

    loader: ir.Loader
    steps: tuple[ir.Apply, ...]

    @property
    def statistics(self) -> set[tuple[ir.Value, ...]]:
        return {tuple(_plain(arg.value) for arg in step.args if arg.name in ("mean", "std")) for step in self.steps}


def different_normalisation(program: ir.Program, main: Unit, reporter: Reporter) -> None:
    """Warn of an evaluation loader beside training, whose images no other loader of the same data has like that."""
    known = [found for loader in program.loaders if (found := _images(loader)) is not None]
    for images in known:
        if role_of(images.loader) != "evaluation":
            continue
        others = [other for other in known if role_of(other.loader) != "evaluation"]
        others = [other for other in others if _related(program, images.loader, other.loader)]
        peers = [other for other in others if role_of(other.loader) == "train"]
        if peers and all(other.statistics != images.statistics for other in others):
            _report(main, images, peers[0], reporter)


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
        help="write the steps that both need once, as `transform pixels { ... }`, and name it in both chains",
    )


def _images(loader: ir.Loader) -> _Images | None:
    """The `Normalize` steps on images; None where the user's own code may normalise too."""
    steps = [*applied(loader.chain), *applied(loader.batch_chain)]
    own = any(isinstance(step, ir.Apply) and (step.target or step.registered) for step in steps)
    fields = any(isinstance(step, ir.OnField) and step.field != "image" for step in steps)
    normalize = tuple(step for step in steps if isinstance(step, ir.Apply) and step.name == "Normalize")
    linear = any(isinstance(step, ir.Apply) and step.name == "LinearTransformation" for step in steps)
    return None if own or linear or (fields and normalize) else _Images(loader, normalize)


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
