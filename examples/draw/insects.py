"""Draw `insects/`: ants and bees, as `train/ants`, `train/bees`, `val/ants`, `val/bees`, pictures of differing sizes.

Run as `python examples/draw/insects.py [DIRECTORY]`.

The folders have the layout of PyTorch's transfer-learning tutorial.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE = 400
"""Every insect is drawn on a square of this side, then turned and shrunk."""

COUNTS = {"train": 40, "val": 16}
"""Pictures of each class in each part."""

Colour = tuple[int, ...]


def ground(rng: np.random.Generator, low: Colour, high: Colour) -> Image.Image:
    """A soft, blotchy background between two colours."""
    blotches = rng.random((7, 7)).astype(np.float32)
    mask = Image.fromarray((blotches * 255).astype(np.uint8)).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    return Image.composite(Image.new("RGB", (SIZE, SIZE), high), Image.new("RGB", (SIZE, SIZE), low), mask)


def oval(draw: ImageDraw.ImageDraw, x: float, y: float, width: float, height: float, fill: Colour) -> None:
    """An ellipse by its centre."""
    draw.ellipse((x - width / 2, y - height / 2, x + width / 2, y + height / 2), fill=fill)


def legs(draw: ImageDraw.ImageDraw, rng: np.random.Generator, reach: float, width: int, fill: Colour) -> None:
    """Six bent legs from the middle of the body."""
    for side in (-1, 1):
        for slant in (-0.75, 0.05, 0.8):
            bend = slant + rng.normal(0, 0.08)
            knee = (200 + side * reach * 0.6, 185 + bend * reach * 0.55)
            foot = (200 + side * reach, 185 + bend * reach * 1.35)
            draw.line([(200, 185), knee, foot], fill=fill, width=width, joint="curve")


def feelers(draw: ImageDraw.ImageDraw, top: float, reach: float, fill: Colour) -> None:
    """Two bent antennae from the head."""
    for side in (-1, 1):
        elbow, tip = (200 + side * reach * 0.5, top - reach * 0.6), (200 + side * reach, top - reach)
        draw.line([(200, top), elbow, tip], fill, 7)


def ant(rng: np.random.Generator) -> Image.Image:
    """Three dark beads on long thin legs."""
    picture = Image.new("RGBA", (SIZE, SIZE))
    draw = ImageDraw.Draw(picture)
    shade = rng.uniform(0.7, 1.3)
    dark = (int(70 * shade), int(34 * shade), int(20 * shade), 255)
    glint = (dark[0] + 70, dark[1] + 70, dark[2] + 70, 255)
    legs(draw, rng, reach=rng.uniform(120, 145), width=8, fill=dark)
    feelers(draw, 92, 55, dark)
    for y, width, height in ((285, 95, 135), (185, 52, 82), (105, 72, 72)):
        oval(draw, 200, y, width * rng.uniform(0.92, 1.08), height, dark)
        oval(draw, 188, y - height * 0.18, width * 0.22, height * 0.25, glint)
    return picture


def bee(rng: np.random.Generator) -> Image.Image:
    """A plump yellow body with black stripes and two pairs of pale wings."""
    picture = Image.new("RGBA", (SIZE, SIZE))
    draw = ImageDraw.Draw(picture)
    black = (34, 28, 24, 255)
    yellow = (int(rng.uniform(225, 250)), int(rng.uniform(165, 195)), 30, 255)
    legs(draw, rng, reach=95, width=9, fill=black)
    feelers(draw, 78, 40, black)
    body = Image.new("RGBA", (SIZE, SIZE))
    paint = ImageDraw.Draw(body)
    width = rng.uniform(122, 142)
    oval(paint, 200, 255, width, 200, yellow)
    stripes = Image.new("L", (SIZE, SIZE))
    for y in (225, 272, 319):
        ImageDraw.Draw(stripes).rectangle((0, y - 12, SIZE, y + 12), fill=255)
    striped = Image.composite(stripes, Image.new("L", body.size), body.getchannel("A"))
    body.paste(Image.new("RGBA", body.size, black), mask=striped)
    picture.alpha_composite(body)
    oval(draw, 200, 160, 104, 92, (150, 105, 40, 255))
    oval(draw, 200, 95, 74, 64, black)
    for side in (-1, 1):
        wing = Image.new("RGBA", (SIZE, SIZE))
        oval(ImageDraw.Draw(wing), 200, 110, 66, 165, (225, 236, 248, 205))
        oval(ImageDraw.Draw(wing), 200, 95, 40, 110, (250, 252, 255, 225))
        turn = -side * rng.uniform(62, 76)
        picture.alpha_composite(wing.rotate(turn, Image.Resampling.BICUBIC, center=(200, 178)))
    return picture


DRAW = {"ants": (ant, (196, 172, 130), (226, 208, 172)), "bees": (bee, (92, 140, 70), (150, 190, 104))}
"""How to draw each class, and the two colours of the ground it sits on: sand, a meadow."""


def insect(rng: np.random.Generator, name: str) -> Image.Image:
    """One picture: an insect on its ground, turned any way, of a size of its own."""
    draw, low, high = DRAW[name]
    if rng.random() < 0.35:  # now and then on the other's ground: the ground alone must not give the class away
        _, low, high = DRAW["ants" if name == "bees" else "bees"]
    picture = ground(rng, low, high)
    body = draw(rng).rotate(rng.uniform(0, 360), resample=Image.Resampling.BICUBIC)
    shadow = body.getchannel("A").point(lambda alpha: alpha * 0.3).filter(ImageFilter.GaussianBlur(5))
    picture.paste((0, 0, 0), (10, 14), shadow)
    picture.paste(body, mask=body)
    width, height = (int(side) for side in rng.integers(88, 137, 2))
    scale = max(width, height) / SIZE
    side = round(SIZE * scale)
    small = picture.resize((side, side), Image.Resampling.LANCZOS)
    left, top = (side - width) // 2, (side - height) // 2
    return small.crop((left, top, left + width, top + height))


def main(folder: Path) -> None:
    """Draw every part and class into `folder`."""
    rng = np.random.default_rng(6)
    for part, count in COUNTS.items():
        for name in DRAW:
            (folder / part / name).mkdir(parents=True, exist_ok=True)
            for number in range(count):
                path = folder / part / name / f"{name[:-1]}_{number:02d}.jpg"
                insect(rng, name).save(path, quality=70, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "insects")
