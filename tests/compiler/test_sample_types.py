"""Sample types of sources and of the forms around steps, in words and as batches."""

import pytest

from feedline.compiler import compile_source, ir
from feedline.compiler.sample_types.check import LoaderTypes, loader_types
from feedline.compiler.sample_types.initial import Facts, initial_types
from feedline.compiler.sample_types.model import Dim, Image, Ragged, Role, Types, one_size
from feedline.compiler.sample_types.structure import parts
from feedline.compiler.sample_types.words import image_here, words
from feedline.dsl.source import SourceText


def program(text: str) -> ir.Program:
    """A text's program, whatever is said of it."""
    found = compile_source(SourceText("<text>", text), allow_python=True)
    assert found.program is not None, found.diagnostics
    return found.program


def types_of(source: str, inside: str = "") -> LoaderTypes:
    """The types along a loader from `source`, with `inside` as its statements."""
    found = program(f"dataset d = {source}\nloader batches from d {{\n{inside}\n}}\n")
    return loader_types(found, found.loaders[0])


def said(types: Types, field: str = "image") -> list[str]:
    """A field's alternatives in words."""
    return [words(value) for sample in types if (value := sample.get(field)) is not None]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('MNIST("x")', "uint8 tensor, 1 x 28 x 28"),
        ('MNIST("x", mode="RGB")', "uint8 tensor, 3 x 28 x 28"),
        ('CIFAR10("x", image_backend="pil")', "PIL image, RGB, 32 x 32"),
        ("FakeData(image_size=(3, 8, 6))", "uint8 tensor, 3 x 8 x 6"),
        ("FakeData(image_size=(1, 8, 6))", "uint8 tensor, 3 x 8 x 6"),
        ('Food101("x")', "uint8 tensor, 3 channels, size differs per image"),
        ('ImageFolder("x", mode="L")', "uint8 tensor, 1 channel, size differs per image"),
        ('Files("*.png", image_backend="pil")', "PIL image, RGB, size differs per image"),
        ('Places365("x", small=true)', "uint8 tensor, 3 x 256 x 256"),
        ('Sintel("x")', "uint8 tensor, 3 channels"),
    ],
)
def test_images_of_sources(source: str, expected: str) -> None:
    """Mode, backend and size follow from the class and its arguments."""
    assert [expected] == said(types_of(source, "collate list").start)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("FakeData(num_classes=7)", 7),
        ('EMNIST("x", "letters")', 27),
        ('FGVCAircraft("x", annotation_level="family")', 70),
        ('ImageFolder("x")', None),
    ],
)
def test_classes_of_labels(source: str, expected: int | None) -> None:
    """Class counts of the well-known sets; those of a folder only the data knows."""
    label = types_of(source).start[0].get("label")
    assert expected == getattr(label, "classes", "no label")


def test_datasets_put_together_are_alternatives() -> None:
    """Each data set hands over its own type."""
    text = 'dataset a = MNIST("a")\ndataset b = CIFAR10("b")\ndataset c = a + b\nloader batches from c {}\n'
    found = program(text)
    assert ["uint8 tensor, 1 x 28 x 28", "uint8 tensor, 3 x 32 x 32"] == said(
        initial_types(found, found.loaders[0].data)
    )


def test_own_code_is_unknown() -> None:
    """Nothing is known of a user's own data set, nor after a user's own step."""
    assert [True] == [sample.open and not sample.fields for sample in types_of('python("a:b")').start]
    after = types_of('MNIST("x")', 'transform { python("a:b") }').end
    assert [True] == [sample.open and not sample.fields for sample in after]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts((8, 8), (6, 6)), "uint8 tensor, 3 x 8 x 6"),
        (Facts((8, 9), (6, 6)), "uint8 tensor, 3 channels, size differs per image, at least 8 x 6"),
        (Facts((8, 8), (6, 6), complete=False), "uint8 tensor, 3 channels"),
        (Facts((8, 9), (6, 6), complete=False), "uint8 tensor, 3 channels, size differs per image"),
    ],
)
def test_data_says_the_sizes(facts: Facts, expected: str) -> None:
    """All headers say the size; of some that are equal nothing follows, of some that differ that sizes do."""
    found = program('dataset d = ImageFolder("x")\nloader batches from d {}\n')
    assert [expected] == said(initial_types(found, found.loaders[0].data, {"d": facts}))


def test_data_says_a_tables_columns() -> None:
    """With its columns known a table's samples have these fields and no others."""
    found = program(
        'dataset d = Table("x.csv")\nloader batches from d { sample { batch 2 }; collate { tokens pad } }\n'
    )
    facts = Facts(columns={"tokens": Ragged("int64", Dim(1, 9, True))}, role=Role())
    types = loader_types(found, found.loaders[0], {"d": facts})
    assert ["tokens", "index"] == [name for name, _ in types.start[0].fields]
    assert [("batch[0][0]", "int64", (2, None)), ("batch[0][1]", "bool", (2, None))] == parts(types.batch)


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ("maybe 50% { CenterCrop(20) }", ["1 x 28 x 28", "1 x 20 x 20"]),
        ("maybe 0% { CenterCrop(20) }", ["1 x 28 x 28"]),
        ("maybe 100% { CenterCrop(20) }", ["1 x 20 x 20"]),
        ("one of { CenterCrop(20); CenterCrop(10); Identity() weight 0 }", ["1 x 20 x 20", "1 x 10 x 10"]),
        ("shuffled { CenterCrop(20); RandomCrop(10) }", ["1 x 10 x 10", "1 x 20 x 20"]),
        ("RandomApply([CenterCrop(20)], p=0.5)", ["1 x 28 x 28", "1 x 20 x 20"]),
        ("RandomChoice([CenterCrop(20), CenterCrop(10)], p=[1, 0])", ["1 x 20 x 20"]),
        ("RandomOrder([CenterCrop(20), RandomCrop(10)])", ["1 x 10 x 10", "1 x 20 x 20"]),
        ("Compose([CenterCrop(20), CenterCrop(10)])", ["1 x 10 x 10"]),
        ("on image { CenterCrop(20) }", ["1 x 20 x 20"]),
    ],
)
def test_forms_around_steps(chain: str, expected: list[str]) -> None:
    """Every way through a chain is an alternative."""
    found = program(f'dataset d = MNIST("x")\nloader batches from d {{ transform {{ {chain} }} }}\n')
    end = loader_types(found, found.loaders[0]).end
    assert expected == [text.removeprefix("uint8 tensor, ") for text in said(end)]


def test_steps_after_views_belong_to_each_view() -> None:
    """The image is a tuple, and its items go on; the label stays one."""
    types = types_of('MNIST("x")', "transform { views { CenterCrop(20); Identity() }; ToTensor() }; sample { batch 4 }")
    assert ["(float32, 0..1, 1 x 20 x 20; float32, 0..1, 1 x 28 x 28)"] == said(types.end)
    assert 2 == len(types.trace)
    shapes = [("batch[0][0]", "float32", (4, 1, 20, 20)), ("batch[0][1]", "float32", (4, 1, 28, 28))]
    assert [*shapes, ("batch[1]", "int64", (4,))] == parts(types.batch)


def test_many_alternatives_become_one() -> None:
    """Beyond a limit one type covers them all, so that the work stays small."""
    chain = "; ".join(f"maybe 50% {{ Pad({n}) }}" for n in range(1, 12))
    (only,) = types_of('MNIST("x")', f"transform {{ {chain} }}").end
    image = only.get("image")
    assert isinstance(image, Image)
    assert (28, False) == (image.height.low, one_size(image))


def test_a_note_names_the_alternatives() -> None:
    """The image in a note, each alternative once."""
    types = types_of('MNIST("x")', "transform { maybe 50% { CenterCrop(20) } }").end
    assert "the image here: uint8 tensor, 1 x 28 x 28 or uint8 tensor, 1 x 20 x 20" == image_here(types)
