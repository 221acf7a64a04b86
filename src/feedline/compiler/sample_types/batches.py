"""What is wrong where samples become a batch: values that do not fit into one tensor, and fields that are not there.

Each field is looked at in all its alternatives at once, since one batch holds samples of all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from feedline.compiler import ir
from feedline.compiler.sample_types.call import Fault
from feedline.compiler.sample_types.fields import listed
from feedline.compiler.sample_types.model import (
    Boxes,
    Field,
    Image,
    Mask,
    Number,
    Ragged,
    Role,
    Sample,
    Tuple,
    Types,
    Unknown,
    cover,
    one_size,
)
from feedline.compiler.sample_types.sizes_differ import SizeFault
from feedline.compiler.sample_types.words import words
from feedline.compiler.steps import applied
from feedline.dsl.diagnostics import Label
from feedline.dsl.frozen import frozen
from feedline.dsl.rules.batch_types import ChannelsDiffer, CropsNotJoined, KindsDiffer, LengthsDiffer, PilInBatch
from feedline.dsl.rules.loaders import FieldMissing
from feedline.dsl.source import SourceText, Span
from feedline.dsl.suggest import did_you_mean


@frozen
class Batches:
    """The collation of one loader, with what its data is. `stacked`: detection images are one tensor."""

    loader: ir.Loader
    role: Role | None
    stacked: bool
    texts: Mapping[str, SourceText]
    examples: tuple[str, ...] = ()
    """Two files of differing size, where the data is open."""

    def faults(self, types: Types) -> Iterator[Fault]:
        """What is wrong with joining samples of these types; each fault once."""
        collate = self.loader.collate
        if collate.how is not None and collate.how.kind == "python":
            return
        yield from self._missing(types)
        for name, how in self._joins():
            values = [value for sample in types if (value := sample.get(name)) is not None]
            if how == "stack":
                yield from self._stack(name, values)
            elif how == "pad":
                yield from self._pad(name, values)

    def _joins(self) -> list[tuple[str, str]]:
        """The fields that are joined, and how."""
        collate, role = self.loader.collate, self.role
        if collate.fields:
            return [(part.field, part.how.kind) for part in collate.fields]
        how = collate.how.kind if collate.how is not None else "stack"
        if role is None:
            return [("image", how)] if how != "detection" else []
        if role.detection and (collate.how is None or how == "detection"):
            return [("image", "stack")] if self.stacked else []
        targets = () if role.detection else role.targets
        return [*((name, how) for name in role.data), *((name, "stack" if how == "pad" else how) for name in targets)]

    # ---- fields

    def _missing(self, types: Types) -> Iterator[Fault]:
        collate = self.loader.collate
        for sample in types:
            if collate.how is not None and collate.how.kind == "detection":
                lacking = next((name for name in ("boxes", "labels") if sample.get(name) is None), None)
                if lacking is not None and not (self.role is not None and self.role.detection):
                    yield _no_boxes(collate.how.span, sample)
                    return
            for part in collate.fields:
                if sample.get(part.field) is None:
                    yield _no_field(part, sample)

    # ---- stacking

    def _stack(self, name: str, values: Sequence[Field]) -> Iterator[Fault]:
        known = [value for value in values if not isinstance(value, Unknown)]
        tuples = [value for value in known if isinstance(value, Tuple)]
        if tuples:
            yield from self._tuples(name, known, tuples)
            return
        images = [value for value in known if isinstance(value, Image)]
        pil = next((image for image in images if image.backend == "pil"), None)
        if pil is not None:
            yield self._pil(name, pil)
            return
        if self.loader.policy.batch == 1:
            return
        yield from self._alike(name, known)
        if images and self.loader.policy.bucket is None:
            sizes = SizeFault(self.loader, self.texts, self._where(name), self.examples).of(images)
            yield from () if sizes is None else (sizes,)
        rows = next((value for value in known if _length_differs(value)), None)
        if rows is not None:
            yield self._lengths(name, rows)

    def _tuples(self, name: str, values: Sequence[Field], tuples: Sequence[Tuple]) -> Iterator[Fault]:
        if len({len(value.items) for value in tuples}) > 1 or len(tuples) < len(values):
            yield self._kinds(name, values)
            return
        crops = next((step for value in tuples if (step := self._crops(value)) is not None), None)
        if crops is not None and not self.loader.collate.fields:
            yield Fault(
                CropsNotJoined,
                crops.span,
                f"`{crops.name}` makes a tuple of crops, so the batch holds a tuple of {len(tuples[0].items)} tensors",
                label="nothing joins these crops",
                help=f"stack them with a step of your own, or keep the tuple with `collate {{ {name} stack }}`",
            )
        for items in zip(*(value.items for value in tuples), strict=True):
            yield from self._stack(name, items)

    def _crops(self, value: Tuple) -> ir.Apply | None:
        """The `FiveCrop` or `TenCrop` that made a tuple, if one did."""
        crops = (step for step in applied(self.loader.chain) if step.name in ("FiveCrop", "TenCrop"))
        return next((step for step in crops if step.span == value.made_at), None)

    def _alike(self, name: str, values: Sequence[Field]) -> Iterator[Fault]:
        """Channels and dtypes, which must be the same in every sample."""
        channels = dict.fromkeys(value.channels for value in values if isinstance(value, Image) and value.channels)
        dtypes = {value.dtype for value in values if isinstance(value, Image | Number | Ragged) and value.dtype}
        if len(channels) > 1:
            one, other = list(channels)[:2]
            yield Fault(
                ChannelsDiffer,
                self._where(name),
                f"some images of a batch have {one} channel{'s' * (one > 1)}, others {other}",
                label=f"`{name}` cannot be joined",
                help="give every dataset the same `mode`, or end the chain with `RGB()`",
            )
        elif len(dtypes) > 1:
            yield self._kinds(name, values)

    def _kinds(self, name: str, values: Sequence[Field]) -> Fault:
        said = list(dict.fromkeys(map(words, values)))
        made = next((value.made_float for value in values if isinstance(value, Image) and value.made_float), None)
        return Fault(
            KindsDiffer,
            made or self._where(name),
            f"`{name}` is of one kind in some samples of a batch and of another in the rest",
            label="this is not done to every sample" if made else "cannot be joined",
            secondary=self._joined_here(),
            notes=tuple(f"it may be: {one}" for one in said[:4]),
            help="move the step out of `maybe` or `one of`, so that every sample meets it" if made else None,
        )

    def _pil(self, name: str, image: Image) -> Fault:
        return Fault(
            PilInBatch,
            self._where(name),
            f"`{name}` is still a PIL image where the batch is made, and only tensors can be joined",
            label="a PIL image cannot be joined",
            notes=(f"the image here: {words(image)}",),
            help="end the chain with `ToTensor()`, or `ToImage()` and `ToDtype(float32, scale=true)`",
        )

    def _lengths(self, name: str, value: Field) -> Fault:
        if isinstance(value, Ragged):
            what, help = "is a list of differing length", f"`{name} pad` fills up to the longest of the batch"
        else:
            what, help = "has one row an object", f"write `{name} list`, or `collate detection` for the whole sample"
        return Fault(
            LengthsDiffer,
            self._where(name),
            f"`{name}` {what}, and `stack` needs as many in every sample",
            label="differs from sample to sample",
            help=help,
        )

    def _pad(self, name: str, values: Sequence[Field]) -> Iterator[Fault]:
        known = [value for value in values if not isinstance(value, Unknown)]
        tuples = [value for value in known if isinstance(value, Tuple)]
        if tuples:
            alike = len({len(value.items) for value in tuples}) == 1 and len(tuples) == len(known)
            for items in zip(*(value.items for value in tuples), strict=True) if alike else ():
                yield from self._pad(name, items)
            return
        pil = next((value for value in known if isinstance(value, Image) and value.backend == "pil"), None)
        if pil is not None:
            yield self._pil(name, pil)
        elif self.loader.policy.batch > 1:
            yield from self._alike(name, known)

    # ---- places

    def _where(self, name: str) -> Span:
        """The line of a field in a collate block, the `collate`, or what the loader reads."""
        line = next((part.span for part in self.loader.collate.fields if part.field == name), None)
        how = self.loader.collate.how
        return line or (how.span if how is not None else self.loader.data.span)

    def _joined_here(self) -> tuple[Label, ...]:
        how = self.loader.collate.how
        return (Label(how.span, "joined here"),) if how is not None else ()


def _length_differs(value: Field) -> bool:
    match value:
        case Ragged(length=length):
            return length.varies is True
        case Number(shape=shape):
            return shape is not None and None in shape[:1]
        case Mask(objects=objects):
            return objects
        case _:
            return isinstance(value, Boxes)


def _no_boxes(where: Span, sample: Sample) -> Fault:
    return Fault(
        FieldMissing,
        where,
        "`collate detection` needs samples with `boxes` and `labels`",
        label="these samples have none",
        notes=(f"the fields of a sample here are {listed(sample)}",),
        help="leave `collate` out for the default, (images, labels)",
    )


def _no_field(part: ir.CollateField, sample: Sample) -> Fault:
    names = [name for name, _ in sample.fields]
    return Fault(
        FieldMissing,
        part.span,
        f"the sample has no field `{part.field}` to collate",
        label="no such field",
        notes=(f"its fields are {listed(sample)}",),
        help="say `masks=true` in the dataset" if part.field == "masks" else did_you_mean(part.field, names),
    )


def is_fixed(types: Types) -> bool:
    """Whether every image of a batch is sure to have one and the same size."""
    image = cover(types).get("image")
    images = image.items if isinstance(image, Tuple) else (image,)
    return all(isinstance(item, Image) and one_size(item) is True for item in images)
