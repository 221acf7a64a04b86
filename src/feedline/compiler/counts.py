"""How many samples a loader reads, where the file alone says it: `FakeData(size=100)`, a part of a given size.

The published sizes of well-known sets say nothing of a copy of them, which may be a smaller one in the same format.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from feedline.compiler import ir


def size_of(program: ir.Program, ref: ir.DataRef) -> int | None:
    """The number of samples of a dataset or a part, None where only the data can say it."""
    if ref.part is None:
        return dataset_size(program, ref.dataset)
    split = next((split for split in program.splits if split.dataset == ref.dataset), None)
    if split is None or split.kind == "values" or split.grouped_by is not None:
        return None
    whole = dataset_size(program, ref.dataset)
    if split.kind == "folds":
        if whole is None or ref.fold is None:
            return None
        held = whole // split.folds + (ref.fold < whole % split.folds)
        return held if ref.part == "val" else whole - held
    place = next(place for place, part in enumerate(split.parts) if part.name == ref.part)
    asked = split.parts[place].size
    if whole is None:
        return asked if isinstance(asked, int) else None
    sizes = part_sizes(split, whole)
    return None if sizes is None else sizes[place]


def dataset_size(program: ir.Program, name: str) -> int | None:
    """The number of samples of a dataset, None where only the data can say it."""
    dataset = next(dataset for dataset in program.datasets if dataset.name == name)
    if dataset.source is None:
        sizes = [size_of(program, ref) for ref in dataset.concat]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None
    if dataset.source.name != "FakeData" or dataset.source.target is not None or dataset.source.registered:
        return None
    size = next((arg.value for arg in dataset.source.args if arg.name == "size"), None)
    return size if isinstance(size, int) else None


def part_sizes(split: ir.Split, size: int) -> list[int] | None:
    """The size of each part of a split by size; percentages by the largest remainder, `rest` what is left. None where
    the parts do not add up."""
    wanted = [
        size * Fraction(str(part.size.value)) / 100 if isinstance(part.size, ir.Percent) else part.size
        for part in split.parts
    ]
    left = size - sum((Fraction(want) for want in wanted if want is not None), Fraction(0))
    # A percentage beside counts may miss a whole number of samples by less than one.
    if left <= -1 or (left >= 1 and None not in wanted):
        return None
    shares = [max(left, Fraction(0)) if want is None else Fraction(want) for want in wanted]
    return largest_remainder(shares, size)


def wrong_sum(split: ir.Split, size: int) -> tuple[str, str, str]:
    """Message, label and help about parts that do not add up to `size`."""
    wanted = [
        int(size * Fraction(str(part.size.value)) / 100) if isinstance(part.size, ir.Percent) else part.size
        for part in split.parts
        if part.size is not None
    ]
    total = sum(wanted)
    few, together = total < size, " + ".join(f"{want:,}" for want in wanted)
    return (
        f"the parts of `{split.dataset}` are {total:,} samples ({together}), the data set has {size:,}",
        f"{abs(size - total):,} {'left over' if few else 'too many'}",
        "let the last part say `rest`" if few else "make the parts smaller, or let one say `rest`",
    )


def largest_remainder(shares: Sequence[Fraction], total: int) -> list[int]:
    """Whole numbers that add up to `total`, as the shares do to within one: each share rounded down, those that lose
    most by it up; earlier ones first."""
    floors = [share.numerator // share.denominator for share in shares]
    order = sorted(range(len(shares)), key=lambda number: (floors[number] - shares[number], number))
    for number in order[: total - sum(floors)]:
        floors[number] += 1
    return floors


def samples(count: int) -> str:
    """`1 sample`, `1,200 samples`."""
    return f"{count:,} sample{'' if count == 1 else 's'}"
