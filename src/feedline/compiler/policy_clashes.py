"""Statements of one policy that exclude each other, whatever values they have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from feedline.compiler.policy_statements import Statements, is_rest
from feedline.dsl import tree
from feedline.dsl.diagnostics import Label
from feedline.dsl.frozen import define, field, frozen
from feedline.dsl.rules.forms import Contradiction
from feedline.dsl.rules.sampling import NothingForced

Node = tree.PolicyStatement


@frozen
class _Clash:
    """Two statements that exclude each other. `second` is to blame, where both are of the block at hand."""

    first: Node
    second: Node
    message: str
    second_label: str
    first_label: str
    help: str


def check_clashes(statements: Statements, own: Sequence[Node]) -> None:
    """Report each statement that another excludes, once. `own` are those of the block at hand: in a stage, the others
    are inherited and have been checked among themselves."""
    blamed: set[int] = set()
    for clash in _clashes(_Said.of(statements)):
        mine = [node for node in (clash.second, clash.first) if any(node is one for one in own)]
        if mine and id(mine[0]) not in blamed:
            blamed.add(id(mine[0]))
            first, second = Label(clash.first.span, clash.first_label), Label(clash.second.span, clash.second_label)
            label, other = (second, first) if mine[0] is clash.second else (first, second)
            statements.fail(Contradiction, mine[0], clash.message, label.text, other, clash.help)


def check_idle_places(statements: Statements, own: Sequence[Node]) -> None:
    """Warn of `places` where nothing has places of its own."""
    forced = any(node.bound != "at most" for node in statements.all(tree.Force, tree.ForceEach))
    filled = statements.one(tree.Mix, tree.Draw) is not None
    for node in statements.all(tree.Keyword):
        idle = not forced and not (filled and node.value == "shuffled")
        if node.statement == "places" and idle and node in own:
            message = "`places` says where forced samples stand, but none are forced"
            statements.ctx.reporter.report(NothingForced, node.span, message, help="leave it out")


@define
class _Said:
    """The statements by what they are about."""

    fills: list[Node] = field(factory=list)
    """`draw` and `mix`, which fill the whole batch."""
    forced: list[Node] = field(factory=list)
    limits: list[Node] = field(factory=list)
    """`at most`"""
    weights: list[Node] = field(factory=list)
    repeat: list[Node] = field(factory=list)
    bucket: list[Node] = field(factory=list)
    rest: list[tree.Rest] = field(factory=list)
    epochs: list[Node] = field(factory=list)
    sequential: list[Node] = field(factory=list)

    @classmethod
    def of(cls, statements: Statements) -> _Said:
        said = cls()
        kinds: dict[type[tree.Node], list[Node]] = {
            **{tree.Draw: said.fills, tree.Mix: said.fills, tree.BalanceBy: said.weights, tree.WeightBy: said.weights},
            **{tree.RepeatFactor: said.repeat, tree.BucketBy: said.bucket},
            **{tree.EpochPass: said.epochs, tree.EpochLength: said.epochs},
        }
        for node in statements.nodes:
            if isinstance(node, tree.Force | tree.ForceEach):
                (said.limits if node.bound == "at most" else said.forced).append(node)
            elif isinstance(node, tree.Rest):
                said.rest.append(node)
            elif isinstance(node, tree.Keyword) and (node.statement, node.value) == ("order", "sequential"):
                said.sequential.append(node)
            elif type(node) in kinds:
                kinds[type(node)].append(node)
        return said


def _clashes(said: _Said) -> Iterator[_Clash]:
    yield from _with_what_fills(said)
    yield from _among_weights(said)
    yield from _with_turns(said)
    yield from _with_limits(said)


def _pairs(
    first: Sequence[Node], second: Sequence[Node], message: str, first_label: str, second_label: str, help: str
) -> Iterator[_Clash]:
    for one in first:
        for other in second:
            if one is not other:
                yield _Clash(one, other, message, second_label, first_label, help)


def _with_what_fills(said: _Said) -> Iterator[_Clash]:
    """`draw` and `mix` leave nothing to force, and no rest."""
    for fills in said.fills[:1]:
        word = "draw" if isinstance(fills, tree.Draw) else "mix"
        different = [other for other in said.fills if type(other) is not type(fills)]
        others = [*different, *said.forced, *said.limits, *said.rest, *said.weights, *said.repeat, *said.bucket]
        yield from _pairs(
            [fills], others, f"`{word}` fills every place of a batch", "fills the batch", "has no place left",
            "keep one of them",
        )  # fmt: skip
        for epoch in said.epochs:
            if not isinstance(epoch, tree.EpochPass) or (word == "mix" and not is_rest(epoch.over)):
                continue
            help = "name one of its parts: `epoch one pass over PART`" if word == "mix" else "`epoch 500 batches`"
            yield _Clash(
                fills, epoch, f"`{word}` fills every place of a batch, so an epoch is no pass over this",
                "no places to pass over", "fills the batch", f"leave it out, or {help}" if word == "mix" else
                f"leave it out, or give the epoch a number of batches: {help}",
            )  # fmt: skip


def _among_weights(said: _Said) -> Iterator[_Clash]:
    word = "balance" if said.weights and isinstance(said.weights[0], tree.BalanceBy) else "weight"
    taken = "weights come from here"
    yield from _pairs(
        said.weights[:1], said.weights[1:], f"`{word} by` gives every sample a weight already", taken,
        "these weights exclude it", "keep one of them",
    )  # fmt: skip
    yield from _pairs(
        said.weights, said.repeat, f"`{word} by` says already how often a sample comes", taken,
        "says how often, too", "keep one of them",
    )  # fmt: skip
    yield from _pairs(
        said.weights, said.bucket, "weighted samples are drawn at random, not in buckets", "drawn here",
        "excluded by the weights", "keep one of them",
    )  # fmt: skip
    yield from _pairs(
        said.weights, said.sequential, "weighted samples are drawn at random, so they have no order", "drawn here",
        "excluded by the weights", "leave `order sequential` out",
    )  # fmt: skip
    yield from _pairs(
        said.weights, [rest for rest in said.rest if not rest.replacement],
        "weighted samples are drawn with replacement", "drawn here", "excluded by the weights", "leave this line out",
    )  # fmt: skip


def _with_turns(said: _Said) -> Iterator[_Clash]:
    """`repeat factor` and `bucket by` go through the samples of the rest in turn."""
    drawn = [rest for rest in said.rest if rest.replacement]
    yield from _pairs(
        said.repeat, drawn, "`repeat factor` says how often each sample comes in an epoch, so none is drawn at random",
        "each comes in its turns", "excluded by the repeat factor", "leave `rest with replacement` out",
    )  # fmt: skip
    yield from _pairs(
        said.bucket, drawn, "`bucket by` brings every sample once an epoch, so none is drawn at random",
        "each comes in its turn", "excluded by the buckets", "leave `rest with replacement` out",
    )  # fmt: skip
    passes = [epoch for epoch in said.epochs if not (isinstance(epoch, tree.EpochPass) and is_rest(epoch.over))]
    yield from _pairs(
        said.bucket, passes, "`bucket by` brings every sample once an epoch, which says how long that is",
        "once an epoch", "another length", "leave this line out",
    )  # fmt: skip


def _with_limits(said: _Said) -> Iterator[_Clash]:
    """`at most` spreads a group over the batches, which only turns of the rest can do."""
    for others, why in (
        (said.weights, "weighted samples have none"),
        (said.repeat, "`repeat factor` makes turns of its own"),
        (said.bucket, "`bucket by` makes turns of its own"),
    ):
        message = f"`at most` spreads its group over the turns of the rest, and {why}"
        yield from _pairs(said.limits[:1], others, message, "limited here", "not spread", "keep one of them")
