"""Batches on their device, whatever a collate function made of them; here the device is torch's "meta"."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict, UserDict, UserList, defaultdict, deque, namedtuple
from types import MappingProxyType
from typing import Any

import pytest
import torch
from torch.nn.utils.rnn import PackedSequence, pack_sequence

from feedline.runtime.loader import to_device

META = torch.device("meta")
Pair = namedtuple("Pair", "left to")


@dataclasses.dataclass(frozen=True)
class Rows:
    """What some collate functions return."""

    values: Any
    name: str = "rows"


class Moving:
    """What moves itself, and takes no `non_blocking`."""

    def __init__(self, values: Any):
        self.values = values

    def to(self, device: torch.device) -> Moving:
        """On the device."""
        return Moving(self.values.to(device))


class Named(dict[str, Any]):
    """A dict with more to it."""

    name = ""


def tensor() -> torch.Tensor:
    """On the CPU."""
    return torch.zeros(2)


@pytest.mark.parametrize(
    "batch",
    [
        {"a": tensor(), "b": 1},
        OrderedDict(a=tensor()),
        defaultdict(list, a=tensor()),
        UserDict(a=tensor()),
        MappingProxyType({"a": tensor()}),
        [tensor(), "text"],
        (tensor(), b"bytes"),
        Pair(tensor(), tensor()),
        UserList([tensor()]),
        deque([tensor()], 1),
    ],
)
def test_containers_keep_their_type(batch: Any) -> None:
    """The one that was given stays as it was."""
    moved = to_device(batch, META)
    assert type(batch) is type(moved)
    assert len(batch) == len(moved)
    for container, device in ((batch, "cpu"), (moved, "meta")):
        items = container.values() if hasattr(container, "values") else container
        assert {device} == {item.device.type for item in items if isinstance(item, torch.Tensor)}


def test_a_mapping_keeps_what_else_it_holds() -> None:
    """A `defaultdict` its default, a dict of one's own its attributes."""
    named = Named(a=tensor())
    named.name = "mine"
    assert "mine" == to_device(named, META).name
    assert [] == to_device(defaultdict(list, a=tensor()), META)["b"]


def test_what_cannot_be_made_from_its_items_becomes_a_plain_list() -> None:
    """As when DataLoader pins it."""
    assert [0, 1] == to_device(range(2), META)


def test_sequences_that_are_packed_keep_their_sizes_on_the_cpu() -> None:
    """A namedtuple that is more than one: it moves itself."""
    moved = to_device([pack_sequence([torch.zeros(3), torch.zeros(2)])], META)[0]
    assert isinstance(moved, PackedSequence)
    assert ("meta", "cpu") == (moved.data.device.type, moved.batch_sizes.device.type)


def test_dataclasses_and_what_moves_itself_are_moved() -> None:
    """Frozen ones too; inside each other."""
    rows = Rows(Moving({}))
    rows.values.values = tensor()
    moved = to_device(rows, META)
    assert (Rows, "rows", Moving) == (type(moved), moved.name, type(moved.values))
    assert ("meta", "cpu") == (moved.values.values.device.type, rows.values.values.device.type)


@pytest.mark.parametrize("batch", ["text", b"bytes", 3, None, Rows, torch.float32, object()])
def test_anything_else_stays(batch: Any) -> None:
    """A class is no object of it."""
    assert batch is to_device(batch, META)


def test_a_field_that_nobody_has_set_stays_so() -> None:
    """Of a dataclass."""

    @dataclasses.dataclass
    class Late:
        values: Any
        later: Any = dataclasses.field(init=False)

    made = to_device(Late(tensor()), META)
    assert made.values.device == META and not hasattr(made, "later")
