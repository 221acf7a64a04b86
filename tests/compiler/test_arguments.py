"""Arguments of calls: bound, checked, completed, and every mistake said once."""

from __future__ import annotations

from typing import Any

import pytest

from feedline.compiler import ir
from feedline.compiler.arguments import check_call, unknown_dataset, unknown_transform
from feedline.compiler.catalogue import ParamType, dataset, transform
from feedline.compiler.values import UNKNOWN
from feedline.dsl import Reporter, Sources, SourceText, Span, parse, tree


def literal(expr: tree.Expr, type: ParamType) -> Any:
    """A stand-in for the compiler's evaluator: literals, words, and `unknown` for a fault reported before."""
    match expr:
        case tree.Number(value=value) | tree.Boolean(value=value):
            return value
        case tree.Percent(value=value):
            return ir.Percent(float(value))
        case tree.String(parts=parts):
            text = "".join(part for part in parts if isinstance(part, str))
            return f"/folder/{text}" if type.takes_path else text
        case tree.NoneLiteral():
            return None
        case tree.NameRef(text=text):
            return UNKNOWN if text == "unknown" else ir.Symbol(text)
        case tree.TupleExpr(items=items):
            return tuple(literal(item, type) for item in items)
        case tree.ListExpr(items=items):
            return ir.ListValue(tuple(literal(item, type) for item in items))
        case tree.Unary(operand=operand):
            return -literal(operand, type)
        case tree.Call():
            return ir.Apply("Identity", (), span=expr.span)
    raise AssertionError(expr)


def check(text: str) -> tuple[dict[str, Any] | None, list[Any]]:
    """The arguments of one call, by name, and the diagnostics."""
    source = SourceText("<text>", f"dataset d = {text}")
    declaration = parse(source.text).tree.declarations[0]
    assert isinstance(declaration, tree.Dataset) and isinstance(declaration.source, tree.Call)
    name = declaration.source.function
    assert isinstance(name, tree.NameRef)
    entry = transform(name.text) or dataset(name.text)
    assert entry is not None
    reporter = Reporter(Sources({source.path: source}))
    args = check_call(entry, declaration.source, literal, reporter)
    return None if args is None else {arg.name: arg.value for arg in args}, reporter.diagnostics


def fault(text: str) -> Any:
    """The only diagnostic of a call that is wrong."""
    args, diagnostics = check(text)
    assert (None, 1) == (args, len(diagnostics)), diagnostics
    return diagnostics[0]


def at(diagnostic: Any, text: str) -> str:
    """The text that a diagnostic points at."""
    return f"dataset d = {text}"[diagnostic.span.start : diagnostic.span.end]


def test_defaults_are_filled_in_order():
    """Every parameter has its argument, in the order of the class, written or not."""
    args, diagnostics = check("RandomResizedCrop(224, ratio=(1, 1))")
    assert [] == diagnostics
    assert {
        "size": 224,
        "scale": (0.08, 1.0),
        "ratio": (1.0, 1.0),
        "interpolation": ir.Symbol("bilinear"),
        "antialias": True,
    } == args
    assert args is not None and ["size", "scale", "ratio", "interpolation", "antialias"] == list(args)


def test_given_and_default_are_told_apart():
    """`given` is False for what the compiler filled in."""
    span = Span("<text>", 0, 0)
    call = tree.Call(span, tree.NameRef(span, "Pad"), (tree.Argument(span, None, tree.Number(span, 2)),))
    entry = transform("Pad")
    assert entry is not None
    args = check_call(entry, call, literal, Reporter())
    assert args is not None
    assert [("padding", True), ("fill", False), ("padding_mode", False)] == [(arg.name, arg.given) for arg in args]


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("RandomHorizontalFlip(p=1)", "p", 1.0),
        ("RandomHorizontalFlip(p=80%)", "p", 0.8),
        ("Normalize([0, 0], [1, 1])", "mean", ir.ListValue((0.0, 0.0))),
        ('Pad(2, padding_mode="reflect")', "padding_mode", "reflect"),
        ("Pad(2, padding_mode=reflect)", "padding_mode", "reflect"),
        ('Resize(8, interpolation="bicubic")', "interpolation", ir.Symbol("bicubic")),
        ("ToDtype(float32, scale=true)", "dtype", ir.Symbol("float32")),
        ("RandomCrop(8, fill=(1, 2, 3))", "fill", (1.0, 2.0, 3.0)),
        ('STL10("x", split="train+unlabeled")', "split", "train+unlabeled"),
        ('CIFAR10("x", image_backend=pil)', "image_backend", "pil"),
        ("RandomApply([Identity(), Identity()])", "p", 0.5),
        ('Files("*.png")', "root", "/folder/."),
        ('ImageFolder("x")', "root", "/folder/x"),
    ],
)
def test_values_get_their_final_form(text, name, value):
    """Whole numbers widen, percentages become fractions, words lose their quotes, paths become absolute."""
    args, diagnostics = check(text)
    assert [] == diagnostics
    assert args is not None and (type(value), value) == (type(args[name]), args[name])


@pytest.mark.parametrize(
    ("text", "code", "where", "message", "help"),
    [
        (
            "Resize(szie=224)",
            "FL201",
            "szie",
            "`Resize` has no argument `szie`",
            "did you mean `size`?",
        ),
        (
            "RandomHorizontalFlip(probability=0.5)",
            "FL201",
            "probability",
            "`RandomHorizontalFlip` has no argument `probability`",
            "write `p`",
        ),
        ("ToImage(p=1)", "FL201", "p", "`ToImage` has no argument `p`", "`ToImage` takes no arguments"),
        ("Resize(3, size=4)", "FL202", "size=4", "`size` of `Resize` is given twice", "leave one of them out"),
        ("Pad(1, fill=1, fill=2)", "FL202", "fill=2", "`fill` of `Pad` is given twice", "leave one of them out"),
        (
            "CenterCrop()",
            "FL203",
            "CenterCrop()",
            "`CenterCrop` needs `size`",
            "`size` is a whole number of at least 1, or 1 or 2 whole numbers of at least 1",
        ),
        (
            "RandomHorizontalFlip(0.5, 1, 2)",
            "FL204",
            "1, 2",
            "`RandomHorizontalFlip` takes at most 1 argument by position, 3 are given",
            None,
        ),
        (
            'CIFAR10("x", true, false, L)',
            "FL204",
            "L",
            "`CIFAR10` takes at most 3 arguments by position, 4 are given",
            "`mode`, `image_backend` must be given by name, as in `name=value`",
        ),
        (
            'RandomHorizontalFlip("often")',
            "FL205",
            '"often"',
            '`p` of `RandomHorizontalFlip` wants a number from 0 to 1, not the text "often"',
            None,
        ),
        (
            "RandomHorizontalFlip(1.5)",
            "FL205",
            "1.5",
            "`p` of `RandomHorizontalFlip` wants a number from 0 to 1, not the number 1.5",
            None,
        ),
        (
            "ToDtype(float32, scale=1)",
            "FL205",
            "1",
            "`scale` of `ToDtype` wants `true` or `false`, not the number 1",
            "write `true`",
        ),
        (
            "RandomCrop(24.0)",
            "FL205",
            "24.0",
            "`size` of `RandomCrop` wants a whole number of at least 1, or 1 or 2 whole numbers of at least 1, "
            "not the number 24.0",
            "write `24`",
        ),
        (
            "Normalize(0.5, [1])",
            "FL205",
            "0.5",
            "`mean` of `Normalize` wants a list of numbers, not the number 0.5",
            "write `[0.5]`",
        ),
        (
            'Normalize([0.5, "a"], [1])',
            "FL205",
            '[0.5, "a"]',
            '`mean` of `Normalize` wants a list of numbers, but one of its values is the text "a"',
            None,
        ),
        (
            "RandomResizedCrop(8, scale=(0.1, 0.2, 0.3))",
            "FL205",
            "(0.1, 0.2, 0.3)",
            "`scale` of `RandomResizedCrop` wants 2 numbers of at least 0, not 3 values",
            None,
        ),
        (
            'Pad(1, padding_mode="refelct")',
            "FL206",
            '"refelct"',
            "`refelct` is not a value that `padding_mode` of `Pad` takes",
            "did you mean `reflect`?",
        ),
        (
            'CIFAR10("x", image_backend="opencv")',
            "FL206",
            '"opencv"',
            "`opencv` is not a value that `image_backend` of `CIFAR10` takes",
            "it takes `tensor` or `pil`",
        ),
        (
            'ImageFolder("x", transform=none)',
            "FL207",
            "transform=none",
            "`transform` of `ImageFolder` cannot be written in a file",
            "write the steps in the loader's `transform { ... }`",
        ),
    ],
)
def test_one_fault_one_diagnostic(text, code, where, message, help):
    """Each mistake has its code, its place, its words and its fix, and is said once."""
    diagnostic = fault(text)
    assert (code, where, message, help) == (diagnostic.code, at(diagnostic, text), diagnostic.message, diagnostic.help)


def test_fixes_put_the_fault_right():
    """Applying the fix of a misspelt name, argument or word gives a call that passes."""
    for text in ("Resize(szie=224)", 'Pad(1, padding_mode="refelct")', "Pad(1, padding_mode=refelct)"):
        (edit,) = fault(text).fixes[0].edits
        whole = f"dataset d = {text}"
        mended = whole[: edit.span.start] + edit.text + whole[edit.span.end :]
        assert [] == check(mended.removeprefix("dataset d = "))[1]


def test_faults_of_different_arguments_are_all_reported():
    """Two mistakes in one call are two diagnostics, in one go."""
    _, diagnostics = check('Pad("wide", padding_mode="refelct", fil=1)')
    assert ["FL201", "FL205", "FL206"] == sorted(item.code for item in diagnostics)


def test_fault_reported_before_is_not_repeated():
    """An argument that could not be evaluated spoils the call silently."""
    assert (None, []) == check("Resize(unknown)")


@pytest.mark.parametrize(
    ("name", "message", "help"),
    [
        (
            "RandomHorizontalFilp",
            "there is no transform `RandomHorizontalFilp`",
            "did you mean `RandomHorizontalFlip`?",
        ),
        ("HorizontalFlip", "there is no transform `HorizontalFlip`", "write `RandomHorizontalFlip`"),
        ("Scale", "there is no transform `Scale`", "write `Resize`"),
        ("MNIST", "`MNIST` is a dataset, not a transform", "declare it: `dataset NAME = MNIST(...)`"),
        ("pixles", "there is no transform `pixles`", "did you mean `pixels`?"),
        ("Quux", "there is no transform `Quux`", None),
        ("transforms.ToTensor", "there is no transform `transforms.ToTensor`", "write `ToTensor`"),
        ("T.Scale", "there is no transform `T.Scale`", "write `Resize`"),
        ("v2.Resiez", "there is no transform `v2.Resiez`", "did you mean `Resize`?"),
        ("datasets.MNIST", "`datasets.MNIST` is a dataset, not a transform", "declare it: `dataset NAME = MNIST(...)`"),
    ],
)
def test_unknown_transform(name, message, help):
    """A misspelt step, one from another library, and one that is something else."""
    reporter = Reporter()
    unknown_transform(name, Span("<text>", 0, 3), reporter, also=("pixels",))
    (diagnostic,) = reporter.diagnostics
    assert ("FL115", message, help) == (diagnostic.code, diagnostic.message, diagnostic.help)


@pytest.mark.parametrize(
    ("name", "message", "help"),
    [
        ("CIFAR01", "there is no dataset `CIFAR01`", "did you mean `CIFAR10` or `CIFAR100`?"),
        ("COCO", "there is no dataset `COCO`", "use `CocoDetection`"),
        ("datasets.ImageFolder", "there is no dataset `datasets.ImageFolder`", "write `ImageFolder`"),
        ("Resize", "`Resize` is a transform, not a dataset", "it stands in a `transform { ... }` block"),
    ],
)
def test_unknown_dataset(name, message, help):
    """A misspelt source, a known one by another name, and a transform."""
    reporter = Reporter()
    unknown_dataset(name, Span("<text>", 0, 3), reporter)
    (diagnostic,) = reporter.diagnostics
    assert ("FL114", message, help) == (diagnostic.code, diagnostic.message, diagnostic.help)
