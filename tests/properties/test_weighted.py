"""Weights, alone and beside forced groups. Rows of docs/guarantees.md; how often, in `test_frequencies.py`."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from policies import AT, policy
from sampling_cases import Case, epoch_of, forced_first, is_member, possible, rest_places, weighted_cases

from feedline.compiler import ir
from feedline.dsl.diagnostics import Reporter
from feedline.runtime.columns import Column
from feedline.runtime.sampling import Populations
from feedline.runtime.sampling.weights import weights_of


@given(weighted_cases(False), st.integers(0, 2))
def test_weighted_batches(case: Case, epoch: int) -> None:
    """[weight-column] Never a sample of weight 0; as many draws as samples, rounded to batches by `last`."""
    rows, weights = epoch_of(case, epoch), np.asarray(case[1].weights)
    drawn = rows[rows >= 0]
    assert (weights[drawn] > 0).all()
    size, batch = case[1].size, case[0].batch
    batches = size // batch if case[0].last == "drop" else -(-size // batch)
    assert (batches, size if case[0].last == "keep" else batches * batch) == (len(rows), len(drawn))


@given(weighted_cases(True), st.integers(0, 2))
def test_weights_beside_forced_groups(case: Case, epoch: int) -> None:
    """[weights-beside-force, force-exact, force-at-least] The forced counts hold; the rest's places draw from R,
    nothing of weight 0, and as often as R has samples."""
    chosen, people = forced_first(case[0]), case[1]
    rows, weights = epoch_of((chosen, people), epoch), np.asarray(people.weights)
    for line in chosen.forces:
        counts = is_member(rows, people.groups[line.group]).sum(axis=1)
        assert ((counts == line.count) | ((counts > line.count) & line.at_least)).all()
    exact = [people.groups[line.group] for line in chosen.forces if not line.at_least]
    places = rows[:, chosen.batch - rest_places(chosen) :]
    drawn = places[places >= 0]
    assert (weights[drawn] > 0).all()
    assert not any(is_member(drawn, members).any() for members in exact)
    rest = people.size - sum(len(members) for members in exact)
    batches = rest // rest_places(chosen) if chosen.last == "drop" else -(-rest // rest_places(chosen))
    assert (batches, rest if chosen.last == "keep" else places.size) == (len(rows), len(drawn))


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40))
def test_balanced_classes_weigh_the_same(labels: list[int]) -> None:
    """[balance] The weights of each class's samples sum to 1."""
    chosen = ir.Weights("balance", "label", span=AT)
    found = weights_of(chosen, {}, {"label": Column(np.array(labels))}, np.arange(len(labels)), Reporter())
    assert found is not None
    for label in set(labels):
        assert abs(found[np.array(labels) == label].sum() - 1) < 1e-9


@given(st.integers(1, 40), st.data())
def test_a_weight_table(size: int, data: st.DataObject) -> None:
    """[weight-table] A sample weighs the sum of its groups' weights, or what `rest` says; at 0 it never comes."""
    groups = {name: sorted(data.draw(st.sets(st.integers(0, size - 1)))) for name in "ab"}
    table = {name: data.draw(st.sampled_from([0.0, 0.5, 3.0])) for name in ("a", "b", "rest")}
    lines = tuple(ir.GroupWeight(name, weight, span=AT) for name, weight in table.items())
    chosen = ir.Weights("table", None, lines, span=AT)
    positions = {name: np.array(found, np.int64) for name, found in groups.items()}
    expected = [
        sum(table[name] for name in "ab" if item in groups[name])
        if any(item in groups[name] for name in "ab")
        else table["rest"]
        for item in range(size)
    ]
    found = weights_of(chosen, positions, {}, np.arange(size), Reporter())
    assert found is not None and expected == found.tolist()
    drawn = epoch_of(possible(policy(4, weights=chosen), Populations(size, positions, found)))
    assert all(expected[item] > 0 for item in drawn[drawn >= 0].tolist())
