"""Images a pixel larger or smaller than networks halve without a rest."""

from __future__ import annotations

from collections.abc import Mapping

from feedline.compiler import ir
from feedline.compiler.names import Unit
from feedline.compiler.sample_types.check import LoaderTypes
from feedline.compiler.sample_types.model import Image, Number, Sample, Types, cover
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.lints import OddSize
from feedline.dsl.source import Span

_STEP = 32
"""What the usual networks divide the side of an image by: five halvings."""

_LEAST = 160
_MEANT = (257, 321, 353, 385, 417, 481, 513, 769)
"""Sides of 32 k + 1 that networks with aligned corners take, DeepLab's for one."""

_FIELDS = {"image", "label", "index"}


def odd_sizes(program: ir.Program, types: Mapping[str, LoaderTypes], main: Unit, reporter: Reporter) -> None:
    """Hint at square images for classification that a step makes one pixel larger or smaller than a multiple of 32."""
    said: set[Span] = set()
    for loader in program.loaders:
        image = _classified(types[loader.name].end)
        if image is None or image.sized_at is None or image.sized_at in said:
            continue
        side = image.height.known
        if side is None or side != image.width.known or side < _LEAST or side in _MEANT:
            continue
        meant = round(side / _STEP) * _STEP
        if abs(side - meant) == 1:
            said.add(image.sized_at)
            reporter.report(
                OddSize,
                image.sized_at,
                f"images of {side} x {side} are a pixel {'larger' if side > meant else 'smaller'} than {meant}",
                label="an odd size",
                help=f"write {meant}, which networks can halve {_halvings(meant)} times, if {side} is not meant",
            )


def _halvings(side: int) -> int:
    return (side & -side).bit_length() - 1


def _classified(types: Types) -> Image | None:
    """The image of samples that are an image and a label, and nothing else."""
    sample: Sample = cover(types)
    image = sample.get("image")
    plain = not sample.open and {name for name, _ in sample.fields} <= _FIELDS
    return image if plain and isinstance(image, Image) and isinstance(sample.get("label"), Number) else None
