"""A sample kept in a file, and what befalls the file: death of a writer, two at once, a full disk, damage."""

import errno
import hashlib
import multiprocessing
import os
import pickle
import signal
import struct
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from attrs import evolve
from chains import detection, image
from torchvision import tv_tensors

from feedline.runtime.cache.files import FORMAT, ROW, Header, listed, remove
from feedline.runtime.cache.folder import in_memory, on_disk
from feedline.runtime.cache.own import OwnMemory
from feedline.runtime.cache.record import NotKept
from feedline.runtime.cache.store import Store

FREE = 1 << 30
HEADER = Header("0" * 16, "Resize(256)", ("a.pipe: train",), 100)


def digest(number: int) -> bytes:
    """The digest of sample `number`."""
    return hashlib.blake2b(b"%d" % number, digest_size=16).digest()


def sample(number: int) -> dict[str, Any]:
    """A sample with an image of its own size."""
    return {"image": image(8 + number % 5, 12, seed=number), "label": number}


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two samples are equal to the bit, with the same types and what these carry."""

    def equal(a: Any, b: Any) -> bool:
        if not isinstance(a, torch.Tensor):
            return type(a) is type(b) and repr(a) == repr(b)
        return type(a) is type(b) and a.dtype == b.dtype and torch.equal(a, b) and a.__dict__ == b.__dict__

    return list(one) == list(other) and all(equal(one[name], other[name]) for name in one)


def store(folder: Path, limit: int = FREE) -> Store:
    """The store of a folder, as another process would open it."""
    return on_disk(str(folder), HEADER, limit)


def files(folder: Path) -> Path:
    """The folder of the one cache in `folder`."""
    return folder / HEADER.key


@pytest.mark.parametrize("lend", [False, True])
def test_a_sample_comes_back_to_the_bit(tmp_path: Path, lend: bool) -> None:
    """Every kind of field, with its type, its dtype and what it carries beside its values."""
    kept = {
        **detection(),
        "points": tv_tensors.KeyPoints(torch.rand(3, 2), canvas_size=(24, 32)),  # pyright: ignore[reportCallIssue]  (the stubs do not know the keywords)
        "name": "é\udcff",
        "score": float("nan"),
        "weight": 0.1,
        "bright": True,
        "empty": torch.zeros(0, 4),
        "single": torch.tensor(7, dtype=torch.int16),
        "nothing": None,
    }
    one = store(tmp_path)
    one.put(digest(1), kept)
    found = store(tmp_path).get(digest(1), lend)
    assert found is not None and same(kept, found)


def test_the_order_of_axes_in_memory_is_kept(tmp_path: Path) -> None:
    """Kernels choose by it."""
    pixels = tv_tensors.Image(torch.arange(60, dtype=torch.uint8).view(4, 5, 3).permute(2, 0, 1))
    one = store(tmp_path)
    one.put(digest(0), {"image": pixels})
    found = one.get(digest(0), lend=True)
    assert found is not None and torch.equal(pixels, found["image"]) and found["image"].stride() == pixels.stride()


def test_what_is_not_lent_may_be_written_into(tmp_path: Path) -> None:
    """The next read gives the kept values again."""
    one = store(tmp_path)
    one.put(digest(0), sample(0))
    found = one.get(digest(0), lend=False)
    assert found is not None
    found["image"].zero_()
    again = one.get(digest(0), lend=True)
    assert again is not None and same(sample(0), again)


def test_a_field_without_a_form_is_refused(tmp_path: Path) -> None:
    """The text says which."""
    with pytest.raises(NotKept, match="its field `what` is a object"):
        store(tmp_path).put(digest(0), {"image": image(), "what": object()})


@pytest.mark.parametrize("kind", ["disk", "own"])
@pytest.mark.parametrize("lend", [False, True])
def test_an_image_is_laid_out_as_planes_where_it_is_kept(tmp_path: Path, kind: str, lend: bool) -> None:
    """What comes back at once and what is read afterwards are equal; what was given is left alone."""
    given = {
        **detection(),
        "image": tv_tensors.Image(torch.arange(60, dtype=torch.uint8).view(4, 5, 3).permute(2, 0, 1)),
    }
    one = store(tmp_path) if kind == "disk" else OwnMemory(FREE)
    made = one.put(digest(0), given, flat=True, lend=lend)
    found = one.get(digest(0), lend)
    assert found is not None and same(given, found) and found["image"].is_contiguous()
    if kind == "disk" or lend:
        assert made is not None and same(given, made) and made["image"].is_contiguous()
    assert not given["image"].is_contiguous()


def test_what_one_process_keeps_for_itself() -> None:
    """Up to the limit; what is not lent may be written into; another process gets none of the room."""
    one = OwnMemory(2000)
    for number in range(20):
        assert one.put(digest(number), sample(number)) is None, "nobody may write into what is kept"
    assert one.stopped == "it has taken all that it may"
    found = [one.get(digest(number), lend=True) for number in range(20)]
    kept = [number for number, each in enumerate(found) if each is not None and same(sample(number), each)]
    assert kept == list(range(len(kept))) and 0 < len(kept) < 20
    written = one.get(digest(0), lend=False)
    assert written is not None
    written["image"].zero_()
    again = one.get(digest(0), lend=True)
    assert again is not None and same(sample(0), again)
    sent = pickle.loads(pickle.dumps(one))
    sent.put(digest(0), sample(0))
    assert sent.get(digest(0), lend=True) is None


def test_a_store_in_memory_is_shared_by_processes_however_started() -> None:
    """What a worker keeps the main process reads."""
    for method in ("fork", "spawn"):
        one, owned = in_memory(100, FREE)
        worker = multiprocessing.get_context(method).Process(target=_fill, args=(one, range(10)))
        worker.start()
        worker.join()
        found = [one.get(digest(number), lend=True) for number in range(10)]
        assert all(each is not None and same(sample(number), each) for number, each in enumerate(found))
        for file in owned:
            os.close(file)


def _fill(one: Store, numbers: range) -> None:
    for number in numbers:
        one.put(digest(number), sample(number))


def test_two_processes_fill_at_once(tmp_path: Path) -> None:
    """Each its own samples and some of the other's; all are there afterwards, and all are right."""
    context = multiprocessing.get_context("fork")
    one = store(tmp_path)
    workers = [context.Process(target=_fill, args=(one, range(start, start + 60))) for start in (0, 40)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    other = store(tmp_path)
    for number in range(100):
        found = other.get(digest(number), lend=False)
        assert found is None or same(sample(number), found)
    missing = [number for number in range(100) if other.get(digest(number), lend=False) is None]
    assert len(missing) <= 2, "rows that both claimed at once are few"


def test_a_process_killed_while_it_writes_harms_nothing(tmp_path: Path) -> None:
    """What is there is right, and the rest is kept by the next."""
    one = store(tmp_path)
    worker = multiprocessing.get_context("fork").Process(target=_fill_for_ever, args=(one,))
    worker.start()
    while not one._flags.view[0] and (files(tmp_path) / "samples").stat().st_size < 200_000:
        time.sleep(0.001)
    os.kill(worker.pid or 0, signal.SIGKILL)
    worker.join()
    other = store(tmp_path)
    for number in range(100):
        found = other.get(digest(number), lend=True)
        assert found is None or same(sample(number), found)
    _fill(other, range(100))
    assert all(other.get(digest(number), lend=True) is not None for number in range(100))


def _fill_for_ever(one: Store) -> None:
    while True:
        _fill(one, range(100))


def test_a_torn_row_is_no_sample(tmp_path: Path) -> None:
    """A row whose place and digest do not belong together is not believed."""
    one = store(tmp_path)
    _fill(one, range(2))
    table = bytearray((files(tmp_path) / "table").read_bytes())
    rows = [at for at in range(0, len(table), ROW.size) if any(table[at : at + 16])]
    first, second = rows
    table[first + 16 : first + ROW.size] = table[second + 16 : second + ROW.size]
    (files(tmp_path) / "table").write_bytes(table)
    found = [store(tmp_path).get(digest(number), lend=True) for number in range(2)]
    assert sum(each is not None for each in found) == 1


@pytest.mark.parametrize("damage", ["flipped", "zeroed", "cut", "empty", "gone"])
def test_damaged_records_are_written_again(tmp_path: Path, damage: str) -> None:
    """No wrong byte comes out, and afterwards every sample is there."""
    _fill(store(tmp_path), range(20))
    data = files(tmp_path) / "samples"
    content = bytearray(data.read_bytes())
    match damage:
        case "flipped":
            for at in range(300, len(content), 700):
                content[at] ^= 1
        case "zeroed":
            content[: len(content) // 2] = bytes(len(content) // 2)
        case "cut":
            del content[len(content) // 3 :]
        case "empty":
            content.clear()
    data.unlink()
    if damage != "gone":
        data.write_bytes(content)
    other = store(tmp_path)
    before = [other.get(digest(number), lend=True) for number in range(20)]
    assert any(found is None for found in before)
    assert all(found is None or same(sample(number), found) for number, found in enumerate(before))
    _fill(other, range(20))
    found = [store(tmp_path).get(digest(number), lend=True) for number in range(20)]
    assert all(each is not None and same(sample(number), each) for number, each in enumerate(found))


@pytest.mark.parametrize("name", ["cache.json", "table"])
@pytest.mark.parametrize("content", [b"", b"{", os.urandom(1000), b'{"key": "other"}'])
def test_a_damaged_header_or_table_is_made_again(tmp_path: Path, name: str, content: bytes) -> None:
    """The cache is filled as if it were new."""
    _fill(store(tmp_path), range(5))
    (files(tmp_path) / name).write_bytes(content)
    other = store(tmp_path)
    _fill(other, range(5))
    found = [other.get(digest(number), lend=True) for number in range(5)]
    assert all(each is not None and same(sample(number), each) for number, each in enumerate(found))


def test_a_table_of_noise_gives_no_sample(tmp_path: Path) -> None:
    """Of the right size, and wrong in every row."""
    _fill(store(tmp_path), range(5))
    table = files(tmp_path) / "table"
    table.write_bytes(os.urandom(table.stat().st_size))
    assert [store(tmp_path).get(digest(number), lend=True) for number in range(5)] == [None] * 5


def test_a_cache_of_another_format_is_made_again(tmp_path: Path) -> None:
    """Its files may mean anything."""
    _fill(store(tmp_path), range(3))
    (files(tmp_path) / "cache.json").write_text(f'{{"key": "{HEADER.key}", "steps": "", "format": {FORMAT + 1}}}')
    assert store(tmp_path).get(digest(0), lend=True) is None


def test_more_samples_than_the_table_was_made_for(tmp_path: Path) -> None:
    """It is made larger, and what was kept is still there."""
    _fill(store(tmp_path), range(100))
    rows = (files(tmp_path) / "table").stat().st_size
    other = on_disk(str(tmp_path), Header(HEADER.key, "", (), 5000), FREE)
    assert (files(tmp_path) / "table").stat().st_size > rows
    assert all(other.get(digest(number), lend=True) is not None for number in range(100))


def test_a_process_that_starts_after_the_table_has_grown(tmp_path: Path) -> None:
    """It finds every sample, wherever its row is now, and looks at each record's checksum."""
    one = store(tmp_path)
    _fill(one, range(100))
    _fill(on_disk(str(tmp_path), Header(HEADER.key, "", (), 5000), FREE), range(100, 500))
    later, latest = (pickle.loads(pickle.dumps(one)) for _ in range(2))
    found = [later.get(digest(number), lend=True) for number in range(500)]
    assert all(each is not None and same(sample(number), each) for number, each in enumerate(found))
    samples = files(tmp_path) / "samples"
    content = bytearray(samples.read_bytes())
    content[-64:] = bytes(64)
    samples.write_bytes(content)
    assert latest.get(digest(499), lend=True) is None and latest.get(digest(498), lend=True) is not None


def test_a_table_without_room_for_a_sample_takes_no_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that could not be made larger."""
    one = store(tmp_path)
    _fill(one, range(3))
    size = (files(tmp_path) / "samples").stat().st_size
    monkeypatch.setattr("feedline.runtime.cache.store._PROBES", 0)
    assert one.put(digest(3), sample(3)) is None
    assert (files(tmp_path) / "samples").stat().st_size == size


def test_memory_that_is_gone_is_no_file_of_the_users(tmp_path: Path) -> None:
    """What has its number by now is neither read nor written; a named pipe makes nobody wait."""
    one, memory = in_memory(100, FREE)
    later, latest = (pickle.loads(pickle.dumps(one)) for _ in range(2))
    for file in memory:
        os.close(file)
    mine = tmp_path / "mine.bin"
    mine.write_bytes(bytes(1 << 16))
    opened = [os.open(mine, os.O_RDWR) for _ in memory]
    assert sorted(opened) == sorted(memory)
    later.put(digest(0), sample(0))
    assert later.get(digest(0), lend=True) is None and later.stopped is not None
    assert mine.read_bytes() == bytes(1 << 16)
    os.mkfifo(tmp_path / "pipe")
    for file in opened:
        os.close(file)
    opened = [os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK) for _ in memory]
    assert latest.get(digest(0), lend=True) is None
    for file in opened:
        os.close(file)


def test_memory_where_python_knows_no_memfd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nameless files of another kind serve as well."""
    monkeypatch.delattr(os, "memfd_create")
    one, memory = in_memory(100, FREE)
    one.put(digest(0), sample(0))
    found = pickle.loads(pickle.dumps(one)).get(digest(0), lend=False)
    assert found is not None and same(sample(0), found)
    for file in memory:
        os.close(file)


def test_files_are_closed_when_the_interpreter_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where modules are gone before what uses them."""
    one = store(tmp_path)
    _fill(one, range(3))
    opened = one._opened
    assert opened is not None
    places = (opened.table, opened.data)
    del opened
    with monkeypatch.context() as ending:
        ending.setattr("feedline.runtime.cache.store.os", None)
        del one
    for place in places:
        with pytest.raises(OSError):
            os.fstat(place)


def test_a_full_disk_ends_the_writing_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept is still read, the next sample is not kept, and why is known."""
    one = store(tmp_path)
    _fill(one, range(3))
    write, full = os.write, OSError(errno.ENOSPC, "No space left on device")

    def half(file: int, content: memoryview) -> int:
        monkeypatch.setattr(os, "write", _raising(full))
        return write(file, content[:100])

    monkeypatch.setattr(os, "write", half)
    one.put(digest(3), sample(3))
    assert one.stopped == "no space left on device"
    monkeypatch.undo()
    one.put(digest(4), sample(4))
    assert [one.get(digest(number), lend=True) is None for number in range(5)] == [False] * 3 + [True] * 2
    other = store(tmp_path)
    _fill(other, range(5))
    found = [other.get(digest(number), lend=True) for number in range(5)]
    assert all(each is not None and same(sample(number), each) for number, each in enumerate(found))


def _raising(error: OSError) -> Any:
    def raising(*_: object) -> int:
        raise error

    return raising


def test_no_more_than_the_limit_is_written(tmp_path: Path) -> None:
    """The last sample that fits is kept."""
    one = store(tmp_path, limit=2000)
    _fill(one, range(20))
    assert (files(tmp_path) / "samples").stat().st_size <= 2000
    assert one.stopped == "it has taken all that it may"
    assert one.get(digest(0), lend=True) is not None


def test_a_folder_that_cannot_be_written_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a read-only mount, by other loaders too, and a larger one; why no more is kept is said when it is tried."""
    _fill(store(tmp_path), range(3))
    opened = os.open

    def read_only(path: Any, flags: int, *rest: Any, **more: Any) -> int:
        if flags & (os.O_RDWR | os.O_WRONLY):
            raise OSError(errno.EROFS, "Read-only file system")
        return opened(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", read_only)
    for header in (HEADER, evolve(HEADER, loaders=("b.pipe: val",)), evolve(HEADER, total=5000)):
        one = on_disk(str(tmp_path), header, FREE)
        found = one.get(digest(2), lend=True)
        assert found is not None and same(sample(2), found) and one.stopped is None
        one.put(digest(9), sample(9))
        assert one.stopped == "read-only file system"
        assert one.get(digest(9), lend=True) is None


def test_a_folder_lists_its_caches_and_removes_them(tmp_path: Path) -> None:
    """Other files of the folder are nobody's caches and stay."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "notes.txt").write_text("keep")
    one = store(tmp_path)
    _fill(one, range(7))
    (found,) = listed(str(tmp_path))
    assert (7, "Resize(256)", 100) == (
        found.kept,
        found.header and found.header.steps,
        found.header and found.header.total,
    )
    assert found.size > 0 and abs(found.used - time.time()) < 3600
    remove(found.path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "notes.txt"]
    _fill(one, range(7, 9))
    assert one.get(digest(8), lend=True) is not None, "who has the files open goes on with them"


def test_nothing_in_the_files_is_a_pickle(tmp_path: Path) -> None:
    """The header and the front of each record are JSON."""
    _fill(store(tmp_path), range(3))
    for path in files(tmp_path).iterdir():
        with pytest.raises((pickle.UnpicklingError, EOFError, ValueError, KeyError, struct.error)):
            pickle.loads(path.read_bytes())
