"""Draw `fasteners/`: pictures of nuts, bolts and washers, 64 x 64, of which there are 120, 36 and 12.

Run as `python examples/draw/fasteners.py [DIRECTORY]`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SIDE = 64
SCALE = 5
COUNTS = {"bolt": 36, "nut": 120, "washer": 12}

BENCH = (58, 74, 92)
STEEL = (196, 200, 206)
EDGE = (104, 110, 118)


def polygon(sides: int, radius: float, turn: float = 0.0) -> list[tuple[float, float]]:
    """A regular polygon about the middle of the picture."""
    middle = SIDE * SCALE / 2
    angles = turn + np.linspace(0, 2 * np.pi, sides, endpoint=False)
    return [(middle + radius * np.cos(angle), middle + radius * np.sin(angle)) for angle in angles]


def nut(draw: ImageDraw.ImageDraw, size: float, bench: tuple[int, ...]) -> None:
    """A hexagon with a threaded hole."""
    draw.polygon(polygon(6, size), fill=STEEL, outline=EDGE, width=5)
    draw.polygon(polygon(40, size * 0.56), fill=EDGE)
    draw.polygon(polygon(40, size * 0.48), fill=bench)


def washer(draw: ImageDraw.ImageDraw, size: float, bench: tuple[int, ...]) -> None:
    """A flat ring."""
    draw.polygon(polygon(60, size), fill=STEEL, outline=EDGE, width=5)
    draw.polygon(polygon(60, size * 0.45), fill=bench, outline=EDGE, width=5)


def bolt(draw: ImageDraw.ImageDraw, size: float, bench: tuple[int, ...]) -> None:
    """A hexagon head seen from the side, with its threaded shaft."""
    middle = SIDE * SCALE / 2
    half = size * 0.3
    draw.rectangle((middle - half, middle - size * 0.6, middle + half, middle + size * 1.15), fill=STEEL, outline=EDGE)
    for y in np.arange(middle - size * 0.3, middle + size * 1.1, size * 0.17):
        draw.line((middle - half, y + half * 0.3, middle + half, y), fill=EDGE, width=5)
    head = (middle - size * 0.62, middle - size * 1.1, middle + size * 0.62, middle - size * 0.5)
    draw.rounded_rectangle(head, radius=size * 0.12, fill=STEEL, outline=EDGE, width=5)
    for x in (-0.22, 0.22):
        draw.line((middle + size * x, head[1], middle + size * x, head[3]), fill=EDGE, width=5)


DRAW = {"bolt": bolt, "nut": nut, "washer": washer}


def fastener(rng: np.random.Generator, kind: str) -> Image.Image:
    """One fastener on the bench, turned any way."""
    bench = tuple(int(level * rng.uniform(0.8, 1.2)) for level in BENCH)
    picture = Image.new("RGB", (SIDE * SCALE, SIDE * SCALE), bench)
    DRAW[kind](ImageDraw.Draw(picture), rng.uniform(17, 24) * SCALE, bench)
    shift = (int(rng.integers(-20, 21)), int(rng.integers(-20, 21)))
    picture = picture.rotate(rng.uniform(0, 360), Image.Resampling.BICUBIC, translate=shift, fillcolor=bench)
    levels = np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS), np.float32)
    levels = levels * rng.uniform(0.85, 1.1) + rng.normal(0, 3, levels.shape)
    return Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))


def main(folder: Path) -> None:
    """Draw every class into `folder`."""
    rng = np.random.default_rng(12)
    for kind, count in COUNTS.items():
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            fastener(rng, kind).save(folder / kind / f"{kind}_{number:03d}.jpg", quality=70, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "fasteners")
