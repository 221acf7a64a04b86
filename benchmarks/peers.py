"""How fast is the JPEG chain of `jpeg.py` beside other systems: DALI on the CPU, tf.data, Grain, SPDL?

`pip install -e ".[benchmark]"` installs them; those that are not there are left out. Each is a short pipeline of the
kind that was the fastest of several: DALI and tf.data decode only the part that is cropped; Grain and SPDL run
torchvision's decoder, crop bytes and make floats of whole batches. "fast" leaves out antialiasing, so it makes other
pixels, as `optimize = fast` may. Every way has a process of its own, which idles while the others have their turn, and
two threads or workers. The clock starts when two batches have come: building a graph and starting workers do not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_context
from operator import truediv
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import images
from harness import Bench, main, rate, version_of

if TYPE_CHECKING:  # what a way needs is imported in its own process: tf.data and DALI run without torch
    import torch

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
BATCH, WORKERS = 64, 2
AREA, ASPECT = (0.08, 1.0), (3 / 4, 4 / 3)


def run(bench: Bench) -> None:
    """The tables."""
    folder = images.photos(bench.folder / "photos", 2 * BATCH if bench.quick else 10 * BATCH)
    with ExitStack() as stack:

        def alone(way: Callable[[Path], Iterable[Any]]) -> Callable[[], float]:
            pool = stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))
            return lambda: pool.submit(measured, way, folder, 0 if bench.quick else 2).result()

        ways = {"tutorial": tutorial, "feedline": feedline, "feedline, fast": partial(feedline, optimize="fast")}
        variants = {name: alone(way) for name, way in (ways | peers(bench)).items()}
        found = bench.compare(f"500 x 375, batch {BATCH}, {WORKERS} workers or threads", variants, peer="tutorial")
    ours = ("feedline", "feedline, fast")
    rows = [
        (name, *(f"{median(map(truediv, found[mine].values, one.values)):.2f}" for mine in ours))
        for name, one in found.items()
        if name not in ours
    ]
    bench.table("feedline against each of them, medians of the rounds' ratios", ("", *ours), rows)


def peers(bench: Bench) -> dict[str, Callable[[Path], Iterable[Any]]]:
    """The systems that are installed; a line says of which packages each is, and which are not there."""
    found: dict[str, Callable[[Path], Iterable[Any]]] = {}
    for packages, ways in (
        (("nvidia-dali-cuda120", "nvidia-dali-cuda130"), {"DALI": dali, "DALI, fast": partial(dali, exact=False)}),
        (("tensorflow-cpu", "tensorflow"), {"tf.data": tf_data, "tf.data, fast": partial(tf_data, exact=False)}),
        (("grain",), {"Grain": grain}),
        (("spdl",), {"SPDL": spdl}),
    ):
        installed = [f"{package} {number}" for package in packages if (number := version_of(package))]
        if installed:
            found |= ways
            bench.note(f"{next(iter(ways))} is {installed[0]}.")
        else:
            bench.note(f"Left out: {next(iter(ways))}; {' or '.join(packages)} is not installed.")
    return found


def measured(way: Callable[[Path], Iterable[Any]], folder: Path, skip: int) -> float:
    """Images a second of an epoch after its first batches."""
    return rate(way(folder), BATCH, skip=skip)


def tutorial(folder: Path) -> Iterable[Any]:
    """What torchvision's tutorials write, two worker processes."""
    import jpeg

    return jpeg.tutorial(folder)


def feedline(folder: Path, optimize: str = "exact") -> Iterable[Any]:
    """The `.pipe` file of `jpeg.py`."""
    import jpeg

    import feedline

    text = jpeg.PIPE.format(folder=folder, batch=BATCH, workers=WORKERS, more=f"optimize = {optimize}")
    return feedline.compile(text).train


def samples(folder: Path) -> tuple[list[str], list[int]]:
    """Paths and labels, as `ImageFolder` has them."""
    paths = sorted(folder.glob("*/*.jpg"))
    classes = sorted({path.parent.name for path in paths})
    return [str(path) for path in paths], [classes.index(path.parent.name) for path in paths]


def dali(folder: Path, exact: bool = True) -> Iterator[Any]:
    """Decode the region, resize, mirror and normalise in one operator; if not `exact` without antialiasing."""
    from nvidia.dali import fn, types
    from nvidia.dali.pipeline import pipeline_def

    paths, labels = samples(folder)

    @pipeline_def
    def graph() -> Any:
        data, label = fn.readers.file(files=paths, labels=labels, random_shuffle=True, initial_fill=len(paths))
        pixels = fn.decoders.image_random_crop(data, random_area=AREA, random_aspect_ratio=ASPECT)
        pixels = fn.resize(pixels, resize_x=224, resize_y=224, antialias=exact)
        mean, std = [255 * one for one in MEAN], [255 * one for one in STD]
        mirror = fn.random.coin_flip()
        return fn.crop_mirror_normalize(pixels, dtype=types.FLOAT, mirror=mirror, mean=mean, std=std), label

    pipe = graph(batch_size=BATCH, num_threads=WORKERS, device_id=None, seed=1)
    pipe.build()
    for _ in range(len(paths) // BATCH):
        pixels, label = pipe.run()
        yield pixels.as_tensor(), label.as_tensor()


def tf_data(folder: Path, exact: bool = True) -> Iterable[Any]:
    """Decode the region, resize, normalise the batch (NHWC); if not `exact` with the fast integer transform and without
    antialiasing."""
    import tensorflow as tf

    def sample(path: Any, label: Any) -> Any:
        data = tf.io.read_file(path)
        start, size, _ = tf.image.sample_distorted_bounding_box(
            tf.image.extract_jpeg_shape(data), tf.zeros((1, 0, 4)), aspect_ratio_range=ASPECT, area_range=AREA,
            max_attempts=10, use_image_if_no_bounding_boxes=True,
        )  # fmt: skip
        window = tf.concat([start[:2], size[:2]], 0)
        method = "INTEGER_ACCURATE" if exact else "INTEGER_FAST"
        pixels = tf.image.decode_and_crop_jpeg(data, window, channels=3, dct_method=method)
        pixels = tf.image.resize(pixels, (224, 224), antialias=exact)
        return tf.image.random_flip_left_right(pixels), label

    def normalise(pixels: Any, labels: Any) -> Any:
        return (pixels / 255 - MEAN) / STD, labels

    paths, labels = samples(folder)
    data = tf.data.Dataset.from_tensor_slices((paths, labels)).shuffle(len(paths))
    data = data.map(sample, num_parallel_calls=WORKERS, deterministic=False).batch(BATCH, drop_remainder=True)
    options = tf.data.Options()
    options.threading.private_threadpool_size = WORKERS
    return data.map(normalise).prefetch(2).with_options(options)


def grain(folder: Path) -> Iterable[Any]:
    """Samples in two threads, batches in the thread that asks."""
    from grain import MapDataset, ReadOptions

    crop = cropped()
    data = MapDataset.source(list(zip(*samples(folder), strict=True))).shuffle(seed=1)
    data = data.map(lambda pair: (crop(pair[0]), pair[1]))
    threads = ReadOptions(num_threads=WORKERS, prefetch_buffer_size=2 * BATCH)
    return data.to_iter_dataset(threads).batch(BATCH, drop_remainder=True, batch_fn=stacked)


def spdl(folder: Path) -> Iterator[Any]:
    """Whole batches in two threads."""
    import torch
    from spdl.pipeline import PipelineBuilder

    crop = cropped()
    pairs = list(zip(*samples(folder), strict=True))

    def batch(chosen: Sequence[tuple[str, int]]) -> Any:
        return stacked([(crop(path), label) for path, label in chosen])

    source = (pairs[place] for place in torch.randperm(len(pairs)).tolist())
    builder = PipelineBuilder().add_source(source).aggregate(BATCH, drop_last=True)
    pipeline = builder.pipe(batch, concurrency=WORKERS).add_sink(2).build(num_threads=WORKERS)
    with pipeline.auto_stop():
        yield from pipeline.get_iterator()


def cropped() -> Callable[[str], torch.Tensor]:
    """From a path to 3 x 224 x 224 bytes, by torchvision on tensors, one torch thread."""
    import jpeg
    import torch
    from torchvision.transforms import v2

    torch.set_num_threads(1)
    steps = v2.Compose([v2.RandomResizedCrop(224, antialias=True), v2.RandomHorizontalFlip()])
    return lambda path: steps(jpeg.decode(path))


def stacked(chosen: Sequence[tuple[torch.Tensor, int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch of floats, normalised, and its labels."""
    import torch

    mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (MEAN, STD))
    pixels, labels = zip(*chosen, strict=True)
    return torch.stack(pixels).float().div_(255).sub_(mean).div_(std), torch.tensor(labels)


if __name__ == "__main__":
    main("JPEG training chain beside other systems", run)
