"""Which batches of an epoch a rank takes. The batches themselves do not depend on how many ranks there are."""

from __future__ import annotations

from typing import Literal


def rank_batches(length: int, rank: int, world: int, uneven: Literal["drop", "pad"] | str = "drop") -> range:
    """The global numbers of the batches that rank `rank` of `world` takes: rank, rank + world, ...

    Every rank gets the same number of them. Where `length` is no multiple of `world`, `drop` leaves out the last few;
    `pad` goes on past the end, and a number >= `length` stands for batch number % length, the epoch's beginning again.
    Raises ValueError for a rank outside range(world).
    """
    if not 0 <= rank < world:
        raise ValueError(f"rank {rank} is not one of {world} ranks")
    each = -(-length // world) if uneven == "pad" else length // world
    return range(rank, rank + each * world, world)
