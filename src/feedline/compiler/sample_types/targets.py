"""What boxes and masks have become at the end of a chain, where a detection batch is made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from feedline.compiler import ir
from feedline.compiler.sample_types.call import Fault
from feedline.compiler.sample_types.model import Boxes, Field, Image, Mask, Role, Sample, Types
from feedline.compiler.steps import applied
from feedline.dsl.diagnostics import Edit, Fix, Label
from feedline.dsl.frozen import frozen
from feedline.dsl.rules.types_shapes import BoxesCutAway, BoxFormat, EmptyBoxes, LeftBehind
from feedline.dsl.source import Span


@frozen
class Targets:
    """The end of one loader's chain, with what its data is."""

    loader: ir.Loader
    role: Role | None

    def faults(self, types: Types) -> Iterator[Fault]:
        """What is wrong with the boxes and masks of samples of these types; each fault once."""
        apart = next((fault for sample in types if (fault := self._apart(sample)) is not None), None)
        if apart is not None:
            yield apart
        if not self._has_targets():
            return
        every = [boxes for sample in types if isinstance(boxes := sample.get("boxes"), Boxes)]
        spoilt = next((boxes for boxes in every if boxes.emptied_at is not None), None)
        spoilt = spoilt or next((boxes for boxes in every if boxes.may_be_empty_sized), None)
        if spoilt is not None and spoilt.cropped_at is not None:
            yield self._without_area(spoilt, spoilt.cropped_at)
        foreign = next((boxes for boxes in every if boxes.format not in (None, "XYXY")), None)
        if foreign is not None and self._is_detection():
            yield self._foreign(foreign)

    def _has_targets(self) -> bool:
        """Whether a batch has the list of target dicts: `stack`, `pad` and `list` are said of its images alone."""
        how, detection = self.loader.collate.how, self.role is not None and self.role.detection
        if self.loader.collate.fields or (how is not None and how.kind == "python"):
            return False
        return detection or (how is not None and how.kind == "detection")

    def _is_detection(self) -> bool:
        how = self.loader.collate.how
        return self._has_targets() and (how is None or how.kind == "detection")

    def _without_area(self, boxes: Boxes, last: Span) -> Fault:
        where = boxes.emptied_at or last
        name = self._called(where)
        early = boxes.sanitized_at
        notes = ("`SanitizeBoundingBoxes` works on what the steps before it left",) if early is not None else ()
        surely = boxes.emptied_at is not None
        return Fault(
            EmptyBoxes if surely else BoxesCutAway,
            where,
            f"{name} leaves boxes without area, and nothing removes them"
            if surely
            else f"{name} may move objects out of the image, and their boxes stay without area",
            label="boxes outside of the crop become (0, 0, 0, 0)" if surely else "may cut boxes away",
            secondary=(*self._made_here(), *((Label(early, "too early to help"),) if early is not None else ())),
            notes=notes,
            help="put `SanitizeBoundingBoxes()` after " + ("it" if where == last else "the last crop"),
            fixes=self._sanitized(last),
        )

    def _sanitized(self, last: Span) -> tuple[Fix, ...]:
        """`SanitizeBoundingBoxes()` after the last step that may need it, where it stands in the loader itself."""
        chain = self.loader.span
        inside = last.path == chain.path and chain.start <= last.start <= last.end <= chain.end
        if not inside or all(step.span != last for step in _standing(self.loader.chain)):
            return ()
        edit = Edit(Span(last.path, last.end, last.end), "; SanitizeBoundingBoxes()")
        return (Fix("add `SanitizeBoundingBoxes()`", (edit,), safe=True),)

    def _foreign(self, boxes: Boxes) -> Fault:
        return Fault(
            BoxFormat,
            boxes.converted_at or self.loader.data.span,
            f"the boxes are {boxes.format} here, and torchvision's detection models read them as XYXY",
            label=f"{boxes.format} from here on",
            secondary=self._made_here(),
            help="leave it out, or end the chain with `ConvertBoundingBoxFormat(XYXY)`",
        )

    def _apart(self, sample: Sample) -> Fault | None:
        """A field that was always moved in a way of its own, away from the image it belongs to."""
        image = sample.get("image")
        if not isinstance(image, Image):
            return None
        for name, value in sample.fields:
            if not isinstance(value, Boxes | Mask) or image.alone is None or value.alone is None:
                continue
            mine, theirs = _counting(image.alone, value), _counting(value.alone, value)
            if mine == theirs:
                continue
            ahead = len(mine) >= len(theirs)
            field, moved, other = ("image", image, name) if ahead else (name, value, "image")
            if moved.moved_at is not None:
                return self._left_behind(field, other, moved.moved_at)
        return None

    def _left_behind(self, field: str, other: str, where: Span) -> Fault:
        return Fault(
            LeftBehind,
            where,
            f"{self._called(where)} moves `{field}`, and `{other}` is left behind",
            label=f"sees only `{field}`",
            help=f"move it out of `on {field} {{ ... }}`: outside of it everything in the picture moves together",
        )

    def _called(self, where: Span) -> str:
        step = next((step for step in applied(self.loader.chain) if step.span == where), None)
        return f"`{step.name}`" if step is not None else "a step"

    def _made_here(self) -> tuple[Label, ...]:
        how = self.loader.collate.how
        return (
            (Label(how.span, f"a {'detection ' * self._is_detection()}batch is made here"),) if how is not None else ()
        )


def _counting(moves: Sequence[str], value: Field) -> list[str]:
    """The moves that decide whether two fields still lie on each other. A mask may have another scale than its image,
    so for masks only the kinds of the other moves count."""
    if isinstance(value, Boxes):
        return list(moves)
    return [move.split()[0] for move in moves if not move.startswith("scale ")]


def _standing(steps: Sequence[ir.Step]) -> Iterator[ir.Apply]:
    """The steps of a chain that a `;` and another step may follow: elsewhere it would start a branch, a view or a step
    in any order, or stand in a list, or see one field only."""
    for step in steps:
        if isinstance(step, ir.Apply):
            yield step
        elif isinstance(step, ir.Maybe):
            yield from _standing(step.steps)
