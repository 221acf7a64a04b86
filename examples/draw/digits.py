"""Draw `digits/MNIST/raw`: slanted digits in MNIST's own idx files, 28 x 28 grey, 1,200 to train and 200 to test.

Run as `python examples/draw/digits.py [DIRECTORY]`.

The file names and the layout are those that `torchvision.datasets.MNIST(root)` looks for below its root.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIDE = 28
SCALE = 4
COUNTS = {"train": 1200, "t10k": 200}


def digit(rng: np.random.Generator, number: int) -> np.ndarray:
    """One digit, (28, 28) uint8: white on black, slanted, turned, stretched, off centre, pen and noise of its own."""
    side = SIDE * SCALE
    picture = Image.new("L", (side, side))
    font = ImageFont.load_default(size=rng.uniform(19, 24) * SCALE)
    pen = int(rng.integers(0, 4))
    ImageDraw.Draw(picture).text((side / 2, side / 2), str(number), 255, font, anchor="mm", stroke_width=pen)
    turn, shear = rng.normal(0, 0.16), rng.normal(0, 0.14)
    stretch = rng.uniform(0.85, 1.25, 2)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ [[1, shear], [0, 1]] * stretch
    shift = rng.uniform(-2.5, 2.5, 2) * SCALE
    offset = side / 2 - matrix @ (side / 2 + shift)
    a, b, c, d, e, f = matrix[0, 0], matrix[0, 1], offset[0], matrix[1, 0], matrix[1, 1], offset[1]
    picture = picture.transform((side, side), Image.Transform.AFFINE, (a, b, c, d, e, f), Image.Resampling.BICUBIC)
    picture = picture.filter(ImageFilter.GaussianBlur(SCALE * 0.35)).resize((SIDE, SIDE), Image.Resampling.BOX)
    ink = np.asarray(picture, np.float32)
    return np.clip(ink * rng.uniform(0.8, 1.0) + rng.normal(0, 10, ink.shape) * (ink > 8), 0, 255).astype(np.uint8)


def write_idx(path: Path, array: np.ndarray) -> None:
    """The idx format: two zero bytes, the element type (8: uint8), how many dimensions, each as a big-endian int32."""
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    path.write_bytes(header + array.tobytes())


def main(folder: Path) -> None:
    """Draw both parts into `folder`."""
    rng = np.random.default_rng(28)
    folder.mkdir(parents=True, exist_ok=True)
    for part, count in COUNTS.items():
        labels = rng.permutation(np.arange(count) % 10).astype(np.uint8)
        write_idx(folder / f"{part}-images-idx3-ubyte", np.stack([digit(rng, int(label)) for label in labels]))
        write_idx(folder / f"{part}-labels-idx1-ubyte", labels)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "digits" / "MNIST" / "raw")
