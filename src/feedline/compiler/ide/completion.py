"""What can be written at the cursor."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from feedline.compiler import catalogue
from feedline.compiler.explain.text import Writer
from feedline.compiler.ide import offers, subject
from feedline.compiler.ide.analysis import Analysis
from feedline.compiler.ide.cursor import Cursor, cursor_at
from feedline.compiler.ide.importable import importable
from feedline.compiler.ide.offers import NOWHERE, Completion
from feedline.compiler.ide.open_call import OpenCall, open_call
from feedline.compiler.ide.string_offers import in_string
from feedline.compiler.ide.table import part_symbols
from feedline.compiler.ide.value_offers import argument_names, values
from feedline.compiler.ide.words import CLAUSES, COLLATES, FIELDS, PARAM_TYPES
from feedline.compiler.lower_cache import CACHES
from feedline.compiler.names import Found, look_up
from feedline.compiler.options import OPTIONS
from feedline.dsl import tree
from feedline.dsl.source import Span

_STATEMENTS = ("declaration", "loader_statement", "policy_statement", "step", "branch", "view")
_LOGIC = frozenset({"and", "or", "not", "in", "has", "matches"})
_CONSTANTS = frozenset({"true", "false", "none"})
_COMPARISONS = frozenset({"EQ", "NE", "LT", "LE", "GT", "GE", "MATCHES", "IN"})
_ONCE = (tree.TransformBlock, tree.SampleBlock, tree.SampleRef, tree.Collate, tree.OnError)
_COUNTS = frozenset({"force_count", "draw_count", "fold_count", "each_count", "mix_share"})
_PARTS = ("train", "val", "test")


def completions(analysis: Analysis, offset: int) -> tuple[Completion, ...]:
    """What can be written at an offset, the likeliest first. Editors leave out what does not begin as the word there.

    Never more than one of a label and a kind."""
    cursor = cursor_at(analysis, offset)
    if cursor is None:
        return ()
    call = open_call(analysis, cursor)
    found: dict[tuple[str, str], Completion] = {}
    for one in sorted(_offers(analysis, cursor, call), key=lambda one: one.rank):
        found.setdefault((one.label, one.kind), one if one.span is not NOWHERE else evolve(one, span=cursor.span))
    return tuple(found.values())


def _offers(analysis: Analysis, cursor: Cursor, call: OpenCall | None) -> Iterator[Completion]:
    if cursor.string is not None:
        yield from in_string(analysis, cursor, call)
    elif cursor.base:
        yield from _members(analysis, cursor)
    else:
        yield from _keywords(analysis, cursor)
        if call is not None:
            yield from _arguments(analysis, cursor, call)
        elif "expr" in cursor.roles or "sum" in cursor.roles or "factor" in cursor.roles:
            yield from _values(analysis, cursor)
        else:
            yield from _names(analysis, cursor)


# ---- keywords and statements


def _keywords(analysis: Analysis, cursor: Cursor) -> Iterator[Completion]:
    said = _said(analysis, cursor)
    for rule in _STATEMENTS:
        words = [word for word, rules in cursor.keywords.items() if rule in rules]
        if words:
            yield from offers.forms(rule, words, said)
            return
    condition = cursor.head[:1] == ("group",)
    for word in cursor.keywords:
        if word in _CONSTANTS or (word in _LOGIC and not condition):
            continue
        yield Completion(word, "keyword", f"{word} ", "", CLAUSES.get(word, ""), rank=6 if word in _LOGIC else 0)


def _said(analysis: Analysis, cursor: Cursor) -> frozenset[str]:
    """The statements of the loader around the cursor that may be said once and are."""
    loader = _loader(analysis, cursor)
    if loader is None or len(cursor.blocks) != 1:
        return frozenset()
    others = [item for item in loader.statements if not item.span.start <= cursor.span.start <= item.span.end]
    words = (analysis.written(item.span).split(None, 1)[0] for item in others if isinstance(item, _ONCE))
    return frozenset(word.partition("{")[0] for word in words)


def _loader(analysis: Analysis, cursor: Cursor) -> tree.Loader | None:
    around = analysis.at(cursor.span.start)
    return next((node for node in around if isinstance(node, tree.Loader)), None)


# ---- values


def _arguments(analysis: Analysis, cursor: Cursor, call: OpenCall) -> Iterator[Completion]:
    """Inside the parentheses of a call."""
    if call.name in ("any", "all", "count") and cursor.head[:1] == ("group",):
        yield from _condition(analysis, cursor)
        return
    if call.entry is not None and call.begins:
        yield from argument_names(call.entry.parameters, call.given)
    parameter = call.parameter
    if parameter is None:
        yield from values(analysis, None)
        return
    # By position only where nothing is given by name yet.
    if call.named is not None or not call.begins or parameter.name not in call.given:
        default = "" if parameter.required else Writer("", {}).value(parameter.default)
        yield from values(analysis, parameter.type, name=parameter.name, default=default)


def _values(analysis: Analysis, cursor: Cursor) -> Iterator[Completion]:
    """Where an expression stands outside of every call."""
    head = cursor.head[:1]
    if head == ("dataset",):
        yield from offers.sources()
        yield from offers.datasets(analysis)
    elif head == ("group",):
        yield from _condition(analysis, cursor)
    elif len(cursor.blocks) == 1 and head == ("loader",) and cursor.previous == "ASSIGN":
        yield from _option_value(analysis, str(cursor.statement[0]))
    elif head == ("param",) and "bool" in cursor.head:
        yield from (Completion(word, "member", word, rank=1) for word in ("true", "false"))
    else:
        yield from values(analysis, None)


def _condition(analysis: Analysis, cursor: Cursor) -> Iterator[Completion]:
    """In the condition of a group: a field or a group, or what a field is compared with."""
    about = subject.subject(analysis, cursor)
    if "dataset_ref" in cursor.roles:
        yield from (evolve(one, text=f"{one.text} where ") for one in offers.datasets(analysis, parts=False, rank=2))
    compared = next((t for t in reversed(cursor.statement) if t.type in _COMPARISONS | {"AND", "OR", "WHERE"}), None)
    if compared is not None and compared.type in _COMPARISONS:
        for word in subject.classes(analysis, about):
            yield Completion(f'"{word}"', "value", f'"{word}"', "a class", rank=1)
        yield from offers.declared(analysis, "parameter", "constant")
        return
    for rank, (name, doc) in enumerate(subject.metadata_fields(analysis, cursor, about)):
        yield Completion(name, "field", name, doc, rank=10 + rank)
    without = subject.foreign_groups(analysis, about)
    yield from (one for one in offers.declared(analysis, "group", rank=8) if one.label not in without)
    for name in ("any", "all", "count"):
        yield Completion(name, "function", f"{name}(", "", CLAUSES[name], f"{name}($0)", rank=40)


def _option_value(analysis: Analysis, name: str) -> Iterator[Completion]:
    option = OPTIONS.get(name)
    if option is None:
        return
    yield from values(analysis, option.type, default=Writer("", {}).value(option.default))
    if name == "cache":
        yield Completion("disk", "function", "disk(", 'disk("folder")', "", 'disk("${1:cache}")', rank=1)
        yield Completion("memory", "function", "memory(", f"memory({CACHES['memory'][0].name}=4)", "", "memory($0)", 2)


# ---- names


def _names(analysis: Analysis, cursor: Cursor) -> Iterator[Completion]:
    """Where a name of some kind stands."""
    roles, about = cursor.roles, subject.subject(analysis, cursor)
    if roles & {"step", "branch", "view"}:
        batch = any(block.head == ("batch",) for block in cursor.blocks)
        own = cursor.head[1:2] if cursor.head[:1] == ("transform",) else ()
        yield from (one for one in offers.declared(analysis, "transform") if one.label not in own)
        yield from offers.transforms(batch=batch)
    if "transform_ref" in roles:
        yield from offers.declared(analysis, "transform")
    if "loader_statement" in roles:
        yield from _options(analysis, cursor)
    if "dataset_ref" in roles:
        yield from offers.datasets(analysis, parts=cursor.head[:1] == ("loader",))
    if roles & {"group_ref", "population", "passed", "mix_ref"}:
        without = subject.foreign_groups(analysis, about)
        yield from (one for one in offers.declared(analysis, "group") if one.label not in without)
    if roles & _COUNTS:
        yield from offers.declared(analysis, "parameter", "constant")
    if "mix_ref" in roles:
        yield from offers.datasets(analysis, rank=20)
    if "policy_ref" in roles:
        yield from offers.declared(analysis, "policy")
    if roles & {"field_ref", "split_key"}:
        yield from _metadata(analysis, cursor)
    if "field" in roles and "field_ref" not in roles:
        for name, type in subject.sample_fields(analysis, cursor, about):
            yield Completion(name, "field", name, type or FIELDS.get(name, ""))
    if "collate_kind" in roles:
        yield from _collates(cursor)
    if roles & {"param_type", "type_name"}:
        yield from (Completion(name, "type", name, doc) for name, doc in PARAM_TYPES.items())
    if roles & {"sized_part", "valued_part", "part_name"}:
        yield from (Completion(name, "part", f"{name} ") for name in _PARTS if name not in cursor.head)
    if "import_name" in roles:
        yield from importable(analysis, cursor)


def _metadata(analysis: Analysis, cursor: Cursor) -> Iterator[Completion]:
    about = subject.subject(analysis, cursor)
    for name, doc in subject.metadata_fields(analysis, cursor, about):
        yield Completion(name, "field", name, doc)
    if "stratified" in cursor.head[-2:]:
        without = subject.foreign_groups(analysis, about)
        yield from (one for one in offers.declared(analysis, "group", rank=4) if one.label not in without)
    if cursor.head[:1] == ("split",) and cursor.head[-1:] == ("by",) and "into" not in cursor.head:
        yield Completion("folder", "field", "folder", "The folder below the source's root.")


def _options(analysis: Analysis, cursor: Cursor) -> Iterator[Completion]:
    loader = _loader(analysis, cursor)
    said = {
        item.name.text
        for item in (loader.statements if loader is not None else ())
        if isinstance(item, tree.Option) and not item.span.start <= cursor.span.start <= item.span.end
    }
    for name, option in OPTIONS.items():
        if name not in said:
            detail = f"{option.type.describe()}, {Writer('', {}).value(option.default)} by default"
            yield Completion(name, "option", f"{name} = ", detail, option.doc, f"{name} = $0", 20)


def _collates(cursor: Cursor) -> Iterator[Completion]:
    of_field = len(cursor.blocks) > 1
    for rank, (name, doc) in enumerate(COLLATES.items()):
        if of_field and name in ("detection", "python"):
            continue
        snippet = {"pad": "pad(value=${1:0})", "python": 'python("${1:package.module:function}")'}.get(name)
        yield Completion(name, "value", name, "", doc, snippet, rank)


# ---- after a dot


def _members(analysis: Analysis, cursor: Cursor) -> Iterator[Completion]:
    """What a dotted name can go on with."""
    base = cursor.base
    constants = catalogue.constants().get(base[0]) if len(base) == 1 else None
    if base[0] not in analysis.main.names:
        yield from (Completion(part, "constant", part, str(value)) for part, value in (constants or {}).items())
        return
    found = look_up(analysis.main, tuple(tree.Name(Span("", 0, 0), name) for name in base))
    if not isinstance(found, Found) or found.rest:
        return
    target = found.declared.target
    if target is not None:
        for name, declared in target.names.items():
            if declared.kind not in ("broken", "loader"):
                yield Completion(name, offers.kind_of(declared), name, declared.kind)
    if found.declared.kind == "dataset":
        for part in part_symbols(analysis.ctx, found.declared):
            text = part.name if part.renamable else f"{part.name}[0]"
            yield Completion(text, "part", text, f"a part of {found.declared.name}")
