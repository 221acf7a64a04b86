"""Draw `castings/`: 600 pictures of cast metal plates, 18 of them (3%) with a crack, a scratch or a void.

Run as `python examples/draw/castings.py [DIRECTORY]`.

Writes `images/*.jpg` (128 x 96) and `annotations.json` in the COCO format. As in real annotation files the ids are no
indices (image ids step by 7 from 1001, category ids are 3, 4 and 8), and a flawless casting has no annotation at all.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 128, 96
SCALE = 4
"""Everything is drawn this many times larger and then shrunk, which gives smooth edges."""

COUNT = 600
CATEGORIES = {"scratch": 3, "crack": 4, "void": 8}
FLAWS = {"scratch": 6, "crack": 6, "void": 6}
"""How many castings show each kind of flaw; one of each kind shows a second flaw as well."""

Box = tuple[float, float, float, float]
Points = list[tuple[float, float]]


def plate(rng: np.random.Generator) -> Image.Image:
    """A machined plate seen from above: brushed metal, light from one side, a bore and two bolt holes."""
    width, height = WIDTH * SCALE, HEIGHT * SCALE
    brushed = rng.normal(0, 1, (HEIGHT, WIDTH // 8)).repeat(8, axis=1) * 2.2 + rng.normal(0, 1.2, (HEIGHT, WIDTH))
    across, down = np.meshgrid(np.linspace(-1, 1, WIDTH), np.linspace(-1, 1, HEIGHT))
    angle = rng.uniform(0, 2 * np.pi)
    light = 12 * (np.cos(angle) * across + np.sin(angle) * down)
    grey = np.clip(rng.uniform(138, 168) + light + brushed, 0, 255).astype(np.uint8)
    picture = Image.fromarray(grey).filter(ImageFilter.GaussianBlur(0.4))
    picture = picture.resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    middle = (width * rng.uniform(0.44, 0.56), height * rng.uniform(0.42, 0.58))
    hole(draw, middle, height * rng.uniform(0.13, 0.17))
    for side in (0.12, 0.88):
        hole(draw, (width * side, height * rng.choice((0.17, 0.83))), height * 0.055)
    draw.rectangle((0, 0, width - 1, height - 1), outline=78, width=2 * SCALE)
    return picture


def hole(draw: ImageDraw.ImageDraw, centre: tuple[float, float], radius: float) -> None:
    """A drilled hole with a bright chamfer."""
    x, y = centre
    for factor, shade in ((1.22, 196), (1.1, 110), (1.0, 44)):
        r = radius * factor
        draw.ellipse((x - r, y - r, x + r, y + r), fill=shade)


def place(rng: np.random.Generator) -> tuple[float, float]:
    """A point on the bare metal, away from the bore in the middle."""
    x = rng.choice((rng.uniform(0.14, 0.30), rng.uniform(0.70, 0.86)))
    return float(x) * WIDTH * SCALE, rng.uniform(0.25, 0.75) * HEIGHT * SCALE


def walk(rng: np.random.Generator, steps: int, length: float, wander: float) -> Points:
    """A path from a random place; `wander` (radians) is how much it turns at every step."""
    x, y = place(rng)
    heading = rng.uniform(0, 2 * np.pi)
    points = [(x, y)]
    for _ in range(steps):
        heading += rng.normal(0, wander)
        x += np.cos(heading) * length * SCALE
        y += np.sin(heading) * length * SCALE
        points.append((x, y))
    return points


def scratch(rng: np.random.Generator, picture: Image.Image) -> Points:
    """A long, thin, bright, nearly straight line with a dark edge."""
    points = walk(rng, steps=10, length=rng.uniform(3.5, 5.0), wander=0.06)
    draw = ImageDraw.Draw(picture)
    draw.line([(x, y + SCALE) for x, y in points], fill=70, width=int(1.2 * SCALE))
    draw.line(points, fill=252, width=int(1.5 * SCALE), joint="curve")
    return points


def crack(rng: np.random.Generator, picture: Image.Image) -> Points:
    """A black jagged line that forks."""
    points = walk(rng, steps=9, length=rng.uniform(3.2, 4.4), wander=0.5)
    fork = [points[5]]
    for _ in range(4):
        fork.append(tuple(np.array(fork[-1]) + rng.normal(0, 3.2 * SCALE, 2)))
    draw = ImageDraw.Draw(picture)
    draw.line(points, fill=14, width=int(1.9 * SCALE), joint="curve")
    draw.line(fork, fill=20, width=int(1.2 * SCALE), joint="curve")
    return points + fork


def void(rng: np.random.Generator, picture: Image.Image) -> Points:
    """A ragged black pit with a bright rim on one side."""
    x, y = place(rng)
    turns = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    radii = rng.uniform(5.0, 7.5) * SCALE * rng.uniform(0.75, 1.25, 14)
    outline = [(x + r * np.cos(t), y + r * np.sin(t)) for t, r in zip(turns, radii, strict=True)]
    draw = ImageDraw.Draw(picture)
    draw.polygon([(px + SCALE, py + SCALE) for px, py in outline], fill=214)
    draw.polygon(outline, fill=16)
    return outline


DRAW = {"scratch": scratch, "crack": crack, "void": void}


def flaw(rng: np.random.Generator, picture: Image.Image, kind: str) -> Box:
    """Draw one flaw; gives its box (x, y, width, height) in the shrunk picture."""
    points = np.array(DRAW[kind](rng, picture)) / SCALE
    low = np.clip(points.min(axis=0) - 1.5, 0, (WIDTH - 1, HEIGHT - 1))
    high = np.clip(points.max(axis=0) + 1.5, low + 1, (WIDTH, HEIGHT))
    x, y, width, height = (round(float(value), 1) for value in (*low, *(high - low)))
    return x, y, width, height


def finish(rng: np.random.Generator, picture: Image.Image) -> Image.Image:
    """Shrink, and give the steel its slight colour."""
    grey = np.asarray(picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS), np.float32)
    tint = np.array([0.97, 1.0, 1.05]) * rng.uniform(0.97, 1.03)
    return Image.fromarray(np.clip(grey[..., None] * tint, 0, 255).astype(np.uint8))


def main(folder: Path) -> None:
    """Draw every casting into `folder`."""
    rng = np.random.default_rng(3)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    flawed = rng.choice(COUNT, sum(FLAWS.values()), replace=False)
    kinds = dict(zip(flawed.tolist(), (kind for kind, count in FLAWS.items() for _ in range(count)), strict=True))
    twice = {int(flawed[i]) for i in (0, 6, 12)}
    images, annotations = [], []
    for index in range(COUNT):
        picture = plate(rng)
        image_id, name = 1001 + 7 * index, f"casting_{index:03d}.jpg"
        for kind in [kinds[index]] * (2 if index in twice else 1) if index in kinds else []:
            box = flaw(rng, picture, kind)
            annotations.append(
                {
                    "id": 500 + len(annotations),
                    "image_id": image_id,
                    "category_id": CATEGORIES[kind],
                    "bbox": box,
                    "area": round(box[2] * box[3], 1),
                    "iscrowd": 0,
                }
            )
        images.append({"id": image_id, "file_name": name, "width": WIDTH, "height": HEIGHT})
        finish(rng, picture).save(folder / "images" / name, quality=60, optimize=True)
    categories = [{"id": number, "name": name} for name, number in CATEGORIES.items()]
    document = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "annotations.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "castings")
