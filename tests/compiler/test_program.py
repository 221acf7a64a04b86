"""What a whole file means: names resolved, values evaluated, every default filled in."""

from pathlib import Path

import pytest

from feedline.compiler import CheckResult, compile_source, ir
from feedline.dsl.source import SourceText

WHOLE = (Path(__file__).parents[1] / "cases" / "compile" / "whole.pipe").read_text(encoding="utf-8")


def checked(text: str, **options: object) -> CheckResult:
    """The result for a text in `/data`."""
    return compile_source(SourceText("<text>", text), base=Path("/data"), **options)  # pyright: ignore[reportArgumentType]  (text or values that the test gives, not typed one by one)


def program(text: str) -> ir.Program:
    """The program of a text that is right."""
    result = checked(text)
    assert [] == [found for found in result.diagnostics if found.severity == "error"]
    assert result.program is not None
    return result.program


def values(call: ir.SourceCall | ir.Apply) -> dict[str, ir.Value]:
    """The arguments of a call by name."""
    return {arg.name: arg.value for arg in call.args}


def test_parameters_and_paths() -> None:
    """A path parameter is relative to the file, and texts are built from it."""
    whole = program(WHOLE)
    assert [("root", "path", "/data/castings", "default")] == [
        (p.name, p.type, p.value, p.origin) for p in whole.params
    ]
    source = whole.datasets[0].source
    assert source is not None
    assert "/data/castings/images" == values(source)["root"]
    assert "/data/castings/annotations.json" == values(source)["annFile"]
    assert "RGB" == values(source)["mode"]


def test_group_and_split() -> None:
    """A group knows its dataset; a split knows that it is stratified by a group."""
    whole = program(WHOLE)
    assert [("defects", "castings")] == [(group.name, group.dataset) for group in whole.groups]
    predicate = whole.groups[0].predicate
    assert isinstance(predicate, ir.Compare)
    assert ("category", "in", ("crack", "void")) == (predicate.field.name, predicate.operator, predicate.value)
    split = whole.splits[0]
    assert ("castings", "sizes", "defects", True, 7) == (
        split.dataset, split.kind, split.stratified_by, split.stratified_by_group, split.seed
    )  # fmt: skip
    assert [("train", ir.Percent(80.0)), ("val", ir.Percent(20.0))] == [(part.name, part.size) for part in split.parts]


def test_chain_with_a_named_chain_put_in() -> None:
    """The steps in order, with the named chain's in its place and their spans where they are written."""
    train = program(WHOLE).loaders[0]
    names = [step.name for step in train.chain if isinstance(step, ir.Apply)]
    assert ["RandomResizedCrop", "RandomHorizontalFlip"] == names[:2]
    assert ["SanitizeBoundingBoxes", "ToImage", "ToDtype", "Normalize"] == names[2:]
    normalize = train.chain[-1]
    assert isinstance(normalize, ir.Apply)
    assert (0.485, 0.456, 0.406) == values(normalize)["mean"]
    assert "Normalize(imagenet.mean, imagenet.std)" == WHOLE[normalize.span.start : normalize.span.end]


def test_policy() -> None:
    """What is said, and the defaults that follow from it."""
    train, val = program(WHOLE).loaders
    policy = train.policy
    assert (8, False, "drop", "shuffled", "shuffled", 7) == (
        policy.batch, policy.rest_replacement, policy.last, policy.order, policy.places, policy.seed
    )  # fmt: skip
    assert [("defects", 3, False, True)] == [(f.group, f.count, f.at_least, f.replacement) for f in policy.forces]
    assert ("pass", "rest") == (policy.epoch.kind, policy.epoch.over)
    assert (8, "keep", "sequential", 0) == (val.policy.batch, val.policy.last, val.policy.order, val.policy.seed)


def test_loader() -> None:
    """Data, collate, options with their defaults, and `on error`."""
    train = program(WHOLE).loaders[0]
    assert ("castings", "train", None) == (train.data.dataset, train.data.part, train.data.fold)
    assert train.collate.how is not None
    assert "detection" == train.collate.how.kind
    assert (2, True) == next((o.value, o.given) for o in train.options if o.name == "num_workers")
    assert ir.Symbol("exact") == train.option("optimize")
    assert ("fail", None) == (train.on_error.mode, train.on_error.maximum)


def test_loader_without_anything() -> None:
    """A bare loader is `DataLoader`'s default: one sample at a time, in order."""
    bare = program("dataset d = FakeData()\nloader l from d {}").loaders[0]
    assert (1, "sequential", "keep") == (bare.policy.batch, bare.policy.order, bare.policy.last)
    assert ((), (), None) == (bare.chain, bare.batch_chain, bare.collate.how)


def test_forms_of_steps() -> None:
    """Every form of step, with counts expanded and shares as fractions."""
    text = """
    dataset d = FakeData()
    transform weak { ToImage() }
    loader l from d { transform {
      maybe 80% { weak }
      one of { weak; { Grayscale() } weight 2 }
      shuffled { weak }
      on image { weak }
      views { 2 of weak; { Grayscale(); weak } }
      batch { CutMix(num_classes=10) }
    } }
    """
    loader = program(text).loaders[0]
    maybe, one_of, shuffled, on_field, views = loader.chain
    assert isinstance(maybe, ir.Maybe)
    assert 0.8 == maybe.probability
    assert isinstance(one_of, ir.OneOf)
    assert [1.0, 2.0] == [branch.weight for branch in one_of.branches]
    assert isinstance(shuffled, ir.Shuffled)
    assert isinstance(on_field, ir.OnField)
    assert "image" == on_field.field
    assert isinstance(views, ir.Views)
    assert [1, 1, 2] == [len(chain) for chain in views.chains]
    assert ["CutMix"] == [step.name for step in loader.batch_chain if isinstance(step, ir.Apply)]


def test_nested_transform_as_value() -> None:
    """A transform may be an argument where one is wanted."""
    text = "dataset d = FakeData()\nloader l from d { transform { RandomApply([ColorJitter(0.4)], p=80%) } }"
    step = program(text).loaders[0].chain[0]
    assert isinstance(step, ir.Apply)
    inner = values(step)["transforms"]
    assert isinstance(inner, ir.ListValue)
    assert ["ColorJitter"] == [item.name for item in inner.items if isinstance(item, ir.Apply)]
    assert 0.8 == values(step)["p"]


def test_folds() -> None:
    """A part of one fold, its number from a parameter."""
    text = "param k = 1\ndataset d = FakeData()\nsplit d into 3 folds seed 0\nloader l from d.val[k] {}"
    whole = program(text)
    assert ("d", "val", 1) == (lambda r: (r.dataset, r.part, r.fold))(whole.loaders[0].data)
    assert ("folds", 3) == (whole.splits[0].kind, whole.splits[0].folds)


def test_concatenation_and_part_as_dataset() -> None:
    """A joined dataset, a renamed part, and both split in their turn."""
    text = """
    dataset a = FakeData(size=10)
    dataset b = FakeData(size=20)
    split a into train 0.8, val rest
    dataset all = a.train + b
    dataset same = a.val
    split all into x 5, y rest
    loader l from all.y {}
    """
    whole = program(text)
    by_name = {dataset.name: dataset for dataset in whole.datasets}
    assert [("a", "train"), ("b", None)] == [(ref.dataset, ref.part) for ref in by_name["all"].concat]
    assert [("a", "val")] == [(ref.dataset, ref.part) for ref in by_name["same"].concat]
    sizes = {split.dataset: [part.size for part in split.parts] for split in whole.splits}
    assert {"a": [ir.Percent(80.0), None], "all": [5, None]} == sizes
    names = [dataset.name for dataset in whole.datasets]
    assert names.index("a") < names.index("all")


def test_group_of_a_part_is_the_datasets() -> None:
    """A group declared on a part is a group of its dataset."""
    text = "dataset d = FakeData()\nsplit d into train 80%, val 20%\ngroup g = d.train where label == 3"
    assert ["d"] == [group.dataset for group in program(text).groups]


def test_python_where_allowed() -> None:
    """With permission `python(...)` is kept by name; positional arguments have no name, for nothing is imported."""
    text = 'dataset d = python("no.such:Thing", 3, root="x")\nloader l from d { transform { python("no.such:Step") } }'
    result = checked(text, allow_python=True)
    assert result.program is not None
    source = result.program.datasets[0].source
    assert source is not None
    assert ("no.such:Thing", [("", 3), ("root", "x")]) == (source.target, [(a.name, a.value) for a in source.args])


def test_python_collate_takes_named_arguments() -> None:
    """The samples come first, so an argument by position is refused and never dropped."""
    text = 'dataset d = FakeData()\nloader l from d { collate python("mine:join", 2) }'
    assert ["FL235"] == [diagnostic.code for diagnostic in checked(text, allow_python=True).diagnostics]


def test_declaration_order_does_not_matter() -> None:
    """Everything may be used before it is declared."""
    lines = [line for line in WHOLE.split("\n\n") if line.strip()]
    turned = program("\n\n".join(reversed(lines)))
    assert set(turned.loaders) == set(program(WHOLE).loaders)


def test_syntax_faults_leave_the_rest_checked() -> None:
    """What could not be read is said once; the other declarations are checked, and no program comes out."""
    result = checked("dataset a = FakeData(\ndataset b = FakeDate()\nloader l from a {}\n")
    assert result.program is None
    assert ["FL002", "FL114"] == [diagnostic.code for diagnostic in result.diagnostics]


@pytest.mark.parametrize(
    "loader",
    [
        "loader t from d { sample { batch 4 }; on error replace max 5 }",
        "loader t from d { sample { batch 4; on error replace max 5 } }",
        "policy p { batch 4; on error replace max 5 }\nloader t from d { sample p }",
    ],
)
def test_on_error_may_stand_in_the_loader_or_in_its_sampling(loader: str) -> None:
    """It means the same in all three places."""
    result = compile_source(SourceText("<text>", "dataset d = FakeData(size=8)\n" + loader))
    assert result.program is not None
    found = result.program.loaders[0].on_error
    assert ("replace", 5) == (found.mode, found.maximum)


def test_on_error_in_both_places_is_said_twice() -> None:
    """One of them has to go."""
    text = "dataset d = FakeData(size=8)\nloader t from d { sample { batch 4; on error skip }; on error fail }"
    result = compile_source(SourceText("<text>", text))
    assert ["FL505"] == [found.code for found in result.diagnostics]
