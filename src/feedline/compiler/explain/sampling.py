"""A policy in words: what every batch holds, how an epoch goes, and what of it is a default.

It speaks as docs/guarantees.md does, and names its rows. What needs the data (how many batches) comes in beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from attrs import frozen

from feedline.compiler import ir
from feedline.compiler.explain.pages import Line, Policy
from feedline.compiler.explain.text import Writer, quoted
from feedline.compiler.policy_text import policy_text

_TURNS = "without replacement: all come before any comes again"
_DRAWS = "with replacement: independent draws"

_SEED = re.compile(r"[\n;{]\s*seed\b")
"""A statement of a policy, not a word of a comment."""


def policies(
    policy: ir.Policy,
    groups: Sequence[ir.Group],
    lengths: Sequence[int | None],
    rests: Sequence[int | None],
    writer: Writer,
) -> tuple[Policy, ...]:
    """The policy and its stages. `lengths` and `rests` have an item for each, None where the data has not been opened:
    its batches, and the samples outside the groups with an exact count."""
    seeded = _SEED.search(writer.written(policy.span)) is not None
    every = [(0, policy), *((stage.epoch, stage.policy) for stage in policy.stages)]
    return tuple(
        Policy(
            epoch, one.batch, length, tuple(_Words(one, groups, length, rest, seeded).lines(epoch)), policy_text(one)
        )
        for (epoch, one), length, rest in zip(every, lengths, rests, strict=True)
    )


@frozen
class _Words:
    policy: ir.Policy
    groups: Sequence[ir.Group]
    length: int | None
    rest: int | None
    seeded: bool
    """Whether the file names a seed, if only the default one."""

    @property
    def places(self) -> int:
        """Places of a batch that nothing is forced into."""
        return self.policy.batch - sum(force.places for force in self.policy.forces)

    @property
    def others(self) -> str:
        """What may fill those places: everything, unless something is forced by an exact count."""
        return "others" if any(force.bound == "exactly" for force in self.policy.forces) else "samples"

    @property
    def topic(self) -> str:
        """What those places are called."""
        return "the rest" if self._forced and self.others == "samples" else self.others

    @property
    def _forced(self) -> bool:
        return any(force.places for force in self.policy.forces)

    def lines(self, epoch: int) -> Iterator[Line]:
        """Everything, in the order of reading. A stage says nothing of what it shares with the policy around it."""
        ranks = " on all ranks together" if self.policy.across_ranks else ""
        held, size = self._batch(), _many(self.policy.batch, "sample")
        text = f"{size}{ranks}" + (f": {held}" if held else "")
        yield Line("every batch", text, self._is_default, self._kept())
        yield from self._forces()
        yield from self._rest()
        yield from self._epoch()
        yield from self._order()
        if not epoch:
            yield from self._ranks()
            text = f"{self.policy.seed}: the same batches each run, on any machine"
            yield Line("seed", text, not self.seeded, "pure")

    @property
    def _is_default(self) -> bool:
        """Whether nothing is asked of a batch: one sample at a time."""
        return self.policy.batch == 1 and self.places == 1

    # ---- what a batch holds

    def _batch(self) -> str:
        policy = self.policy
        if policy.draw is not None:
            draw = policy.draw
            return f"{draw.each} of each of {_many(draw.classes, 'value')} of `{draw.by}`"
        if policy.mix is not None:
            total = sum(part.share for part in policy.mix.parts)
            return _and([f"{_share(policy.batch * part.share, total)} of `{part.group}`" for part in policy.mix.parts])
        held = [f"{count} of {name}" for name, count in self._counts()]
        if held and self.places:
            free = "of any kind" if self.others == "samples" else "other" if self.places == 1 else "others"
            held += [f"{self.places} {free}"] if self._forced else []
        return _and(held) if held else ""

    def _counts(self) -> list[tuple[str, str]]:
        """Each forced group once, with its bounds in words; the values of one `each` line together."""
        bounds: dict[str, tuple[int, int | None, ir.Force]] = {}
        for force in self.policy.forces:
            low, high, _ = bounds.get(force.group, (0, None, force))
            low = force.count if force.bound != "at most" else low
            high = force.count if force.bound != "at least" else high
            bounds[force.group] = low, high, force
        found: dict[tuple[str, str], list[str]] = {}
        for group, (low, high, force) in bounds.items():
            text = _bounds(low, high)
            value = self._value(group) if force.each else None
            key = (f"each `{value[0]}` in ", text) if value is not None else (f"`{group}`", text)
            found.setdefault(key, []).append("" if value is None else value[1])
        return [
            (name + (f"({', '.join(values)})" if values[0] else ""), text) for (name, text), values in found.items()
        ]

    def _value(self, name: str) -> tuple[str, str] | None:
        """The field and the value of a group that `of each` made."""
        group = next((group for group in self.groups if group.name == name), None)
        if group is None or not isinstance(group.predicate, ir.Compare):
            return None
        value = group.predicate.value
        return group.predicate.field.name, quoted(value) if isinstance(value, str) else str(value)

    def _kept(self) -> str | None:
        policy = self.policy
        if policy.draw is not None:
            return "draw-with-replacement" if policy.draw.replacement else "draw"
        if policy.mix is not None:
            return "mix-with-replacement" if policy.mix.replacement else "mix"
        if not policy.forces:
            return None
        force = policy.forces[0]
        if force.each:
            return "force-each-at-least" if force.at_least else "force-each"
        return {"exactly": "force-exact", "at least": "force-at-least", "at most": "force-at-most"}[force.bound]

    # ---- where its samples come from

    def _forces(self) -> Iterator[Line]:
        seen: dict[tuple[bool, bool], list[str]] = {}
        for force in self.policy.forces:
            if force.bound == "at most":
                text = "limited, and spread evenly over the batches"
                yield Line(f"`{force.group}`", text, False, "force-at-most")
            else:
                seen.setdefault((force.replacement, force.each), []).append(force.group)
        for (replacement, each), names in seen.items():
            topic = ", ".join(f"`{name}`" for name in dict.fromkeys(names)) if not each else "each value"
            text = _DRAWS if replacement else _TURNS
            yield Line(topic, text, not replacement, "with-replacement" if replacement else "without-replacement")

    def _rest(self) -> Iterator[Line]:
        policy = self.policy
        if policy.draw is not None:
            yield from self._drawn(policy.draw)
        elif policy.mix is not None:
            replacement = policy.mix.replacement
            id = "mix-with-replacement" if replacement else "mix"
            yield Line("each part", _DRAWS if replacement else _TURNS, not replacement, id)
        elif self.places:
            yield from self._filled()

    def _drawn(self, draw: ir.Draw) -> Iterator[Line]:
        yield Line("values", f"each `{draw.by}` once before any comes again", True, "draw")
        if draw.replacement:
            yield Line("of a value", _DRAWS, False, "draw-with-replacement")
        else:
            few = f"; values with fewer than {draw.each} samples do not come" if draw.each > 1 else ""
            yield Line("of a value", _TURNS + few, True, "draw")

    def _filled(self) -> Iterator[Line]:
        policy = self.policy
        if policy.weights is not None:
            yield Line(self.topic, f"drawn with replacement, {_weights(policy.weights)}", False, _weights_id(policy))
            return
        if policy.repeat is not None:
            by, t = policy.repeat.by, f"{policy.repeat.threshold:g}"
            text = (
                f"each r times an epoch, rounded up or down so that the mean is r = max(1, sqrt({t} / f)), "
                f"f being the share of samples with its rarest `{by}`"
            )
            yield Line(self.topic, text, False, "repeat-factor")
        elif policy.rest_replacement:
            yield Line(self.topic, _DRAWS, False, "rest-with-replacement")
        else:
            yield Line(self.topic, f"without replacement: {self._turns()}", True, "rest-without-replacement")
        if policy.bucket is not None:
            by, count = policy.bucket.by, policy.bucket.count
            text = f"sorted by `{by}` and cut into {_many(count, 'bucket')}; every batch is filled from one of them"
            yield Line("buckets", text, False, "bucket-force" if policy.forces else "bucket")

    def _turns(self) -> str:
        epoch = self.policy.epoch
        if epoch.kind != "pass" or epoch.over != "rest":
            return "used up before any comes again"
        if any(force.bound == "at most" for force in self.policy.forces):
            return "each at most once an epoch"
        often = {"keep": "exactly once", "drop": "at most once", "pad": "at least once"}[self.policy.last]
        return f"each {often} an epoch"

    # ---- how an epoch goes

    def _epoch(self) -> Iterator[Line]:
        policy, epoch = self.policy, self.policy.epoch
        default, id = False, f"epoch-{epoch.kind}"
        if epoch.kind == "batches":
            text = f"{epoch.count:,} batches"
        elif epoch.kind == "samples":
            full, left = divmod(epoch.count, policy.batch)
            text = f"{_batches(full + bool(left and policy.last != 'drop'))}: {epoch.count:,} places"
        elif policy.draw is not None:
            default, id = True, "len"
            text = f"{self._length('samples', policy.batch)}: as many as the samples fill"
        elif policy.mix is not None:
            default, id = epoch.over == policy.mix.parts[0].group, "mix"
            text = self._over(f"one pass over `{epoch.over}`")
        elif epoch.over != "rest":
            count = next((force.places for force in policy.forces if force.group == epoch.over and force.places), 1)
            id, text = "epoch-over-group", f"{self._length(f'`{epoch.over}`', count)}: one pass over `{epoch.over}`"
        else:
            default, id, text = True, f"last-{policy.last}", self._one_pass()
        yield Line("epoch", text, default, id)
        full, last = self._always_full, self._last()
        yield Line(
            "last batch",
            "always full" if full else last,
            policy.last == "keep",
            None if full else f"last-{policy.last}",
        )

    def _one_pass(self) -> str:
        """An epoch of one pass over the rest."""
        policy, what = self.policy, f"the {self.others}" if self.rest is None else f"the {self.rest:,} {self.others}"
        if any(force.bound == "at most" for force in policy.forces):
            return self._over(f"one pass over {what}, as limits allow")
        if policy.repeat is not None:
            return self._over(f"one pass over {what}, each as it repeats")
        drawn = policy.weights is not None or policy.rest_replacement
        what = what if self.length is not None else "them"
        over = f"a draw for each of {what}" if drawn else f"one pass over {what}"
        return f"{self._length(self.others, self.places)}: {over}"

    def _length(self, what: str, by: int) -> str:
        """The number of batches, as a formula while the data has not been opened."""
        if self.length is not None:
            return _batches(self.length)
        divide = "floor" if self.policy.last == "drop" else "ceil"
        return f"{divide}({what} / {by}) batches" if by > 1 else f"as many batches as {what}"

    def _over(self, text: str) -> str:
        return text if self.length is None else f"{_batches(self.length)}: {text}"

    @property
    def _always_full(self) -> bool:
        """Whether no batch can be short, whatever `last` says."""
        policy, epoch = self.policy, self.policy.epoch
        if policy.batch == 1 or epoch.kind == "batches":
            return True
        # An epoch that is measured by what is in every batch ends with a full one.
        whole = policy.draw is not None or policy.mix is not None or (epoch.kind == "pass" and epoch.over != "rest")
        return policy.last == "keep" and (whole or not self.places)

    def _last(self) -> str:
        match self.policy.last:
            case "drop":
                return "left out where it is not full"
            case "pad":
                return "filled from the next epoch's order where it is not full"
        free = "the others" if self.others == "others" else "the rest"
        return f"may be shorter, in the places of {free} only" if self._forced else "may be shorter"

    def _order(self) -> Iterator[Line]:
        policy = self.policy
        composed = [policy.forces, policy.weights, policy.draw, policy.mix, policy.repeat, policy.bucket]
        usual = "shuffled" if any(composed) else "sequential"
        text = "shuffled: a new one each epoch" if policy.order == "shuffled" else "sequential: that of the data"
        yield Line("order", text, policy.order == usual, f"order-{policy.order}")
        if self._forced:
            shuffled = policy.places == "shuffled"
            text = "shuffled: forced samples stand anywhere" if shuffled else "forced samples first"
            yield Line("places", text, shuffled, "places-shuffled" if shuffled else "places-first")
        text = "no sample twice in one batch" if policy.distinct else "a sample may stand twice in one batch"
        if policy.distinct or self._may_repeat:
            yield Line("repeats", text, not policy.distinct, "distinct" if policy.distinct else None)

    @property
    def _may_repeat(self) -> bool:
        """Whether a sample may stand twice in a batch."""
        policy = self.policy
        if policy.draw is not None or policy.mix is not None:
            return bool((policy.draw or policy.mix).replacement)  # pyright: ignore[reportOptionalMemberAccess]  (one is)
        drawn = sum(force.places for force in policy.forces if force.replacement) > 1
        met = any(force.at_least for force in policy.forces) or policy.repeat is not None
        return drawn or met or (self.places > 1 and (policy.rest_replacement or policy.weights is not None))

    def _ranks(self) -> Iterator[Line]:
        policy = self.policy
        if policy.across_ranks:
            text = f"each gets every W-th place of every batch; {policy.batch} must divide by W"
            yield Line("ranks", text, False, "across-ranks")
            return
        left = "is left out" if policy.uneven == "drop" else "is filled up"
        text = f"each gets every W-th batch; a remainder {left}"
        yield Line("ranks", text, policy.uneven == "drop", f"uneven-{policy.uneven}")


def _bounds(low: int, high: int | None) -> str:
    """As a promise words it: `exactly 3`, `at most 2`, `1 to 4`."""
    if high is None:
        return f"at least {low}"
    if low == high:
        return f"exactly {low}"
    return f"{low} {'or' if high == low + 1 else 'to'} {high}" if low else f"at most {high}"


def _share(share: int, total: int) -> str:
    low, high = share // total, -(-share // total)
    return f"exactly {low}" if low == high else f"{low} or {high}"


def _weights(weights: ir.Weights) -> str:
    if weights.kind == "balance":
        return f"each class of `{weights.by}` equally often on average"
    if weights.kind == "column":
        return f"each as often on average as its `{weights.by}` says"
    lines = ", ".join(
        f"{'the rest' if line.group == 'rest' else f'`{line.group}`'} {line.weight:g}" for line in weights.table
    )
    return f"by weight: {lines}; weights of several groups add up"


def _weights_id(policy: ir.Policy) -> str:
    assert policy.weights is not None
    if policy.forces:
        return "weights-beside-force"
    return {"balance": "balance", "column": "weight-column", "table": "weight-table"}[policy.weights.kind]


def _batches(length: int | None) -> str:
    return f"{length:,} batch{'' if length == 1 else 'es'}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _and(items: Sequence[str]) -> str:
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
