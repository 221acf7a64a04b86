"""Loaders whose workers are threads: the same batches, in order; clean ends; what is left alone."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import feedline
from feedline.compiler import registry
from feedline.runtime.arithmetic import Arithmetic, Operation
from feedline.runtime.threaded import Threaded

CHAIN = "RandomResizedCrop(16); RandomHorizontalFlip(); ColorJitter(0.4); ToTensor(); Normalize([0.5], [0.25])"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two folders of JPEGs of several sizes."""
    for number in range(24):
        place = tmp_path / "photos" / "ab"[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (30 + number, 50 - number, 3), np.uint8)
        Image.fromarray(pixels).resize((60, 40 + number)).save(place / f"{number:02}.jpg")
    return tmp_path / "photos"


def loader(photos: Path, options: str = "", chain: str = CHAIN) -> feedline.Loader:
    """A shuffled loader of the photos in batches of 5."""
    text = f"""
dataset photos = ImageFolder("{photos}")
loader train from photos {{
  transform {{ {chain} }}
  sample {{ batch 5; order shuffled; seed 3 }}
  {options}
}}
"""
    return feedline.compile(text).train


def epochs(made: feedline.Loader, count: int = 2) -> list[Any]:
    """All batches of some epochs."""
    return [batch for _ in range(count) for batch in made]


def same(left: list[Any], right: list[Any]) -> bool:
    """Whether two runs are the same bits."""
    pairs = zip(left, right, strict=True)
    return all(torch.equal(x, y) for one, other in pairs for x, y in zip(one, other, strict=True))


def workers() -> int:
    """How many threads of loaders there are."""
    return sum(thread.name.startswith("feedline-worker") for thread in threading.enumerate())


@pytest.mark.parametrize(
    "chain", ["RandomPhotometricDistort(); ToTensor(); Resize((9, 9))", f"{CHAIN}; batch {{ MixUp(num_classes=2) }}"]
)
def test_a_thread_of_the_callers_leaves_the_training_threads_numbers_alone(photos: Path, chain: str) -> None:
    """Both draw at the same time: the batches are those of their keys, the other numbers those of their seed."""
    expected = epochs(loader(photos, chain=chain), 4)
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.extend(epochs(made, 4)))
    made, drawn = loader(photos, chain=chain), []
    torch.manual_seed(0)
    thread.start()
    while thread.is_alive():
        drawn.append(torch.rand(100))
    torch.manual_seed(0)
    assert all(torch.equal(numbers, torch.rand(100)) for numbers in drawn)
    assert same(expected, found)


def test_threads_processes_and_neither_give_the_same_batches(photos: Path) -> None:
    """With every pass and with none, whatever the number of workers."""
    expected = epochs(loader(photos, "optimize = off"))
    for kind in ("thread", "process", "auto"):
        for count in (1, 3):
            assert same(expected, epochs(loader(photos, f"num_workers = {count}; worker_kind = {kind}"))), (kind, count)
    assert same(expected, epochs(loader(photos, "num_workers = 2; worker_kind = thread; optimize = off")))
    assert same(expected, epochs(loader(photos)))


@pytest.mark.parametrize(
    ("options", "threads"),
    [
        ("num_workers = 2", True),
        ("num_workers = 2; worker_kind = process", False),
        ("num_workers = 2; persistent_workers = true", False),
        ("num_workers = 2; timeout = 5", False),
        ('num_workers = 2; multiprocessing_context = "fork"', False),
        ("num_workers = 2; optimize = off", False),
        ("", False),
    ],
)
def test_auto_takes_threads_where_files_are_decoded(photos: Path, options: str, threads: bool) -> None:
    """And nothing is asked for that is about processes."""
    made = loader(photos, options)
    iterator = iter(made)
    next(iterator)
    assert threads == (workers() > 0)
    assert (2 if options else 0) == made.num_workers
    del iterator
    assert 0 == workers()


def test_the_callers_random_numbers_and_threads_stay(photos: Path) -> None:
    """Nothing that a thread of a loader does moves a global generator or torch's number of threads."""
    before_threads = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        states = torch.get_rng_state(), np.random.get_state(legacy=False), random.getstate()
        epochs(loader(photos, "num_workers = 2; worker_kind = thread"), 1)
        assert torch.equal(states[0], torch.get_rng_state())
        assert str(states[1:]) == str((np.random.get_state(legacy=False), random.getstate()))
        assert 3 == torch.get_num_threads()
        with_none: list[int] = []
        other = threading.Thread(target=lambda: with_none.append(torch.get_num_threads()))
        other.start()
        other.join()
        assert [3] == with_none
    finally:
        torch.set_num_threads(before_threads)


def test_a_failure_comes_in_its_batchs_turn(photos: Path) -> None:
    """As a diagnostic, after the batches before it; the threads end."""
    (photos / "a" / "00.jpg").write_bytes(b"no image")
    made = loader(photos, "num_workers = 2; worker_kind = thread")
    numbers = []
    with pytest.raises(feedline.LoadError) as caught:
        for _ in made:
            assert made.current is not None
            numbers.append(made.current.number)
    assert list(range(len(numbers))) == numbers
    assert "FL612" == caught.value.diagnostics[0].code
    assert 0 == workers()


def test_leaving_early_ends_the_threads(photos: Path) -> None:
    """And the next epoch starts from its first batch; two iterators at once have threads of their own."""
    made = loader(photos, "num_workers = 2; worker_kind = thread")
    for _ in made:
        break
    assert 0 == workers()
    first, second = iter(made), iter(made)
    next(first)
    next(second)
    assert 4 == workers()
    del first, second
    assert 0 == workers()


def test_batches_that_are_kept_never_change(photos: Path) -> None:
    """Memory is used again only after everything that looks at it is gone."""
    made = loader(photos, "num_workers = 2; worker_kind = thread", "RandomResizedCrop(224); ToTensor()")
    kept, copies, views = [], [], []
    for _ in range(3):
        for images, _ in made:
            kept.append(images)
            copies.append(images.clone())
            views.append((images[0, 0].numpy(), copies[-1][0, 0].numpy()))
    assert all(torch.equal(*pair) for pair in zip(kept, copies, strict=True))
    del kept
    epochs(made, 1)
    assert all(np.array_equal(*pair) for pair in views)


def test_memory_of_batches_that_are_gone_is_used_again(photos: Path) -> None:
    """Batches that nobody keeps lie at few addresses."""
    made = loader(photos, "num_workers = 1; worker_kind = thread", "RandomResizedCrop(224); ToTensor()")
    places = {images.data_ptr() for _ in range(6) for images, _ in made if len(images) == 5}
    assert len(places) < 12


def test_your_own_code_is_no_work_for_threads() -> None:
    """Asked for, it is refused; `auto` takes processes. What is about processes is refused beside threads."""
    feedline.dataset("TestThreadRows")(list)
    try:
        text = "dataset d = TestThreadRows()\nloader train from d {{ sample {{ batch 2 }}; num_workers = 2; {} }}\n"
        assert ["FL508"] == [item.code for item in feedline.check(text.format("worker_kind = thread"))]
        process = feedline.check(text.format("worker_kind = process"))
        assert all(item.severity != "error" for item in process)
        for option in ("persistent_workers = true", "timeout = 3", 'multiprocessing_context = "spawn"'):
            rows = text.replace("TestThreadRows()", 'Files("*.jpg", root="photos")')
            found = feedline.check(rows.format(f"worker_kind = thread; {option}"))
            assert ["FL504"] == [item.code for item in found if item.severity == "error"]
    finally:
        registry.unregister("dataset", "TestThreadRows")


def test_made_up_images_are_no_work_for_threads() -> None:
    """torchvision seeds the generator that all threads share for each of them; also as a part of the data."""
    text = """
dataset made = FakeData(size=9)
dataset photos = ImageFolder("photos")
dataset d = photos + made
loader train from d { sample { batch 2 }; num_workers = 2; worker_kind = thread }
"""
    for each in (text, text.replace("from d", "from made")):
        (found,) = (item for item in feedline.check(each) if item.severity == "error")
        assert ("FL508", "worker_kind = process") == (found.code, found.fixes[0].edits[0].text)


@pytest.mark.parametrize("options", ["", "num_workers = 2", "num_workers = 1; worker_kind = process"])
def test_bytes_go_to_the_device_and_become_floats_there(
    photos: Path, options: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quarter of what would have to be copied; here the device is the CPU under another name."""
    chain = "RandomResizedCrop(16); ToTensor(); Normalize([0.5, 0.4, 0.3], [0.25, 0.3, 0.2])"
    expected = epochs(loader(photos, "", chain), 1)
    sent: list[torch.dtype] = []

    def to_device(batch: Any, device: torch.device) -> Any:
        sent.append(batch[0].dtype)
        return batch

    monkeypatch.setattr("feedline.runtime.pipeline._device", lambda loader, reporter: (torch.device("cpu"), True))
    monkeypatch.setattr("feedline.runtime.loader.to_device", to_device)
    assert same(expected, epochs(loader(photos, options, chain), 1))
    assert {torch.uint8} == set(sent)


def test_on_a_gpu_the_divisor_is_a_tensor() -> None:
    """There a division by a plain number is a multiplication by its reciprocal, which is another value."""
    arithmetic = Arithmetic(torch.float32, (Operation("div", 255), Operation("sub", (0.5,)), Operation("mul", 2.0)))
    assert [255, torch.Tensor, 2.0] == [
        item if not isinstance(item, torch.Tensor) else torch.Tensor
        for item in arithmetic.operands(torch.device("cpu"))
    ]
    divisor, mean, factor = arithmetic.operands(torch.device("meta"))
    assert isinstance(divisor, torch.Tensor)
    assert isinstance(mean, torch.Tensor)
    assert (divisor.device.type, divisor.ndim, factor) == ("meta", 0, 2.0)


def test_each_worker_computes_with_one_thread() -> None:
    """From its first look on, so that no batch changes the number of the process, which new threads begin with."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert [1] * 4 == list(Threaded(lambda _: torch.get_num_threads(), range(4), 2, 2))
        assert 2 == torch.get_num_threads()
    finally:
        torch.set_num_threads(before)


def slow(key: int) -> int:
    """Later keys are done first."""
    time.sleep(0.02 * (4 - key))
    return key


def test_results_come_in_order_and_not_too_far_ahead() -> None:
    """Keys are read as results are taken, `threads * ahead` before them."""
    read: list[int] = []

    def keys() -> Any:
        for key in range(5):
            read.append(key)
            yield key

    made = Threaded(slow, keys(), threads=2, ahead=1)
    assert [0, 1] == read
    assert 0 == next(made)
    assert [0, 1, 2] == read
    assert [1, 2, 3, 4] == list(made)


def test_what_a_thread_raises_is_raised_in_turn() -> None:
    """And the iterator can be closed afterwards."""

    def make(key: int) -> int:
        return 6 // key

    made = Threaded(make, [3, 2, 0, 1], threads=2, ahead=2)
    assert [2, 3] == [next(made), next(made)]
    with pytest.raises(ZeroDivisionError):
        next(made)
    made.close()
    assert 0 == workers()


def test_a_forked_process_is_told_that_the_threads_are_elsewhere() -> None:
    """It would wait for them for ever."""
    made = Threaded(slow, range(5), threads=1, ahead=1)
    child = os.fork()
    if child == 0:
        try:
            next(made)
        except RuntimeError as error:
            os._exit(0 if "iterate the loader again" in str(error) else 2)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    made.close()
    assert 0 == status


def test_a_process_ends_without_the_batches_that_nobody_takes() -> None:
    """It waits only for those that are being made."""
    text = """
import time
from feedline.runtime.threaded import Threaded

def make(key):
    print(key, flush=True)
    time.sleep(0.3)

made = Threaded(make, range(50), threads=1, ahead=50)
next(made)
"""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60)
    assert (0, "") == (done.returncode, done.stderr)
    assert len(done.stdout.split()) < 4


@pytest.fixture
def pickled() -> Callable[[Any], Any]:
    """Sends a thing through pickle, as to a spawned worker."""
    import pickle

    return lambda thing: pickle.loads(pickle.dumps(thing))


def test_a_dataset_with_every_pass_can_be_sent(photos: Path, pickled: Callable[[Any], Any]) -> None:
    """Spawned workers make the same samples."""
    made = loader(photos, chain="RandomResizedCrop(16); RandomHorizontalFlip(); ToTensor(); Normalize([0.5], [0.25])")
    sent = pickled(made.dataset)
    assert all(torch.equal(made.dataset[i][0], sent[i][0]) for i in range(4))
    assert made.dataset[0][0].is_contiguous()
