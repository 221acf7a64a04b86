"""Images of differing size in one batch: which step left them so, and what would give them one size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from feedline.compiler import ir
from feedline.compiler.sample_types.call import Fault
from feedline.compiler.sample_types.model import Image, differ, one_size
from feedline.compiler.sample_types.words import words
from feedline.compiler.steps import applied
from feedline.dsl.diagnostics import Edit, Fix, Label
from feedline.dsl.frozen import frozen
from feedline.dsl.rules.batch_types import SizesDiffer
from feedline.dsl.source import SourceText, Span

_END = "end the chain with a step that fixes the size, such as `Resize((224, 224))`, or collate with `pad` or `list`"


@frozen
class SizeFault:
    """What to say of the sizes of one image field of a loader."""

    loader: ir.Loader
    texts: Mapping[str, SourceText]
    """The files, for what a fix writes anew."""
    where: Span
    """What to point at where no step is to blame."""
    examples: tuple[str, ...] = ()
    """Two files of differing size, where the data is open."""

    def of(self, images: Sequence[Image]) -> Fault | None:
        """The fault of stacking images of these types, None where none is certain."""
        loose = next((image for image in images if one_size(image) is False), None)
        if loose is not None:
            elsewhere = next((image.sized_at for image in images if image.sized_at is not None), None)
            return self._loose(loose, elsewhere)
        pair = next(((one, other) for one, other in combinations(images, 2) if differ(one, other)), None)
        return None if pair is None else self._unequal(*pair)

    def _loose(self, image: Image, elsewhere: Span | None) -> Fault:
        step = self._step(image.sized_at)
        if step is None and image.sized_at is None and elsewhere is not None:
            return self._not_for_all(elsewhere, image)
        if step is None:
            return self._fault(
                image.sized_at or self.where,
                "the images differ in size, and a batch of them needs one size",
                "images of differing size",
                image,
                _END,
            )
        side = _kept(step)
        if side is None:
            message = f"`{step.name}` gives each image a size of its own, and a batch of them needs one size"
            return self._fault(step.span, message, "sizes differ from here on", image, _END)
        fix = self._squared(step)
        return self._fault(
            step.span,
            f"`Resize({side})` leaves images of differing proportions in differing sizes",
            f"keeps the aspect ratio: only the shorter side becomes {side}",
            image,
            f"write `Resize(({side}, {side}))`, or let `CenterCrop({side})` follow",
            (fix,) if fix else (),
        )

    def _not_for_all(self, where: Span, image: Image) -> Fault:
        message = f"some images of a batch keep their own size: `{self._called(where)}` is not for all of them"
        return self._fault(where, message, "this is not done to every sample", image, _END)

    def _unequal(self, one: Image, other: Image) -> Fault:
        where = other.sized_at or one.sized_at
        if where is not None and None in (one.sized_at, other.sized_at):
            return self._not_for_all(where, one if one.sized_at is None else other)
        return Fault(
            SizesDiffer,
            where or self.where,
            "a batch of images needs one size, and these come in several",
            label="this size" if where else "images of differing size",
            secondary=(Label(one.sized_at, "another size here"),) if one.sized_at not in (None, where) else (),
            notes=tuple(f"an image may be: {words(image)}" for image in (one, other)),
            help=_END,
        )

    def _fault(
        self, where: Span, message: str, label: str, image: Image, help: str, fixes: tuple[Fix, ...] = ()
    ) -> Fault:
        how = self.loader.collate.how
        return Fault(
            SizesDiffer,
            where,
            message,
            label=label,
            secondary=(Label(how.span, "stacked here"),) if how is not None and how.span != where else (),
            notes=(f"the image where the batch is made: {words(image)}", *self.examples),
            help=help,
            fixes=fixes,
        )

    def _squared(self, step: ir.Apply) -> Fix | None:
        """`Resize(256)` as `Resize((256, 256))`; not where `max_size` stands, which takes no pair."""
        arg = next(arg for arg in step.args if arg.name == "size")
        if not arg.given or any(other.name == "max_size" and other.value is not None for other in step.args):
            return None
        if arg.span.path not in self.texts or not isinstance(arg.value, int):
            return None
        name, equals, side = self.texts[arg.span.path].text[arg.span.start : arg.span.end].rpartition("=")
        text = f"{name}{equals}({side.strip()}, {side.strip()})"
        return Fix(f"write `{text}`", (Edit(arg.span, text),))

    def _step(self, where: Span | None) -> ir.Apply | None:
        return next((step for step in applied(self.loader.chain) if step.span == where), None)

    def _called(self, where: Span) -> str:
        step = self._step(where)
        return step.name if step is not None else "a step"


def _kept(step: ir.Apply) -> int | None:
    """The shorter side that `Resize(256)` asks for."""
    size = next((arg.value for arg in step.args if arg.name == "size"), None) if step.name == "Resize" else None
    items = size.items if isinstance(size, ir.ListValue) else size if isinstance(size, tuple) else (size,)
    only = items[0] if len(items) == 1 else None
    return only if isinstance(only, int) and not isinstance(only, bool) else None
