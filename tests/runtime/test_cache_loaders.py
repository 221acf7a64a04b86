"""Loaders whose samples are kept: the batches are those of the chain as written, whatever becomes of the files."""

import copy
import errno
import gc
import logging
import os
import re
import shutil
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import feedline
from feedline.runtime.cache import budget
from feedline.runtime.cache.files import listed
from feedline.runtime.loader import Loader
from feedline.runtime.sources.metadata import ImageFiles

CHAIN = "Resize(12); RandomCrop(8); RandomHorizontalFlip(); ToTensor(); Normalize((0.5,), (0.5,))"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Pictures of noise of several sizes, one of them lying on its side by EXIF."""
    for number in range(14):
        folder = tmp_path / "photos" / ("ants" if number % 2 else "bees")
        folder.mkdir(parents=True, exist_ok=True)
        draw(folder / f"{number:02}.png", number)
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = np.random.default_rng(99).integers(0, 256, (20, 14, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photos" / "ants" / "turned.jpg", exif=exif)
    return tmp_path / "photos"


def draw(path: Path, seed: int) -> None:
    """A picture of noise."""
    sides = [(14, 20), (20, 14), (16, 16)][seed % 3]
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*sides, 3), np.uint8)).save(path)


def loader_of(photos: Path, cache: str, chain: str = CHAIN, more: str = "", source: str = "") -> Loader:
    """The loader of a file beside the pictures."""
    path = photos.parent / "train.pipe"
    source = source or 'ImageFolder("photos")'
    sample = "sample { batch 4; order shuffled; seed 3 }"
    path.write_text(
        f"dataset d = {source}\nloader train from d {{ transform {{ {chain} }}; {sample}; cache = {cache}; {more} }}\n"
    )
    return feedline.compile(path).train


def epochs(loader: Loader, count: int = 2) -> list[Any]:
    """The batches of some epochs."""
    return [batch for _ in range(count) for batch in loader]


def equal(one: Any, other: Any) -> bool:
    """Whether batches are the same to the bit, in the same structure."""
    if isinstance(one, torch.Tensor):
        return type(one) is type(other) and one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[name], other[name]) for name in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The positions of the files that are decoded in this process, as they are."""
    found: list[int] = []
    decode = ImageFiles.decode

    def counted(self: ImageFiles, index: int) -> Any:
        found.append(int(index))
        return decode(self, index)

    monkeypatch.setattr(ImageFiles, "decode", counted)
    return found


@pytest.mark.parametrize("cache", ["memory", 'disk("kept")', 'disk("kept", hash=true)'])
@pytest.mark.parametrize("workers", [0, 2])
def test_batches_are_those_without_a_cache(photos: Path, cache: str, workers: int) -> None:
    """In the epoch that fills it, in those after it, and for a second loader of the same file."""
    expected = epochs(loader_of(photos, "off"))
    for _ in range(2):
        assert equal(expected, epochs(loader_of(photos, cache, more=f"num_workers = {workers}")))


@pytest.mark.parametrize(
    "chain",
    [
        "ToTensor()",
        "RandomResizedCrop(8); ToTensor()",
        "Resize((9, 9)); ToTensor(); Normalize((0.5,), (0.5,))",
        "Resize(12); CenterCrop(8); on label { ToDtype(float32) }; GaussianBlur(3); ToTensor()",
        "CenterCrop(10); ColorJitter(0.4); RandomRotation(20); ToTensor()",
        "Grayscale(); Resize((8, 8)); maybe 50% { RandomInvert(p=1.0) }; ToTensor()",
        "Resize(12); views { RandomCrop(8); CenterCrop(8) }; ToTensor()",
        "Pad(2); RandomCrop(8); ToDtype(float32, scale=true); RandomErasing()",
    ],
)
def test_any_front_is_kept_to_the_bit(photos: Path, chain: str, reads: list[int]) -> None:
    """Steps before the first random one, or none; steps after them that look at every pixel."""
    more = "collate list" if chain == "ToTensor()" else ""
    expected = epochs(loader_of(photos, "off", chain, more), 3)
    reads.clear()
    assert equal(expected, epochs(loader_of(photos, "memory", chain, more), 3))
    assert sorted(reads) == list(range(15)), "each file is decoded once"


def test_single_samples_come_from_it_too(photos: Path, reads: list[int]) -> None:
    """And may be written into."""
    off, kept = (
        loader_of(photos, "off", "Resize((8, 8))").dataset,
        loader_of(photos, "memory", "Resize((8, 8))").dataset,
    )
    for _ in range(2):
        image, _ = kept[3]
        assert torch.equal(off[3][0], image)
        image.zero_()
    assert reads.count(3) == 3, "twice without a cache, once with it"


def test_lists_of_images_may_be_written_into(photos: Path) -> None:
    """What a batch holds is nobody else's."""
    expected = epochs(loader_of(photos, "off", "Resize((8, 8))", "collate list"))
    loader = loader_of(photos, "memory", "Resize((8, 8))", "collate list")
    found = []
    for _ in range(2):
        for images, labels in loader:
            found.append(([image.clone() for image in images], labels))
            for image in images:
                image.zero_()
    assert equal(expected, [tuple(batch) for batch in found])


def test_users_code_in_the_chain_may_write_in_place(photos: Path, tmp_path: Path, monkeypatch: Any) -> None:
    """It never sees the kept pixels themselves."""
    (tmp_path / "writing.py").write_text("def blank(image):\n    return image.fill_(0)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    path = photos.parent / "own.pipe"
    path.write_text(
        'dataset d = ImageFolder("photos")\n'
        "loader train from d { transform { Resize((8, 8)); RandomHorizontalFlip(p=0.0);"
        ' maybe 50% { python("writing:blank") } }; sample { batch 5 }; cache = memory }\n'
    )
    loader = feedline.compile(path, allow_python=True).train
    pure = [image for image, _ in map(loader_of(photos, "off", "Resize((8, 8))").dataset.__getitem__, range(15))]
    for _ in range(4):
        images = torch.cat([batch for batch, _ in loader])
        assert all(not image.any() or torch.equal(image, whole) for image, whole in zip(images, pure, strict=True))
        assert any(image.any() for image in images)


def test_another_process_reads_nothing(photos: Path, reads: list[int]) -> None:
    """The disk form outlives the loader, and moves with the folder of its file."""
    expected = epochs(loader_of(photos, 'disk("kept")'))
    reads.clear()
    assert equal(expected, epochs(loader_of(photos, 'disk("kept")')))
    moved = photos.parent.parent / "moved"
    shutil.copytree(photos.parent, moved)
    assert equal(expected, epochs(loader_of(moved / "photos", 'disk("kept")')))
    assert reads == []


def test_a_changed_file_is_read_again(photos: Path, reads: list[int]) -> None:
    """And only that one."""
    epochs(loader_of(photos, 'disk("kept")'))
    draw(photos / "ants" / "05.png", seed=8)
    os.utime(photos / "bees" / "02.png", (1, 1))
    reads.clear()
    found = epochs(loader_of(photos, 'disk("kept")'))
    assert len(reads) == 2
    assert equal(epochs(loader_of(photos, "off")), found)


def test_with_hash_only_the_content_counts(photos: Path, reads: list[int]) -> None:
    """A new time changes nothing; other pixels in a file of the same size and time do."""
    epochs(loader_of(photos, 'disk("kept", hash=true)'))
    os.utime(photos / "bees" / "02.png", (1, 1))
    changed = photos / "ants" / "05.png"
    stat, content = changed.stat(), changed.read_bytes()
    Image.fromarray(np.asarray(Image.open(changed))[::-1]).save(changed)
    changed.write_bytes(changed.read_bytes()[: len(content)].ljust(len(content), b"\0"))
    os.utime(changed, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    reads.clear()
    found = epochs(loader_of(photos, 'disk("kept", hash=true)'))
    assert len(reads) == 1
    assert equal(epochs(loader_of(photos, "off")), found)


def test_a_new_file_makes_no_other_be_read_again(photos: Path, reads: list[int]) -> None:
    """Though every position after it is another."""
    epochs(loader_of(photos, 'disk("kept")'), 1)
    draw(photos / "ants" / "00new.png", seed=8)
    reads.clear()
    epochs(loader_of(photos, 'disk("kept")'), 1)
    assert len(reads) == 1


def test_a_new_class_gives_the_new_labels(photos: Path) -> None:
    """A label is kept with its pixels, and is part of what they are known by."""
    epochs(loader_of(photos, 'disk("kept")'))
    (photos / "aardvarks").mkdir()
    draw(photos / "aardvarks" / "0.png", seed=3)
    assert equal(epochs(loader_of(photos, "off")), epochs(loader_of(photos, 'disk("kept")')))


@pytest.mark.parametrize(
    "other", ["Resize(13); RandomCrop(8); ToTensor()", "Resize(12, interpolation=nearest); RandomCrop(8); ToTensor()"]
)
def test_another_front_is_another_cache(photos: Path, other: str) -> None:
    """One whose steps or arguments differ; what comes after the front does not matter."""
    epochs(loader_of(photos, 'disk("kept")'), 1)
    epochs(loader_of(photos, 'disk("kept")', "Resize(size=12); RandomCrop(4); ToTensor()"), 1)
    assert len(list(listed(str(photos.parent / "kept")))) == 1
    assert equal(epochs(loader_of(photos, "off", other)), epochs(loader_of(photos, 'disk("kept")', other)))
    assert len(list(listed(str(photos.parent / "kept")))) == 2


@pytest.mark.parametrize("option", ['mode="L"', "exif=false"])
def test_how_a_source_reads_is_part_of_what_is_kept(photos: Path, option: str) -> None:
    """In the same folder, under the same steps."""
    epochs(loader_of(photos, 'disk("kept")'), 1)
    source = f'ImageFolder("photos", {option})'
    off = epochs(loader_of(photos, "off", source=source))
    assert equal(off, epochs(loader_of(photos, 'disk("kept")', source=source)))


def test_boxes_and_masks_are_kept_with_their_image(coco_set: Any, reads: list[int]) -> None:
    """Also those of images without an object."""
    root = coco_set()
    source = f'CocoDetection("{root}/images", "{root}/annotations.json")'
    chain = "Resize((12, 18)); RandomHorizontalFlip(); ToDtype(float32, scale=true)"
    expected = epochs(loader_of(root / "images", "off", chain, source=source))
    reads.clear()
    assert equal(expected, epochs(loader_of(root / "images", 'disk("kept")', chain, source=source)))
    assert len(reads) == 40


def test_rows_of_a_table_and_data_put_together(photos: Path) -> None:
    """Columns beside the image, and labels renumbered by `+`."""
    rows = [
        f"{path.relative_to(photos.parent)},{number},w{number},{number / 3}"
        for number, path in enumerate(sorted(photos.rglob("*.png")))
    ]
    (photos.parent / "rows.csv").write_text("\n".join(["file,label,word,score", *rows]) + "\n")
    table = 'Table("rows.csv", image="file", label="label")'
    chain, more = (
        "Resize((8, 8)); RandomHorizontalFlip(); ToTensor()",
        "collate { image stack; label stack; word list; score stack } as dict",
    )
    expected = epochs(loader_of(photos, "off", chain, more, table))
    assert equal(expected, epochs(loader_of(photos, 'disk("kept")', chain, more, table)))
    assert equal(expected, epochs(loader_of(photos, 'disk("kept")', chain, more, table)))
    both = 'Files("ants/*", root="photos")\ndataset e = Files("bees/*", root="photos")\ndataset f = d + e'
    for cache in ("off", 'disk("kept")', 'disk("kept")'):
        path = photos.parent / "both.pipe"
        path.write_text(
            f"dataset d = {both}\n"
            f"loader train from f {{ transform {{ {chain} }}; sample {{ batch 4 }}; cache = {cache} }}"
        )
        found = epochs(feedline.compile(path).train)
        expected = found if cache == "off" else expected
        assert equal(expected, found)


def test_a_sample_that_cannot_be_read_is_none_that_is_kept(photos: Path) -> None:
    """It is replaced as without a cache, in every epoch; and a file that is gone is not read from the cache."""
    (photos / "ants" / "05.png").write_bytes(b"no picture")
    more = "on error replace"
    expected = epochs(loader_of(photos, "off", more=more))
    assert equal(expected, epochs(loader_of(photos, 'disk("kept")', more=more)))
    loader = loader_of(photos, 'disk("kept")')
    (photos / "bees" / "02.png").unlink()
    with pytest.raises(feedline.LoadError, match="cannot be read"):
        epochs(loader)


def test_a_step_of_the_front_that_fails_names_the_sample(photos: Path) -> None:
    """As it does without a cache."""
    chain = "Pad(13, padding_mode=reflect); RandomHorizontalFlip(); ToTensor()"
    loaders = [loader_of(photos, cache, chain, "collate list") for cache in ("off", "memory")]
    Image.new("RGB", (9, 9)).save(photos / "bees" / "02.png")
    said = []
    for loader in loaders:
        with pytest.raises(feedline.LoadError) as caught:
            epochs(loader)
        said.append([(item.message, item.notes) for item in caught.value.diagnostics])
    assert said[0] == said[1] and "02.png" in str(said[0])


def test_a_full_disk_is_said_once_and_harms_nothing(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches come as without a cache."""
    expected = epochs(loader_of(photos, "off"))

    write = os.write

    def full(file: int, content: Any) -> int:
        if len(content) < 300:
            return write(file, content)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    for workers in (0, 2):
        loader = loader_of(photos, 'disk("kept")', more=f"num_workers = {workers}")
        with pytest.warns(
            feedline.FeedlineWarning, match=r"(?s)FL593.*keeps no more: no space left on device"
        ) as caught:
            assert equal(expected, epochs(loader))
        assert len(caught) == 1


def test_a_folder_that_cannot_be_made_is_said_once(photos: Path) -> None:
    """Something else has its name."""
    (photos.parent / "kept").write_text("a file")
    with pytest.warns(feedline.FeedlineWarning, match="not a directory|exists") as caught:
        assert equal(epochs(loader_of(photos, "off")), epochs(loader_of(photos, 'disk("kept")')))
    assert len(caught) == 1


def test_what_would_take_too_much_is_refused(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the estimate and the `cache` that would allow it, if there is so much room; nothing is made."""

    def refused(cache: str) -> str:
        with pytest.raises(feedline.CompileError, match="FL591") as caught:
            loader_of(photos, cache)
        (found,) = caught.value.diagnostics
        return f"{found.message}; {found.help}"

    text = refused('disk("kept", gb=0.000001)')
    assert re.search(r"would take about 1\d kB, and `gb=1e-06` allows 1 kB", text)
    assert '`cache = disk("kept", gb=0.1)`' in text
    other = photos.parent.parent / "other" / "kept"
    assert f'`cache = disk("{other}", gb=0.1, hash=true)`' in refused(f'disk("{other}", gb=0, hash=true)')
    assert "`gb=0` allows nothing" in refused("memory(gb=0)")
    monkeypatch.setattr("feedline.runtime.cache.build.free_memory", lambda: 17_000)
    assert "`cache = memory(gb=0.1)`" in refused("memory")
    epochs(loader_of(photos, "memory(gb=0.1)"))
    monkeypatch.setattr("feedline.runtime.cache.build.free_memory", lambda: 9_000)
    assert 'there is not so much: keep it on disk, `cache = disk("cache")`, or put' in refused("memory")
    monkeypatch.setattr("feedline.runtime.cache.build.free_disk", lambda folder: 9_000)
    assert "there is not so much: make room, or name a folder on another disk, or put" in refused('disk("kept")')
    assert not (photos.parent / "kept").exists() and not other.exists()


@pytest.mark.parametrize(
    ("groups", "files"),
    [
        ("0::/slurm/job_7/step_0", {"slurm/job_7/memory.max": "8000", "slurm/job_7/memory.current": "1000"}),
        ("0::/", {"memory.max": "8000", "memory.current": "3000", "memory.stat": "anon 1\ninactive_file 2000\n"}),
        (
            "3:cpu:/\n4:cpuset,memory:/job\n0::/",
            {"memory/job/memory.limit_in_bytes": "8000", "memory/job/memory.usage_in_bytes": "1000"},
        ),
        ("0::/job", {"memory.max": "9000", "memory.current": "2000", "job/memory.max": "max"}),
        ("0::/job", {"job/memory.max": "7500", "job/memory.current": "500", "memory.max": "9000"}),
    ],
)
def test_free_memory_is_that_of_the_narrowest_group(
    monkeypatch: pytest.MonkeyPatch, groups: str, files: dict[str, str]
) -> None:
    """Nested ones, of both versions; what the group could drop at once counts as free."""
    texts = {"/proc/self/cgroup": groups, "/proc/meminfo": "MemFree: 1 kB\nMemAvailable: 1000 kB"}
    texts |= {f"/sys/fs/cgroup/{name}": text for name, text in files.items()}
    monkeypatch.setattr(budget, "_lines", lambda path: texts.get(str(path), "").splitlines())
    assert budget.free_memory() == 7000
    monkeypatch.setitem(texts, "/proc/self/cgroup", "")
    assert budget.free_memory() == 1_024_000


def test_elsewhere_than_on_linux_nothing_is_kept(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One warning says so."""
    expected = epochs(loader_of(photos, "off"))
    monkeypatch.setattr("feedline.runtime.cache.build.sys", SimpleNamespace(platform="darwin"))
    with pytest.warns(feedline.FeedlineWarning, match="FL592.*`cache` keeps nothing: this works on Linux alone"):
        loader = loader_of(photos, 'disk("kept")')
    assert equal(expected, epochs(loader))


@pytest.mark.parametrize("workers", ["0", "1; worker_kind = process"])
def test_a_copy_that_outlives_its_loader_keeps_for_itself(photos: Path, workers: str) -> None:
    """No file that the user opens meanwhile is taken for the cache, and nothing is warned of."""
    expected = epochs(loader_of(photos, "off"))
    loader = loader_of(photos, "memory", more=f"num_workers = {workers}")
    for _ in loader:
        pass
    copies = [copy.deepcopy(loader) for _ in range(2)]
    del loader, _
    gc.collect()
    mine = photos.parent / "mine.bin"
    mine.write_bytes(bytes(1 << 16))
    files = [mine.open("r+b") for _ in range(12)]
    with warnings.catch_warnings():
        warnings.simplefilter("error", feedline.FeedlineWarning)
        for each in copies:
            each.set_epoch(0)
            assert equal(expected[:4], list(each)) and equal(expected[4:], list(each))
            kept: Any = each.kept
            assert kept._store.get(kept._digest(0), lend=False) is not None
    assert mine.read_bytes() == bytes(1 << 16)
    for file in files:
        file.close()


@pytest.mark.parametrize("folder", ["photos", "photos/kept"])
def test_a_cache_among_the_classes_is_no_class(photos: Path, folder: str) -> None:
    """Neither for `ImageFolder` nor for a pattern of `Files`."""
    expected = epochs(loader_of(photos, "off"))
    for _ in range(2):
        assert equal(expected, epochs(loader_of(photos, f'disk("{folder}")')))
    assert len(loader_of(photos, f'disk("{folder}")', source='Files("**/*", root="photos")').dataset) == 15


def test_the_size_is_said_before_anything_is_made(photos: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As information of the logger `feedline`, with the folder and the bytes."""
    loader = loader_of(photos, 'disk("kept")')
    with caplog.at_level(logging.INFO, "feedline"):
        epochs(loader)
    (said,) = caplog.messages
    assert re.fullmatch(r"loader `train` keeps 15 samples in `.*kept`: about \d+ kB", said)


def test_the_estimate_is_what_it_takes(photos: Path) -> None:
    """Of headers alone, before any pixel is read."""
    dataset: Any = (loader := loader_of(photos, 'disk("kept")')).dataset
    assert not (photos.parent / "kept").exists()
    epochs(loader, 1)
    (found,) = listed(str(photos.parent / "kept"))
    taken = (Path(found.path) / "samples").stat().st_size
    assert 0.5 < dataset.kept.size.size / taken < 2


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ('ImageFolder("photos", image_backend="pil")', "its images are PIL images"),
        ("FakeData(size=8, image_size=(3, 16, 16))", "its data is in memory, or is read by"),
    ],
)
def test_what_cannot_be_kept_is_warned_of(photos: Path, source: str, why: str) -> None:
    """And read as without a cache."""
    with pytest.warns(feedline.FeedlineWarning, match=f"(?s)FL592.*`cache` keeps nothing: {why}"):
        loader = loader_of(photos, "memory", source=source)
    assert equal(epochs(loader_of(photos, "off", source=source)), epochs(loader))


def test_nothing_is_made_until_batches_are(photos: Path) -> None:
    """Compiling and saving a state write no file, and the state is that without a cache."""
    loader = loader_of(photos, 'disk("kept")')
    assert loader.state_dict() == loader_of(photos, "off").state_dict()
    assert not (photos.parent / "kept").exists()


def test_optimize_off_keeps_nothing(photos: Path, reads: list[int]) -> None:
    """It is the chain as written."""
    with warnings.catch_warnings(record=True):
        epochs(loader_of(photos, "memory", more="optimize = off"))
    assert len(reads) == 30
