"""Which stages a batch has, that together they are the whole, and what a cache would keep."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

import feedline
from feedline.compiler.passes import plan_of
from feedline.runtime.bench.replay import Replayed, delivery_rate
from feedline.runtime.bench.report import Stages
from feedline.runtime.bench.stages import SCALED, SENT, TimedSource, Watch, time_stages

LOADER = """
loader shown from photos {{
  transform {{ {chain} }}
  sample {{ batch 4 }}
  {more}
}}
"""
FAKE = "dataset photos = FakeData(size=12, image_size=(3, 16, 16), num_classes=4)"


def stages(head: str, chain: str, more: str = "", **options: Any) -> Stages:
    """The stages of a loader over a few batches."""
    pipeline = feedline.compile(head + LOADER.format(chain=chain, more=more), **options)
    loader = pipeline["shown"]
    return time_stages(loader, plan_of(pipeline.program, pipeline.program.loaders[0]), seconds=0.0)


def names(found: Stages) -> list[str]:
    """Of the stages."""
    return [stage.name for stage in found.times]


def test_every_stage_of_an_image_file(image_folder: Callable[..., Path]) -> None:
    """The file's bytes, decoding, every step, drawing, collation: all of it."""
    found = stages(f'dataset photos = ImageFolder("{image_folder()}")', "Resize(12); RandomCrop(8)")
    assert ["read", "decode", "Resize"] == names(found)[:3]
    assert {"RandomCrop", "collate"} <= set(names(found))
    assert pytest.approx(1.0, abs=0.01) == sum(stage.share for stage in found.times)
    assert found.milliseconds > 0


def test_what_a_cache_would_keep(image_folder: Callable[..., Path]) -> None:
    """Everything before the first random step: 16 images of 3 x 8 x 12 after `Resize`, at a byte a value."""
    found = stages(f'dataset photos = ImageFolder("{image_folder()}")', "Resize(8); RandomCrop(8); Resize(16)")
    assert found.prefix is not None
    assert (("Resize",), 16 * 3 * 8 * 12) == (found.prefix.steps, found.prefix.size)
    shares = [stage.share for stage in found.times if stage.name in ("read", "decode")]
    assert sum(shares) < found.prefix.share < 1


def test_nothing_to_keep_of_what_is_in_memory() -> None:
    """A random step at the front, and no file to decode."""
    assert stages(FAKE, "RandomCrop(8)").prefix is None


@pytest.mark.parametrize(("kind", "sent"), [("process", True), ("thread", False)])
def test_sending_is_a_stage_of_worker_processes(kind: str, sent: bool, image_folder: Callable[..., Path]) -> None:
    """Threads have nothing to send."""
    head = f'dataset photos = ImageFolder("{image_folder()}")'
    found = stages(head, "ToTensor()", f"num_workers = 1\n  worker_kind = {kind}")
    assert sent == (SENT in names(found))
    assert sent == ("delivery" in [stage.kind for stage in found.times if stage.name == SENT])


def test_images_decoded_smaller_are_a_stage_of_their_own(tmp_path: Path) -> None:
    """`fast` decodes smaller where at least two pixels become one, and not elsewhere."""
    Path(tmp_path, "ants").mkdir()
    for number in range(12):
        Image.new("RGB", (24, 16)).save(tmp_path / "ants" / f"{number}.jpg")
    head = f'dataset photos = ImageFolder("{tmp_path}")'
    small = stages(head, "Resize((4, 6)); RandomCrop(4)", "optimize = fast")
    assert SCALED in names(small)
    assert small.prefix is not None
    assert small.prefix.share > small.times[0].share
    large = stages(head, "Resize((16, 24)); RandomCrop(4)", "optimize = fast")
    assert SCALED not in names(large)


def test_steps_inside_others_are_stages_too() -> None:
    """Once for a name, wherever it stands."""
    found = names(stages(FAKE, "views 2 { RandomCrop(8); maybe 100% { GaussianBlur(3) } }; RandomGrayscale(p=1.0)"))
    assert {"RandomCrop", "GaussianBlur", "RandomGrayscale"} <= set(found)
    assert 1 == found.count("RandomGrayscale")


def test_a_batch_chain_is_a_stage() -> None:
    """By the names of its steps."""
    found = stages(FAKE, "ToTensor(); batch { MixUp(num_classes=4) }")
    assert "batch { MixUp }" in names(found)


def test_timing_changes_no_batch(image_folder: Callable[..., Path]) -> None:
    """The loader goes on as if nobody had looked."""
    text = f'dataset photos = ImageFolder("{image_folder()}")' + LOADER.format(chain="RandomCrop(6)", more="")
    pipeline, other = feedline.compile(text), feedline.compile(text)
    time_stages(pipeline["shown"], plan_of(pipeline.program, pipeline.program.loaders[0]), seconds=0.0)
    for (mine, _), (theirs, _) in zip(pipeline["shown"], other["shown"], strict=True):
        assert torch.equal(theirs, mine)


def test_reading_is_told_from_decoding(image_folder: Callable[..., Path]) -> None:
    """Only where a sample has a file of its own."""
    pipeline = feedline.compile(f'dataset photos = ImageFolder("{image_folder()}")' + LOADER.format(chain="", more=""))
    watch, source = Watch(), pipeline["shown"].dataset.source
    sample = TimedSource(source, watch).read(3)
    assert {"read", "decode"} == set(watch.seconds)
    assert torch.equal(source.read(3)["image"], sample["image"])
    watch = Watch()
    TimedSource(feedline.compile(FAKE + LOADER.format(chain="", more=""))["shown"].dataset.source, watch).read(3)
    assert ["read"] == list(watch.seconds)


@pytest.mark.parametrize("more", ["", "num_workers = 1"])
def test_delivery_without_making_batches(more: str) -> None:
    """The loader's own way, with and without workers; it has its dataset still."""
    loader = feedline.compile(FAKE + LOADER.format(chain="ToTensor()", more=more))["shown"]
    dataset = loader.dataset
    assert delivery_rate(loader, seconds=0.0) > 0
    assert dataset is loader.dataset


def test_a_replayed_batch_has_memory_of_its_own() -> None:
    """Else a batch that costs nothing to write would be compared with one that does."""
    batch = (torch.ones(2), [{"boxes": torch.ones(1)}])
    made = Replayed(batch, 2).gather()
    assert torch.equal(batch[0], made[0])
    assert made[0].data_ptr() != batch[0].data_ptr()
    assert made[1][0]["boxes"].data_ptr() != batch[1][0]["boxes"].data_ptr()
