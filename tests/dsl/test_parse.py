"""Every form of the language as the tree says it, and every span where the text says it."""

from __future__ import annotations

from typing import Any

import pytest

from feedline.dsl import parse, tree, unparse
from feedline.dsl.source import Span

AT = Span("", 0, 0)


def one(text: str) -> Any:
    """The only declaration of a text without faults."""
    result = parse(text)
    assert () == result.diagnostics
    (declaration,) = result.tree.declarations
    return declaration


def value(text: str) -> Any:
    """The value of a `let`."""
    return one(f"let x = {text}").value


def step(text: str) -> Any:
    """The only step of a transform."""
    (found,) = one(f"transform t {{ {text} }}").chain.steps
    return found


def sampling(text: str) -> Any:
    """The only statement of a policy."""
    (found,) = one(f"policy p {{ {text} }}").statements
    return found


def option(text: str) -> Any:
    """The only statement of a loader."""
    (found,) = one(f"loader l from d {{ {text} }}").statements
    return found


def name(text: str) -> tree.Name:
    """A name."""
    return tree.Name(AT, text)


def ref(text: str) -> tree.NameRef:
    """A reference by one name."""
    return tree.NameRef(AT, text)


def number(amount: float) -> tree.Number:
    """A number."""
    return tree.Number(AT, amount)


def string(*parts: str | tree.Interpolation) -> tree.String:
    """A string of these parts."""
    return tree.String(AT, parts)


def call(function: str, *arguments: tree.Expr) -> tree.Call:
    """A call with positional arguments."""
    return tree.Call(AT, ref(function), tuple(tree.Argument(AT, None, argument) for argument in arguments))


def chain(*steps: tree.Step) -> tree.Chain:
    """A chain of steps."""
    return tree.Chain(AT, steps)


A = tree.CallStep(AT, call("A"))
WEAK = tree.RefStep(AT, ref("weak"))
D = tree.Attribute(AT, ref("d"), name("train"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", number(3)),
        ("1_000", number(1000)),
        ("0.5", number(0.5)),
        ("1e-3", number(0.001)),
        ("80%", tree.Percent(AT, 80)),
        ("0.1%", tree.Percent(AT, 0.1)),
        ("true", tree.Boolean(AT, True)),
        ("false", tree.Boolean(AT, False)),
        ("none", tree.NoneLiteral(AT)),
        ("()", tree.TupleExpr(AT, ())),
        ("(1,)", tree.TupleExpr(AT, (number(1),))),
        ("(1)", number(1)),
        ("(1, 2,)", tree.TupleExpr(AT, (number(1), number(2)))),
        ("[1,\n 2\n]", tree.ListExpr(AT, (number(1), number(2)))),
        ("[]", tree.ListExpr(AT, ())),
        ("a.b", tree.Attribute(AT, ref("a"), name("b"))),
        ("photos.train[2]", tree.Index(AT, tree.Attribute(AT, ref("photos"), name("train")), number(2))),
        ("f(1)", call("f", number(1))),
        ("has annotations", tree.Has(AT, name("annotations"))),
        ("not a", tree.Unary(AT, "not", ref("a"))),
        ("a not in b", tree.Binary(AT, "not in", ref("a"), ref("b"))),
        ('path matches "x/**"', tree.Binary(AT, "matches", ref("path"), string("x/**"))),
        ("80 % 3", tree.Binary(AT, "%", number(80), number(3))),
    ],
)
def test_expressions(text: str, expected: tree.Expr) -> None:
    """Each literal and operator is one node."""
    assert expected == value(text)


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("1 + 2 * 3", "1 + (2 * 3)"),
        ("1 - 2 - 3", "(1 - 2) - 3"),
        ("2 ** 3 ** 2", "2 ** (3 ** 2)"),
        ("-2 ** 2", "-(2 ** 2)"),
        ("2 ** -1", "2 ** (-1)"),
        ("7 // 2 % 3 / 4", "((7 // 2) % 3) / 4"),
        ("not a == b", "not (a == b)"),
        ("a or b and not c", "a or (b and (not c))"),
        ("a + 1 < b and c in d", "((a + 1) < b) and (c in d)"),
        ("not has x and y", "(not (has x)) and y"),
    ],
)
def test_precedence_is_pythons(text: str, grouped: str) -> None:
    """Operators bind as in Python."""
    assert value(grouped) == value(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('""', ()),
        ("'a\"b'", ('a"b',)),
        (r'"\n\t\\\"\x41\u00e9\U0001F600\0"', ('\n\t\\"Aé😀\0',)),
        ('"${a}/x"', (tree.Interpolation(AT, "a"), "/x")),
        ('"a${b.c}${d}"', ("a", tree.Interpolation(AT, "b.c"), tree.Interpolation(AT, "d"))),
        ('"$${a} $5 $"', ("${a} $5 $",)),
        ('"# no comment"', ("# no comment",)),
    ],
)
def test_strings(text: str, parts: tuple[str | tree.Interpolation, ...]) -> None:
    """Escapes are resolved, interpolations kept, `$${` is a plain `${`."""
    assert string(*parts) == value(text)


def test_arguments_have_names_or_not() -> None:
    """Positional and named arguments, any keyword that is not reserved as a name, a comma at the end."""
    found = value("f(1, size=2, batch=3,)")
    assert [None, name("size"), name("batch")] == [argument.name for argument in found.arguments]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("param a", tree.Param(AT, name("a"), None, None)),
        ("param a: path", tree.Param(AT, name("a"), tree.ParamType(AT, "path", ()), None)),
        ("param a = 1", tree.Param(AT, name("a"), None, number(1))),
        (
            'param a: one of ("x", "y") = "x"',
            tree.Param(AT, name("a"), tree.ParamType(AT, "one of", (string("x"), string("y"))), string("x")),
        ),
        ("let a = 1", tree.Let(AT, name("a"), number(1))),
        ('import "x.pipe" (a, b)', tree.Import(AT, string("x.pipe"), (name("a"), name("b")), None)),
        ('import "x.pipe" as o', tree.Import(AT, string("x.pipe"), (), name("o"))),
        ("dataset a = F()", tree.Dataset(AT, name("a"), call("F"))),
        ("dataset a = b + c", tree.Dataset(AT, name("a"), tree.Binary(AT, "+", ref("b"), ref("c")))),
        ("group g = d.train where x", tree.Group(AT, name("g"), D, ref("x"))),
        ("group g = not a", tree.Group(AT, name("g"), None, tree.Unary(AT, "not", ref("a")))),
        ("transform t { }", tree.Transform(AT, name("t"), chain())),
        ("transform t {\n\n A();; weak\n}", tree.Transform(AT, name("t"), chain(A, WEAK))),
        ("policy p { distinct }", tree.Policy(AT, name("p"), (tree.Keyword(AT, "distinct", "distinct"),))),
        ("loader l from d.train { }", tree.Loader(AT, name("l"), D, ())),
    ],
)
def test_declarations(text: str, expected: tree.Declaration) -> None:
    """Each kind of declaration is one node."""
    assert expected == one(text)


def _split(**given: Any) -> tree.Split:
    absent = dict.fromkeys(("folds", "by", "stratified_by", "grouped_by", "seed"))
    return tree.Split(AT, ref("d"), **{"parts": (), "values": (), **absent, **given})


TRAIN, VAL = tree.SizedPart(AT, name("train"), tree.Percent(AT, 80)), tree.SizedPart(AT, name("val"), None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("split d into train 80%, val rest", _split(parts=(TRAIN, VAL))),
        (
            "split d into train 80% seed 1 grouped by who stratified by label",
            _split(parts=(TRAIN,), seed=number(1), grouped_by=ref("who"), stratified_by=ref("label")),
        ),
        ("split d into 5 folds seed 0", _split(folds=number(5), seed=number(0))),
        ("split d into k folds", _split(folds=ref("k"))),
        (
            'split d by folder into train = "a", val = (1, 2)',
            _split(
                by=ref("folder"),
                values=(
                    tree.ValuedPart(AT, name("train"), string("a")),
                    tree.ValuedPart(AT, name("val"), tree.TupleExpr(AT, (number(1), number(2)))),
                ),
            ),
        ),
    ],
)
def test_splits(text: str, expected: tree.Split) -> None:
    """Parts by size, folds, or values; what follows comes in any order."""
    assert expected == one(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A()", A),
        ("weak", WEAK),
        ("o.weak", tree.RefStep(AT, tree.Attribute(AT, ref("o"), name("weak")))),
        ("maybe 80% { A() }", tree.MaybeStep(AT, tree.Percent(AT, 80), chain(A))),
        (
            "one of { A() ; weak weight 2; { A(); weak } }",
            tree.OneOfStep(
                AT,
                (
                    tree.Branch(AT, chain(A), None),
                    tree.Branch(AT, chain(WEAK), number(2)),
                    tree.Branch(AT, chain(A, WEAK), None),
                ),
            ),
        ),
        ("shuffled { A() }", tree.ShuffledStep(AT, chain(A))),
        ("views 2 { A() }", tree.ViewsStep(AT, number(2), chain(A), ())),
        (
            "views { 2 of weak; weak; n of { A() } }",
            tree.ViewsStep(
                AT,
                None,
                None,
                (
                    tree.View(AT, number(2), chain(WEAK)),
                    tree.View(AT, None, chain(WEAK)),
                    tree.View(AT, ref("n"), chain(A)),
                ),
            ),
        ),
        ("on mask { A() }", tree.OnStep(AT, name("mask"), chain(A))),
        ("batch { A() }", tree.BatchStep(AT, chain(A))),
        ('python("m:C", 3)', tree.CallStep(AT, call("python", string("m:C"), number(3)))),
    ],
)
def test_steps(text: str, expected: tree.Step) -> None:
    """Each form of a transform step is one node."""
    assert expected == step(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("batch 64", tree.BatchSize(AT, number(64), False)),
        ("batch 64 across ranks", tree.BatchSize(AT, number(64), True)),
        ("batch across across ranks", tree.BatchSize(AT, ref("across"), True)),
        ("force 3 g per 8", tree.Force(AT, number(3), ref("g"), number(8), "exactly", False, None)),
        ("force n g per 8 with replacement", tree.Force(AT, ref("n"), ref("g"), number(8), "exactly", False, True)),
        (
            "force at least 1 o.g per 8 without replacement",
            tree.Force(AT, number(1), tree.Attribute(AT, ref("o"), name("g")), number(8), "at least", False, False),
        ),
        ("force 3 order per 8", tree.Force(AT, number(3), ref("order"), number(8), "exactly", False, None)),
        (
            "force at most most mix per 8 across ranks",
            tree.Force(AT, ref("most"), ref("mix"), number(8), "at most", True, None),
        ),
        (
            "force 1 of each label in (0, 1) per 8",
            tree.ForceEach(
                AT,
                number(1),
                ref("label"),
                tree.TupleExpr(AT, (number(0), number(1))),
                number(8),
                "exactly",
                False,
                None,
            ),
        ),
        (
            "force at least n of each label in classes per 8 across ranks with replacement",
            tree.ForceEach(AT, ref("n"), ref("label"), ref("classes"), number(8), "at least", True, True),
        ),
        (
            "mix real 3, photos.train 1, folds[0] (n) per 8",
            tree.Mix(
                AT,
                (
                    tree.MixPart(AT, ref("real"), number(3)),
                    tree.MixPart(AT, tree.Attribute(AT, ref("photos"), name("train")), number(1)),
                    tree.MixPart(AT, tree.Index(AT, ref("folds"), number(0)), ref("n")),
                ),
                number(8),
                False,
                None,
            ),
        ),
        (
            "mix per 1 per 8 across ranks without replacement",
            tree.Mix(AT, (tree.MixPart(AT, ref("per"), number(1)),), number(8), True, False),
        ),
        (
            "from epoch 3 { batch 8; last drop }",
            tree.Stage(AT, number(3), (tree.BatchSize(AT, number(8), False), tree.Keyword(AT, "last", "drop"))),
        ),
        ("from epoch epoch { }", tree.Stage(AT, ref("epoch"), ())),
        ("rest with replacement", tree.Rest(AT, True)),
        ("rest without replacement", tree.Rest(AT, False)),
        ("epoch one pass over rest", tree.EpochPass(AT, ref("rest"))),
        ("epoch one pass over g", tree.EpochPass(AT, ref("g"))),
        ("epoch one pass over f[0]", tree.EpochPass(AT, tree.Index(AT, ref("f"), number(0)))),
        ("epoch 500 batches", tree.EpochLength(AT, number(500), "batches")),
        ("epoch 4000 samples", tree.EpochLength(AT, number(4000), "samples")),
        ("last pad", tree.Keyword(AT, "last", "pad")),
        ("order sequential", tree.Keyword(AT, "order", "sequential")),
        ("places forced first", tree.Keyword(AT, "places", "first")),
        ("places shuffled", tree.Keyword(AT, "places", "shuffled")),
        ("uneven pad", tree.Keyword(AT, "uneven", "pad")),
        ("seed 7", tree.Seed(AT, number(7))),
        ("balance by label", tree.BalanceBy(AT, ref("label"))),
        ("weight by column", tree.WeightBy(AT, ref("column"), ())),
        (
            "weight by { g 5; rest 1 }",
            tree.WeightBy(
                AT, None, (tree.GroupWeight(AT, ref("g"), number(5)), tree.GroupWeight(AT, ref("rest"), number(1)))
            ),
        ),
        ("draw 8 label with 4 each", tree.Draw(AT, number(8), ref("label"), number(4), None)),
        ("draw 8 label with 4 each with replacement", tree.Draw(AT, number(8), ref("label"), number(4), True)),
        ("repeat factor 0.001 by category", tree.RepeatFactor(AT, number(0.001), ref("category"))),
        ("bucket by ratio into 8", tree.BucketBy(AT, ref("ratio"), number(8))),
    ],
)
def test_sampling(text: str, expected: tree.PolicyStatement) -> None:
    """Each sampling statement is one node."""
    assert expected == sampling(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("transform { A() }", tree.TransformBlock(AT, chain(A))),
        ("transform weak", tree.TransformBlock(AT, chain(WEAK))),
        ("sample { batch 8 }", tree.SampleBlock(AT, (tree.BatchSize(AT, number(8), False),))),
        ("sample balanced", tree.SampleRef(AT, ref("balanced"))),
        ("collate detection", tree.Collate(AT, call("detection"), (), None)),
        ("collate pad(1)", tree.Collate(AT, call("pad", number(1)), (), None)),
        (
            "collate { image stack\n boxes list } as tuple",
            tree.Collate(
                AT,
                None,
                (
                    tree.FieldCollate(AT, name("image"), call("stack")),
                    tree.FieldCollate(AT, name("boxes"), call("list")),
                ),
                name("tuple"),
            ),
        ),
        ("on error skip", tree.OnError(AT, name("skip"), None)),
        ("on error replace max 1%", tree.OnError(AT, name("replace"), tree.Percent(AT, 1))),
        ("num_workers = 2", tree.Option(AT, name("num_workers"), number(2))),
        ('cache = disk("x")', tree.Option(AT, name("cache"), call("disk", string("x")))),
    ],
)
def test_loader_statements(text: str, expected: tree.LoaderStatement) -> None:
    """Each statement of a loader is one node."""
    assert expected == option(text)


@pytest.mark.parametrize(
    "text",
    [
        "loader train from seed { }",
        "group last = d where order == 1",
        "dataset batch = sample",
        "transform views { weight; epoch() }",
        "let force = loader + dataset.from",
        "split split into into 50%, rest rest",
        "split split into folds 50%, seed 3 seed seed",
        "split per into 5 folds stratified by by",
        "policy policy { force 3 per per per with replacement; draw 8 with with 4 each; weight by weight }",
        "loader on from as { batch = 3; collate { collate collate }; sample sample; transform transform }",
        "param at: of = where",
        'import "x" (import, as)',
        "transform t { views { of of of; 2 of of }; one of { weight weight weight } }",
    ],
)
def test_keywords_are_names_where_they_cannot_stand(text: str) -> None:
    """A keyword is a name wherever the grammar has a place for a name and none for the keyword."""
    declaration = one(text)
    assert declaration == one(unparse(declaration))


def test_glued_keywords_are_one_name() -> None:
    """`datasettrain` is one name, never `dataset train`."""
    assert ref("datasettrain") == value("datasettrain")


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment", "\ufeff", ";;\n;", "\r\n"])
def test_empty_files(text: str) -> None:
    """A file may say nothing."""
    result = parse(text)
    assert ((), ()) == (result.tree.declarations, result.diagnostics)


def test_statements_end_at_line_ends_and_semicolons() -> None:
    """Both in blocks and at the top, with any of the three line ends."""
    result = parse("let a = 1; let b = 2\r\nlet c = 3\rlet d = 4\n")
    assert () == result.diagnostics
    assert 4 == len(result.tree.declarations)


def test_names_typed_composed_and_decomposed_are_the_same() -> None:
    """The same word typed in two ways looks the same, so it is the same name."""
    assert value("caf\u00e9") == value("cafe\u0301")


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_spans_are_offsets_into_the_text(line_end: str) -> None:
    """A byte order mark, any line end and characters beyond the basic plane leave spans exact."""
    text = line_end.join(["\ufeff# 😀", 'let größe = ("😀", abc.d)', "transform t { Resize(256) }", ""])
    result = parse(text)
    texts = [text[node.span.start : node.span.end] for node in tree.walk(result.tree)]
    assert () == result.diagnostics
    assert ['let größe = ("😀", abc.d)', "größe", '("😀", abc.d)', '"😀"', "abc.d", "abc", "d"] == texts[1:8]
    assert ["transform t { Resize(256) }", "t", "{ Resize(256) }", "Resize(256)"] == texts[8:12]


def test_interpolations_have_their_own_span() -> None:
    """`${name}` inside a string is pointed at exactly."""
    text = 'let x = "a ${b.c} d"'
    (found,) = (node for node in tree.walk(parse(text).tree) if isinstance(node, tree.Interpolation))
    assert "${b.c}" == text[found.span.start : found.span.end]


def test_lines_and_columns_count_from_one() -> None:
    """A fault on the third line, after a character of two UTF-16 units, at its code point column."""
    (fault,) = parse("let a = 1\r\n\r\nlet b = '😀' 2\r\n").diagnostics
    assert (3, 13) == (fault.line, fault.column)


@pytest.mark.parametrize("word", ["True", "False", "None"])
def test_python_constants_are_read_as_meant(word: str) -> None:
    """They are reported, with a safe fix, and cost nothing else."""
    result = parse(f"dataset d = F(x={word})")
    assert ["FL007"] == [diagnostic.code for diagnostic in result.diagnostics]
    assert result.diagnostics[0].fixes[0].safe
    assert parse(f"dataset d = F(x={word.lower()})").tree == result.tree
