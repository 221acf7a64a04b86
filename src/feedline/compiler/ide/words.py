"""The forms of the language: what each keyword begins, in one line, with a snippet to write it.

Keyed by the grammar's rule for the statements among which a form stands, in the order in which a file says them.
Snippets are in the notation of the Language Server Protocol, which editors share: `${1:text}` is a stop.
"""

from __future__ import annotations

from collections.abc import Mapping

from feedline.dsl.frozen import frozen


@frozen
class Form:
    """One form: how it is written, what it means, and how to write it with stops."""

    form: str
    doc: str
    snippet: str


_DECLARATIONS = {
    "param": Form(
        "param NAME [: TYPE] [= VALUE]",
        "An input of the file, set by `-D NAME=VALUE`, `--params FILE` or `compile(path, NAME=...)`. "
        "Types: `int float bool str path` and `one of (...)`. Without a value it must be set.",
        'param ${1:root}: ${2:path} = ${3:"data"}',
    ),
    "let": Form("let NAME = VALUE", "A constant.", "let ${1:size} = ${2:224}"),
    "import": Form(
        'import "FILE" (NAMES) | as NAME',
        "Declarations of another file: its path is relative to this one.",
        'import "${1:shared.pipe}" as ${2:shared}',
    ),
    "dataset": Form(
        "dataset NAME = SOURCE(...)",
        "Where samples come from. `dataset all = a + b` puts two one behind the other.",
        'dataset ${1:images} = ${2:ImageFolder("${3:data}")}',
    ),
    "group": Form(
        "group NAME = DATASET where CONDITION",
        "A named subset of the samples, decided from metadata alone.",
        'group ${1:rare} = ${2:images} where ${3:label == "${4:name}"}',
    ),
    "split": Form(
        "split DATASET into PART SIZE, ... [stratified by FIELD] [grouped by FIELD] [seed N]",
        "Disjoint named parts of a data set, then used as `DATASET.PART`. Also `into 5 folds` and "
        "`by FIELD into train = ...`.",
        "split ${1:images} into train ${2:80}%, val ${3:20}% stratified by ${4:label} seed ${5:0}",
    ),
    "transform": Form(
        "transform NAME { ... }",
        "A chain of steps that other chains name.",
        "transform ${1:pixels} {\n  $0\n\\}",
    ),
    "policy": Form(
        "policy NAME { ... }",
        "A sampling policy that loaders name: `sample NAME`.",
        "policy ${1:batches} {\n  batch ${2:64}\n  $0\n\\}",
    ),
    "loader": Form(
        "loader NAME from DATASET { ... }",
        "What `compile` makes a `DataLoader` of.",
        "loader ${1:train} from ${2:images} {\n  transform {\n    $0\n  \\}\n"
        "  sample { batch ${3:64}; order shuffled \\}\n\\}",
    ),
}

_LOADER = {
    "transform": Form(
        "transform { ... } | transform NAME", "The chain that each sample goes through.", "transform {\n  $0\n\\}"
    ),
    "sample": Form(
        "sample { ... } | sample POLICY", "How batches are composed.", "sample {\n  batch ${1:64}\n  $0\n\\}"
    ),
    "collate": Form(
        "collate stack | detection | pad(...) | list | { FIELD KIND ... } [as tuple | dict]",
        "How the samples of a batch are put together. Without it: `stack`, or `detection` where samples have boxes.",
        "collate ${1|stack,detection,list,pad(value=0)|}",
    ),
    "on": Form(
        "on error fail | skip | replace [max SHARE]",
        "What happens to a sample that cannot be read. `replace` draws another of the same group.",
        "on error ${1|fail,skip,replace|}",
    ),
}

_STEPS = {
    "maybe": Form(
        "maybe SHARE { ... }", "The steps with that probability, as `RandomApply`.", "maybe ${1:50}% { $0 \\}"
    ),
    "one": Form(
        "one of { A; B weight 2 }",
        "One of the branches for each sample, as `RandomChoice`.",
        "one of {\n  ${1:A()}\n  ${2:B()}\n\\}",
    ),
    "shuffled": Form("shuffled { ... }", "The steps in random order, as `RandomOrder`.", "shuffled {\n  $0\n\\}"),
    "views": Form(
        "views N { ... } | views { A; 2 of B }",
        "The chain so many times over, independently: the image becomes a tuple of views.",
        "views ${1:2} {\n  $0\n\\}",
    ),
    "on": Form("on FIELD { ... }", "The steps on one field of the sample only.", "on ${1:label} { $0 \\}"),
    "batch": Form(
        "batch { ... }",
        "Steps on the whole batch, after collation, such as `MixUp`.",
        "batch { ${1:MixUp(num_classes=${2:10})} \\}",
    ),
}

_POLICY = {
    "batch": Form("batch N [across ranks]", "So many samples in a batch.", "batch ${1:64}"),
    "force": Form(
        "force [at least | at most] K GROUP per N [across ranks] [with | without replacement]",
        "Every batch of every epoch on every rank holds so many of the group. "
        "`force K of each FIELD in (...) per N` does so for each of some values.",
        "force ${1:3} ${2:group} per ${3:8} ${4|with,without|} replacement",
    ),
    "mix": Form(
        "mix PART SHARE, PART SHARE per N",
        "The places of each batch by shares; what does not divide evens out over batches.",
        "mix ${1:a} ${2:3}, ${3:b} ${4:1} per ${5:8}",
    ),
    "draw": Form(
        "draw N FIELD with K each",
        "Every batch holds K samples of each of N values of the field.",
        "draw ${1:8} ${2:label} with ${3:4} each",
    ),
    "rest": Form(
        "rest with | without replacement",
        "How the places that nothing is forced into are filled; without replacement by default.",
        "rest ${1|without,with|} replacement",
    ),
    "balance": Form("balance by FIELD", "Draws every class as often, with replacement.", "balance by ${1:label}"),
    "weight": Form(
        "weight by FIELD | weight by { GROUP W ... rest W }",
        "Draws samples by a weight, with replacement.",
        "weight by ${1:column}",
    ),
    "repeat": Form(
        "repeat factor T by FIELD",
        "LVIS's repeat factors: samples with a rare value come more often.",
        "repeat factor ${1:0.001} by ${2:category}",
    ),
    "bucket": Form(
        "bucket by FIELD into N",
        "Batches of samples alike in a numeric field, each sample still once.",
        "bucket by ${1:aspect_ratio} into ${2:8}",
    ),
    "epoch": Form(
        "epoch one pass over GROUP | epoch N batches | epoch N samples",
        "How long an epoch is; one pass over the rest by default.",
        "epoch ${1|one pass over rest,500 batches,4000 samples|}",
    ),
    "last": Form(
        "last keep | drop | pad",
        "What becomes of a last batch that is not full: kept (the default), left out, or filled.",
        "last ${1|drop,keep,pad|}",
    ),
    "order": Form(
        "order shuffled | sequential",
        "Sequential by default, shuffled once something is forced, drawn or weighted.",
        "order ${1|shuffled,sequential|}",
    ),
    "places": Form(
        "places shuffled | forced first",
        "Where forced samples stand in the batch; anywhere by default.",
        "places ${1|shuffled,forced first|}",
    ),
    "distinct": Form("distinct", "No sample twice within one batch.", "distinct"),
    "uneven": Form(
        "uneven drop | pad",
        "What becomes of the last batches where the ranks do not divide them.",
        "uneven ${1|drop,pad|}",
    ),
    "seed": Form("seed N", "What every random number follows from; 0 by default.", "seed ${1:0}"),
    "on": _LOADER["on"],
    "from": Form(
        "from epoch N { ... }",
        "Other statements from that epoch on; what they do not say stays.",
        "from epoch ${1:10} {\n  $0\n\\}",
    ),
}

FORMS: Mapping[str, Mapping[str, Form]] = {
    "declaration": _DECLARATIONS,
    "loader_statement": _LOADER,
    "step": _STEPS,
    "branch": _STEPS,
    "view": _STEPS,
    "policy_statement": _POLICY,
}

CLAUSES: Mapping[str, str] = {
    "stratified": "`stratified by FIELD`: every part has the shares of the field's values, or of a group.",
    "grouped": "`grouped by FIELD`: samples with one value of the field stay in one part.",
    "folds": "`into 5 folds`: then `DATASET.train[k]` and `DATASET.val[k]`.",
    "where": "The condition that makes a group, decided from metadata alone.",
    "per": "`per N`: the number of samples in a batch.",
    "across": "`across ranks`: the number counts the samples of all ranks together.",
    "replacement": "With replacement: independent draws. Without: all come before any comes again.",
    "least": "`at least K`: a batch may hold more.",
    "most": "`at most K`: a limit on what the rest brings.",
    "each": "`of each FIELD in (...)`: for each of the values.",
    "has": "`has annotations`: whether a sample has any.",
    "matches": '`path matches "scratch/**"`: a pattern with `*`, `**` and `?`.',
    "any": "`any(...)`: whether some annotation of the sample meets the condition.",
    "all": "`all(...)`: whether every annotation of the sample meets the condition.",
    "count": "`count(...)`: how many annotations of the sample meet the condition.",
    "max": "`max 1%`: more replaced samples than that fail the run.",
}
"""What other words mean where they stand."""

COLLATES: Mapping[str, str] = {
    "stack": "One tensor a field; needs equal sizes.",
    "list": "A list a field, as the samples are.",
    "detection": "Images, and a list of targets with torchvision's keys.",
    "pad": "To the largest of the batch, with a mask.",
    "python": "A function of your own, given the list of samples.",
}

FIELDS: Mapping[str, str] = {
    "image": "The image.",
    "label": "The sample's class, by name or by number.",
    "category": "The class of an annotation: a bare comparison is true where it is so of some annotation.",
    "path": "The path of the sample's file, from its data set's root.",
    "width": "The image's width in pixels.",
    "height": "The image's height in pixels.",
    "area": "The area of an annotation.",
    "iscrowd": "Whether an annotation is of a crowd.",
    "index": "The sample's number in its data set.",
    "boxes": "The boxes of the annotations.",
    "labels": "The classes of the annotations, as numbers.",
    "masks": "A mask for each annotation.",
    "image_id": "The image's number in the annotations.",
    "aspect_ratio": "Width by height.",
}

PARAM_TYPES: Mapping[str, str] = {
    "int": "A whole number.",
    "float": "A number.",
    "bool": "`true` or `false`.",
    "str": "A text.",
    "path": "A path, relative to the file that declares it.",
}
