"""Programs as JSON, and their fingerprints."""

import json
from pathlib import Path

import pytest

from feedline.compiler import compile_source, ir
from feedline.compiler.serial import fingerprint, from_json, to_json
from feedline.dsl.source import SourceText

WHOLE = (Path(__file__).parents[1] / "cases" / "compile" / "whole.pipe").read_text(encoding="utf-8")

EVERYTHING = """\
param mode: one of ("a", "b") = "a"
dataset a = FakeData(size=100)
dataset b = python("mine.data:Things", [1, 2], size=none)
dataset all = a + b
split all into 5 folds grouped by index seed 3
split a by label into train = (0, 1), val = 2
split b into train 50, val 30%, test rest
group few = all where count(category in ("x", "y")) >= 2 or (has annotations and not path matches "a/**")
group more = all where few or any(area > 1.5) or all(iscrowd == false) or true
loader l from all.train[2] {
  transform {
    maybe 80% { RandomApply([ColorJitter(0.4), GaussianBlur(3)], p=0.5) }
    one of { ToImage() weight 2; { Resize((8, 8), interpolation=nearest); python("mine:Step", 1) } }
    shuffled { ToImage() }
    on image { ToImage() }
    ToDtype(float32, scale=true)
    views { 2 of ToImage(); RandomHorizontalFlip() }
    batch { MixUp(num_classes=10) }
  }
  sample { batch 8; epoch 3 batches; weight by { more 2; rest 0.5 } }
  collate { image pad(value=0, multiple=32); label list } as dict
  on error replace max 1%
  num_workers = auto
}
loader n from all {
  sample {
    force at most 3 few per 8 across ranks
    force 1 of each category in ("x", "y") per 8 across ranks with replacement
    from epoch 2 { mix a 3, b 1 per 8 across ranks; epoch one pass over b }
    from epoch 4 { draw 4 label with 2 each; uneven pad }
    from epoch 6 { repeat factor 0.1 by label }
    from epoch 8 { bucket by width into 4 }
  }
  verify = true
}
loader m from a.val { on error replace max 3; collate python("mine:join", k=2) }
"""


def _program(text: str, path: str = "<text>", base: str = "/data") -> ir.Program:
    result = compile_source(SourceText(path, text), base=Path(base), allow_python=True)
    assert [] == [found for found in result.diagnostics if found.severity == "error"]
    assert result.program is not None
    return result.program


@pytest.mark.parametrize("text", [WHOLE, EVERYTHING, "dataset d = FakeData()"], ids=["whole", "everything", "least"])
def test_round_trip(text: str) -> None:
    """The same program comes back, spans and sources too, and is written the same again."""
    program = _program(text)
    written = to_json(program)
    again = from_json(written)
    assert program == again
    assert written == to_json(again)
    assert [loader.span for loader in program.loaders] == [loader.span for loader in again.loaders]
    assert [source.text for source in program.sources] == [source.text for source in again.sources]


@pytest.mark.parametrize("change", [{"version": 99}, {"loaders": 3}, {"surplus": 1}])
def test_other_json_is_refused(change: dict[str, object]) -> None:
    """Another version, another shape, a field too many: a ValueError, never something else."""
    data = json.loads(to_json(_program("dataset d = FakeData()"))) | change
    with pytest.raises(ValueError, match=r"version|loaders|surplus"):
        from_json(json.dumps(data))


def test_fingerprint_is_of_the_meaning() -> None:
    """Comments, layout, order of declarations, written-out defaults and the place of the file change nothing."""
    first = fingerprint(_program(WHOLE, "/data/x.pipe"))
    assert {first} == {
        fingerprint(_program("# another comment\n" + WHOLE.replace("  ", "    "), "/data/x.pipe")),
        fingerprint(_program("\n\n".join(reversed(WHOLE.split("\n\n"))), "/data/x.pipe")),
        fingerprint(_program(WHOLE.replace("(256, 256)", "(2 * 128, 256), interpolation=bilinear"), "/data/x.pipe")),
        fingerprint(_program(WHOLE, "/elsewhere/y.pipe", "/elsewhere")),
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [("force 3", "force 2"), ("256, scale", "224, scale"), ("80%, val 20%", "70%, val 30%"), ("images", "pictures")],
)
def test_fingerprint_tells_meanings_apart(old: str, new: str) -> None:
    """What changes a batch changes the fingerprint."""
    assert fingerprint(_program(WHOLE)) != fingerprint(_program(WHOLE.replace(old, new)))


SAMPLED = "dataset a = FakeData()\ndataset b = FakeData()\ndataset d = a + b\nloader l from d { sample { %s } }"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("batch 8", "batch 8 across ranks"),
        ("draw 4 label with 2 each", "draw 2 label with 4 each"),
        ("draw 4 label with 2 each", "draw 4 label with 2 each with replacement"),
        ("mix a 3, b 1 per 8", "mix b 1, a 3 per 8"),
        ("batch 8; repeat factor 0.1 by label", "batch 8; repeat factor 0.2 by label"),
        ("batch 8; bucket by width into 2", "batch 8; bucket by width into 3"),
        ("batch 8; from epoch 2 { last drop }", "batch 8; from epoch 3 { last drop }"),
        ("force 1 of each label in (0, 1) per 8", "force at least 1 of each label in (0, 1) per 8"),
    ],
)
def test_fingerprint_tells_compositions_apart(one: str, other: str) -> None:
    """Every part of a composition is part of the meaning."""
    assert fingerprint(_program(SAMPLED % one)) != fingerprint(_program(SAMPLED % other))
