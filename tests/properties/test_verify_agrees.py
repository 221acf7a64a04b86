"""What `feedline verify` checks is what plans promise: no false alarm on any policy, over any populations."""

from hypothesis import assume, given
from sampling_cases import Case, any_cases

from feedline.runtime.sampling import BatchPlan
from feedline.runtime.verify.engine import verify_plan


@given(any_cases())
def test_every_promise_of_every_policy_is_kept(case: Case) -> None:
    """Whatever the form, the sizes and the seed, every row of the table says yes."""
    policy, people = case
    assume(people.size < 10_000)
    sections = verify_plan("train", BatchPlan(policy, people), people.groups, epochs=2, ranks=(1, 2, 3))
    broken = [row for section in sections for row in section.rows if not row.kept]
    assert [] == broken
