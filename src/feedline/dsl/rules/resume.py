"""56x and 57x: saved states and ranks."""

from __future__ import annotations

from feedline.dsl.diagnostics import Rule


class OtherPlan(Rule):
    """A state was saved by a loader that made other batches: its policy, seed, transforms or collation differ.

    Going on with it would neither repeat nor complete the run that saved it. Workers, `pin_memory`, `device`,
    prefetching, caching and the number of ranks may differ. `load_state_dict(state, strict=False)` goes on at the same
    epoch and batch number of the new batches, and warns of each difference.
    """

    code = "FL561"
    slug = "state-of-another-plan"
    title = "a saved state of another plan"
    bad = ""
    good = ""


class OtherData(Rule):
    """A state was saved by a loader over other data: another number of samples, other labels, file names or columns,
    other arguments of its source, another split, or groups that hold other samples.

    What is in the images is not looked at, and where the data lies does not matter.
    """

    code = "FL562"
    slug = "state-of-other-data"
    title = "a saved state of other data"
    bad = ""
    good = ""


class NoState(Rule):
    """What was given to `load_state_dict` is not what `state_dict` gives, or no longer: something in it is missing,
    of another type, or damaged."""

    code = "FL563"
    slug = "no-state"
    title = "something that is no saved state"
    bad = ""
    good = ""


class NewerState(Rule):
    """A state was saved by a later feedline in a form that this one does not know."""

    code = "FL564"
    slug = "newer-state"
    title = "a saved state of a later feedline"
    bad = ""
    good = ""


class BadGivenWeights(Rule):
    """`set_weights` takes one weight for each sample of the loader's data, finite and not below zero, enough of them
    above zero to fill a batch.

    A weight a class is not that: take each sample's from its label, `weights_of_classes[labels]`.
    """

    code = "FL565"
    slug = "bad-given-weights"
    title = "weights from Python that cannot be drawn by"
    bad = ""
    good = ""


class NotWeighted(Rule):
    """`set_weights` was called for a loader whose policy does not draw by weight, so that they would change nothing.

    `weight by { rest 1 }` draws by weights that are all the same until they are set.
    """

    code = "FL566"
    slug = "not-weighted"
    title = "weights for a policy without weights"
    bad = ""
    good = ""


class UnevenShares(Rule):
    """With `across ranks` the batch is one for all ranks together, and each takes the same number of its places.

    So the size must be a multiple of the number of ranks.
    """

    code = "FL567"
    slug = "uneven-shares"
    title = "a batch that the ranks cannot share evenly"
    bad = ""
    good = ""


class LastBatchLeftOut(Rule):
    """With `across ranks` every rank takes a part of every batch. A short last batch (`last keep`) with fewer samples
    than ranks cannot give each of them one, so `uneven drop` leaves it out on all of them.

    Its samples do not come in that epoch: other ones every epoch where the order is shuffled, always the same where it
    is sequential. `uneven pad` brings it, filled from its own front.
    """

    code = "FL568"
    slug = "last-batch-left-out"
    severity = "warning"
    title = "a last batch that the ranks leave out"
    bad = ""
    good = ""


class NoBatchForRanks(Rule):
    """Every rank gets the same number of batches, and with `uneven drop` what is left over does not come. With more
    ranks than an epoch has batches that is all of them, and training would be over without a step.

    `uneven pad` gives the ranks that would go empty the epoch's first batches again.
    """

    code = "FL569"
    slug = "no-batch-for-ranks"
    title = "fewer batches than ranks"
    bad = ""
    good = ""


class UnknownRank(Rule):
    """The environment holds half of what a launcher says, or what no launcher would say.

    A loader gives each process its share of the batches, so it must know which of how many this is. It asks
    `torch.distributed` once that is initialised, and before that the variables of torchrun (`RANK`, `WORLD_SIZE`), MPI
    or Slurm. `feedline.compile(path, rank=0, world_size=2)` says it whatever the environment holds.
    """

    code = "FL571"
    slug = "unknown-rank"
    title = "an environment that contradicts itself about ranks"
    bad = ""
    good = ""


class ImpossibleRank(Rule):
    """`rank` and `world_size` were not given together, or are not a rank and a number of ranks.

    Both are whole numbers, and the ranks of `world_size=2` are 0 and 1. `compile` takes both names for itself, so a
    parameter of the file that is to be set from Python needs another name.
    """

    code = "FL572"
    slug = "impossible-rank"
    title = "a rank that cannot be"
    bad = ""
    good = ""


class Rewrapped(Rule):
    """Something built another `DataLoader` around the order of a loader's batches.

    Each rank's loader already yields the batches of that rank. A second division among the ranks would leave most of
    them out, and a second order would break what the policy promises, so the loader refuses both.
    """

    code = "FL573"
    slug = "rewrapped-loader"
    title = "a loader that was taken apart"
    bad = ""
    good = ""
