"""Write `flowers.csv` (240 flowers, four measurements and a species) and `brackets.jsonl` (400 token sequences).

Run as `python examples/draw/tables.py [DIRECTORY]`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

COLUMNS = ("petals", "petal_length", "petal_width", "stem_length")
SPECIES = {
    # mean and spread of each column
    "buttercup": ((5, 0.3), (13, 1.5), (11, 1.4), (420, 70)),
    "daisy": ((34, 6), (16, 2.0), (3, 0.6), (110, 30)),
    "poppy": ((4, 0.3), (34, 5.0), (38, 5.0), (520, 90)),
}
GARDENS = 12
"""Every flower was picked in one of these: something for a split to group by, so that no garden is in two parts."""

TOKENS = {"(": 1, ")": 2, "[": 3, "]": 4}
"""Token numbers; 0 is left for padding."""


def flowers(rng: np.random.Generator) -> list[str]:
    """The lines of the table, lengths in millimetres."""
    lines = [",".join((*COLUMNS, "garden", "species"))]
    for _ in range(240):
        species = str(rng.choice(list(SPECIES)))
        petals, *lengths = (max(rng.normal(mean, spread), 1) for mean, spread in SPECIES[species])
        row = (round(petals), *(round(float(length), 1) for length in lengths))
        lines.append(",".join(str(value) for value in (*row, f"garden-{rng.integers(GARDENS):02d}", species)))
    return lines


def balanced(rng: np.random.Generator, pairs: int) -> str:
    """A balanced text of so many pairs of brackets."""
    if pairs == 0:
        return ""
    inside = int(rng.integers(pairs))
    left, right = ("(", ")") if rng.random() < 0.5 else ("[", "]")
    return left + balanced(rng, inside) + right + balanced(rng, pairs - 1 - inside)


def is_balanced(text: str) -> bool:
    """Whether every bracket closes the one that was opened last."""
    while text != (shorter := text.replace("()", "").replace("[]", "")):
        text = shorter
    return not text


def brackets(rng: np.random.Generator) -> list[str]:
    """The rows: a text, its tokens, and whether the text is balanced. Half of the texts have one bracket changed."""
    lines = []
    for number in range(400):
        text = balanced(rng, int(rng.integers(1, 13)))
        if number % 2:
            place = int(rng.integers(len(text)))
            others = [bracket for bracket in TOKENS if bracket != text[place]]
            text = text[:place] + str(rng.choice(others)) + text[place + 1 :]
        state = "balanced" if is_balanced(text) else "broken"
        lines.append(json.dumps({"text": text, "tokens": [TOKENS[bracket] for bracket in text], "state": state}))
    return [lines[i] for i in rng.permutation(len(lines))]


def main(folder: Path) -> None:
    """Write both tables into `folder`."""
    rng = np.random.default_rng(4)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "flowers.csv").write_text("\n".join(flowers(rng)) + "\n")
    (folder / "brackets.jsonl").write_text("\n".join(brackets(rng)) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1])
