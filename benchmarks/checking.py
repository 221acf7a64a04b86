"""How soon `feedline check` answers: one file from nothing, many files in one call, long files.

    python benchmarks/checking.py [--quick]

A cold check is a whole process, against the empty interpreter and against one that imports Lark and nothing else.
Within a process, whole checks stand against Lark's own lexer and parser on the same text, the least a check takes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

from measure import ROUNDS, heading, table

from feedline.cli import main
from feedline.compiler import compile_source
from feedline.dsl.source import SourceText
from feedline.grammar import Reading, Statements, tokens

HEAD = """\
# Castings: three defective ones in every batch.
param size: int = 224
param seed: int = 1

dataset photos = ImageFolder("photos")
group ants = photos where label == "ant"
group bees = photos where label == "bee"
split photos into train 80%, val 10%, test 10% stratified by label seed seed

transform pixels {
  ToDtype(float32, scale=true)
  Normalize(imagenet.mean, imagenet.std)
}

transform augment {
  RandomResizedCrop(size, scale=(0.2, 1.0))
  RandomHorizontalFlip()
  maybe 80% {
    ColorJitter(0.4, 0.4, 0.4, 0.1)
  }
  one of {
    GaussianBlur(9)
    RandomGrayscale(p=0.2) weight 2
  }
  pixels
}

policy rare {
  force 3 ants per 16
  force at least 1 bees per 16
  batch 16
  epoch one pass over rest
  last drop
}

loader train from photos.train {
  transform { augment }
  sample rare
}
"""
LOADER = """\

loader {name} from photos.{part} {{
  transform {{
    Resize(size + 32)
    CenterCrop(size)
    pixels
  }}
  sample {{ batch 64; order sequential }}
}}
"""
TEXT = HEAD + "".join(LOADER.format(name=part, part=part) for part in ("val", "test"))


def cold(folder: Path, rounds: int) -> None:
    """Print how long processes take that do nothing, import Lark, and check one file."""
    path = folder / "cold.pipe"
    path.write_text(TEXT)
    ways = {
        "Python, empty": ["-c", "pass"],
        "Python with lark imported": ["-c", "import lark"],
        # What the script `feedline` holds.
        "feedline check": ["-c", "import sys; from feedline.cli import main; sys.exit(main())", "check", str(path)],
    }
    # Compiled modules are kept, as in any installation, but not beside the sources.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONPYCACHEPREFIX": str(folder / "compiled")}

    def process(arguments: list[str]) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=environment)

    found = seconds({name: process(arguments) for name, arguments in ways.items()}, rounds)
    lark = found["Python with lark imported"]
    rows = [(name, f"{taken:.3f}", f"{taken / lark:.2f}") for name, taken in found.items()]
    print(f"A file of {len(TEXT.splitlines())} lines, from nothing\n")
    table(("process", "seconds", "of lark's"), rows)


def many(folder: Path, files: int, rounds: int) -> None:
    """Print how many files a second one call checks."""
    paths = [folder / f"{number}.pipe" for number in range(files)]
    for number, path in enumerate(paths):
        path.write_text(TEXT.replace("seed: int = 1", f"seed: int = {number}"))

    def checked() -> None:
        assert main(["check", "--format", "concise", *map(str, paths)]) == 0

    def parsed() -> None:
        for path in paths:
            read(path.read_text())

    found = seconds({"Lark's parser alone": parsed, "feedline check": checked}, rounds)
    compare(f"{files:,} files of {len(TEXT.splitlines())} lines in one call", "files/s", files, found)


def long(loaders: int, rounds: int) -> None:
    """Print how many lines a second a long file is checked at."""
    text = TEXT + "".join(LOADER.format(name=f"val{number}", part="val") for number in range(loaders))
    source = SourceText("long.pipe", text)
    ways: dict[str, Callable[[], object]] = {
        "Lark's parser alone": lambda: read(text),
        "feedline check": lambda: compile_source(source),
    }
    lines = len(text.splitlines())
    compare(f"One file of {lines:,} lines", "lines/s", lines, seconds(ways, rounds))


def read(text: str) -> None:
    """What any check begins with: tokens and a parse tree."""
    reading = Reading("file")
    token = None
    for token in Statements().process(tokens(text)):
        reading.feed(token)
    reading.finish(token)


def compare(what: str, unit: str, amount: int, found: Mapping[str, float]) -> None:
    """Print rates, and each as a share of the first."""
    first = next(iter(found.values()))
    print(f"{what}\n")
    rows = [(name, f"{amount / taken:,.0f}", f"{first / taken:.2f}") for name, taken in found.items()]
    table(("way", unit, "of the first"), rows)


def seconds(ways: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The median time of each way, after one time that does not count, in turns."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for counted in range(rounds + 1):
        for name, way in ways.items():
            begin = time.perf_counter()
            way()
            if counted:
                taken[name].append(time.perf_counter() - begin)
    return {name: median(times) for name, times in taken.items()}


def run(quick: bool) -> None:
    """Print all tables."""
    rounds = 1 if quick else ROUNDS
    heading("Checking files")
    with tempfile.TemporaryDirectory() as folder:
        cold(Path(folder), 4 * rounds)
        many(Path(folder), 10 if quick else 1000, rounds)
    long(10 if quick else 500, rounds)


if __name__ == "__main__":
    run("--quick" in sys.argv[1:])
