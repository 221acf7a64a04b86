"""The loader that a tutorial would write for the same data: torchvision's dataset class, its transforms, a DataLoader.

It is the peer of `feedline bench --against hand`. Where a loader says what such code cannot say in a line, there is
none, and `CannotWrite` says why.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from attrs import define, frozen
from PIL import Image
from torch.utils.data import DataLoader, Dataset, Subset
from torchvision import datasets, transforms
from torchvision.transforms import v2

from feedline.compiler import ir
from feedline.compiler.steps import applied, walked
from feedline.runtime.arguments import python_arguments, python_value
from feedline.runtime.bench.measure import Subject
from feedline.runtime.loader import Loader, to_device
from feedline.runtime.run import workers_deaf_to_ctrl_c
from feedline.runtime.sources.base import BadData
from feedline.runtime.sources.binding import OPTIONS, Binding
from feedline.runtime.sources.construct import construct

_TO_TENSOR = ("ToTensor", "PILToTensor", "ToImage")


class CannotWrite(Exception):
    """Why there is no tutorial code for a loader, in a few words."""


@frozen
class ByHand:
    """The DataLoader, and what it does in another way than the file says."""

    loader: DataLoader[Any]
    note: str


def by_hand(program: ir.Program, declaration: ir.Loader, loader: Loader) -> ByHand:
    """The tutorial's loader for the same samples, with the same workers. Raises CannotWrite."""
    if declaration.batch_chain:
        raise CannotWrite("it changes whole batches in `batch { ... }`")
    detection = loader.dataset.source.role.detection  # pyright: ignore[reportAttributeAccessIssue]  # a PipeDataset
    how = declaration.collate.how
    if declaration.collate.fields or (how is not None and how.kind not in ("stack", "detection")):
        raise CannotWrite("it collates in a way of its own")
    chain = _chain(declaration.chain)
    dataset = _dataset(program, declaration, chain, detection)
    indices = loader.dataset.indices.tolist()  # pyright: ignore[reportAttributeAccessIssue]  # a PipeDataset
    if indices != list(range(len(dataset))):  # pyright: ignore[reportArgumentType]  # map-style
        dataset = Subset(dataset, indices)
    policy = declaration.policy
    made = DataLoader(
        dataset,
        batch_size=policy.batch,
        shuffle=policy.order == "shuffled",
        drop_last=policy.last == "drop",
        num_workers=loader.num_workers,
        collate_fn=_detection if detection else None,
        pin_memory=loader.pin_memory,
        prefetch_factor=loader.prefetch_factor,
        persistent_workers=loader.persistent_workers,
        multiprocessing_context=loader.multiprocessing_context,
    )
    plain = not (policy.forces or policy.weights or policy.draw or policy.mix or policy.repeat or policy.bucket)
    return ByHand(made, "" if plain and not policy.stages else "its batches are plainly drawn, without the policy")


def of_hand(made: DataLoader[Any], device: Any) -> Subject:
    """The tutorial's loader as what is timed, its batches moved to the device as the loader's are."""

    def epoch() -> Iterator[tuple[Any, int]]:
        with workers_deaf_to_ctrl_c(made):
            batches = iter(made)
        while True:
            try:
                batch = next(batches)
            except StopIteration:
                return
            item = (batch if device is None else to_device(batch, device), _samples(batch))
            del batch
            yield item
            del item

    return epoch


def _samples(batch: Any) -> int:
    """How many samples a batch holds, whatever its structure."""
    while isinstance(batch, list | tuple):
        if not batch or getattr(batch[0], "ndim", 0) == 3:
            return len(batch)  # single images, as detection has them
        batch = batch[0]
    return len(batch)


def _detection(samples: Sequence[tuple[Any, Any]]) -> tuple[Any, ...]:
    """What the detection tutorials collate with."""
    return tuple(zip(*samples, strict=True))


# ---- the dataset


@define
class PathsDataset(Dataset[Any]):
    """Image files without labels, opened with Pillow."""

    paths: list[str]
    transform: Callable[[Any], Any] | None

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Any:
        with Image.open(self.paths[index]) as image:
            picture = image.convert("RGB")
        return picture if self.transform is None else self.transform(picture)


def _dataset(
    program: ir.Program, declaration: ir.Loader, chain: Callable[..., Any] | None, detection: bool
) -> Dataset[Any]:
    name = declaration.data.dataset
    call = next(item for item in program.datasets if item.name == name).source
    if call is None:
        raise CannotWrite(f"`{name}` is made of several datasets")
    if call.target is not None or call.registered:
        raise CannotWrite(f"`{name}` is code of your own")
    own = [arg.name for arg in call.args if arg.given and arg.name in OPTIONS]
    if own:
        raise CannotWrite(f"torchvision's `{call.name}` has no `{own[0]}`")
    split = next((item for item in program.splits if item.dataset == name), None)
    if split is not None and split.by == "folder":
        raise CannotWrite(f"`{name}` is split by folder")
    binding = Binding(call.name, python_arguments(call.args), lambda fault: None)
    if call.name == "Files":
        from feedline.runtime.sources.files import bind

        files = bind(binding)
        return PathsDataset([files.describe(index) for index in range(len(files))], chain)
    kind = getattr(datasets, call.name, None)
    if kind is None:
        raise CannotWrite(f"torchvision has no `{call.name}`")
    if detection:
        return _detection_dataset(kind, call, chain)
    if "transform" not in inspect.signature(kind.__init__).parameters:
        raise CannotWrite(f"torchvision's `{call.name}` takes no transform")
    try:
        return construct(binding, transform=chain)
    except BadData as error:
        raise CannotWrite(error.message) from error


def _detection_dataset(kind: Any, call: ir.SourceCall, chain: Callable[..., Any] | None) -> Dataset[Any]:
    if call.name != "CocoDetection":
        raise CannotWrite(f"there is no usual code for `{call.name}` with boxes")
    given = python_arguments(call.args)
    keys = ("boxes", "labels", *(("masks",) if given.get("masks") else ()))
    places = [value for value in given.values() if isinstance(value, str)]
    made = kind(places[0], places[1], transforms=chain)
    wrapped: Any = datasets.wrap_dataset_for_transforms_v2(made, target_keys=keys)
    return wrapped


# ---- the transforms


@frozen
class SeveralViews:
    """Several chains on one picture, as the tutorials on contrastive learning write them."""

    chains: tuple[Callable[[Any], Any], ...]

    def __call__(self, picture: Any) -> tuple[Any, ...]:
        """One picture a chain."""
        return tuple(chain(picture) for chain in self.chains)


def _chain(steps: tuple[ir.Step, ...]) -> Callable[..., Any] | None:
    """The steps by torchvision's first transforms where these have all of them, as tutorials do, else by v2's."""
    if any(isinstance(step, ir.OnField) for step in walked(steps)):
        raise CannotWrite("it changes one field alone with `on`")
    names = {step.name: step for step in applied(steps)}
    first = "ToTensor" in names and all(_known(transforms, step) for step in names.values())
    module: Any = transforms if first else v2
    built = [_build(module, step, steps[place + 1 :]) for place, step in enumerate(_up_to_views(steps))]
    if not any(name in names for name in _TO_TENSOR):
        built.insert(0, v2.ToImage())
    return module.Compose(built)


def _up_to_views(steps: tuple[ir.Step, ...]) -> tuple[ir.Step, ...]:
    """The steps without those behind `views`, which belong to each view."""
    for place, step in enumerate(steps):
        if isinstance(step, ir.Views):
            return steps[: place + 1]
    return steps


def _known(module: Any, step: ir.Apply) -> bool:
    """Whether a module's class takes the arguments that were given."""
    kind = getattr(module, step.name, None)
    if kind is None:
        return False
    parameters = inspect.signature(kind.__init__).parameters
    return all(arg.name in parameters for arg in step.args if arg.given)


def _build(module: Any, step: ir.Step, rest: tuple[ir.Step, ...] = ()) -> Callable[..., Any]:
    match step:
        case ir.Apply():
            return _construct(module, step)
        case ir.Maybe(probability=probability, steps=inner):
            return module.RandomApply([_build(module, item) for item in inner], p=probability)
        case ir.OneOf(branches=branches):
            chains = [module.Compose([_build(module, item) for item in branch.steps]) for branch in branches]
            return module.RandomChoice(chains, p=[branch.weight for branch in branches])
        case ir.Shuffled(steps=inner):
            return module.RandomOrder([_build(module, item) for item in inner])
        case ir.Views(chains=views):
            made = (module.Compose([_build(module, item) for item in (*chain, *rest)]) for chain in views)
            return SeveralViews(tuple(made))
        case ir.OnField():
            raise CannotWrite("it changes one field alone with `on`")


def _construct(module: Any, step: ir.Apply) -> Callable[..., Any]:
    if step.target is not None or step.registered:
        raise CannotWrite(f"`{step.target or step.name}` is code of your own")
    kind = getattr(module, step.name, None)
    if kind is None or not _known(module, step):
        raise CannotWrite(f"torchvision's `{step.name}` takes other arguments")
    arguments: dict[str, Any] = {}
    several: list[Any] = []
    for arg in step.args:
        if not arg.given:
            continue
        value = arg.value
        items = value.items if isinstance(value, ir.ListValue) else ()
        if arg.name == "transforms":
            arguments[arg.name] = [_build(module, item) for item in items if isinstance(item, ir.Apply)]
        elif inspect.signature(kind.__init__).parameters[arg.name].kind is inspect.Parameter.VAR_POSITIONAL:
            several.append(python_value(value))
        else:
            arguments[arg.name] = python_value(value)
    return kind(*several, **arguments)
