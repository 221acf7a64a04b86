"""Which of how many processes this one is: told by the caller, by `torch.distributed`, or by whatever launched it.

Asked late and asked again, because a process group may be initialised long after a file was compiled. Only a training
process asks; what a `DataLoader` worker needs to know travels with each batch.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import torch.distributed
from attrs import frozen

from feedline.compiler import ir
from feedline.dsl.diagnostics import Reporter
from feedline.dsl.rules.resume import ImpossibleRank
from feedline.runtime.failures import Failure, PipelineFailure


@frozen
class _Launcher:
    """How one launcher tells a process its rank and the number of ranks."""

    name: str
    rank: str
    world: str


_LAUNCHERS = (
    _Launcher("torchrun", "RANK", "WORLD_SIZE"),
    _Launcher("Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    _Launcher("MPI", "PMI_RANK", "PMI_SIZE"),
)
_SLURM = _Launcher("Slurm", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS")
_OLD_SLURM = _Launcher("Slurm", "SLURM_PROCID", "SLURM_NTASKS")

_FIRST_SPECIAL_STEP = 0xFFFF_FF00
"""Slurm numbers the steps of batch scripts and interactive shells from the top of its 32 bits downwards."""


def rank_and_world(given: tuple[int, int] | None = None) -> tuple[int, int]:
    """This process's rank and the number of ranks.

    `given` if there is one; else those of `torch.distributed` once it is initialised; else the launcher's, from the
    environment; else 0 of 1. Raises `PipelineFailure` where the environment contradicts itself.
    """
    if given is not None:
        return given
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return launched_as(os.environ)


def given_ranks(rank: object, world_size: object, program: ir.Program, reporter: Reporter) -> tuple[int, int] | None:
    """The pair that a caller of `compile` gave, None where neither is given or where the reporter now says why not."""
    if rank is None and world_size is None:
        return None
    if type(rank) is int and type(world_size) is int and 0 <= rank < world_size:
        return rank, world_size
    if rank is None or world_size is None:
        there, missing = ("world_size", "rank") if rank is None else ("rank", "world_size")
        message = f"`{there}` is given to `compile`, `{missing}` is not"
    else:
        message = (
            f"`rank={rank!r}` and `world_size={world_size!r}`: a rank is one of 0, 1, ... below the number of ranks"
        )
    taken = [param.name for param in program.params if param.name in ("rank", "world_size")]
    notes = [f"`compile` takes `{name}` for itself, so it does not set the file's `param {name}`" for name in taken]
    reporter.report(
        ImpossibleRank,
        program.path,
        message,
        notes=notes,
        help="give both, as in `compile(path, rank=0, world_size=2)`",
    )
    return None


def launched_as(environment: Mapping[str, str]) -> tuple[int, int]:
    """The rank and the number of ranks that a launcher left in the environment, 0 of 1 where there was none.

    torchrun comes first, because it may run inside a Slurm step; MPI before Slurm, because `mpirun` starts one Slurm
    task a node and several processes in it. Raises `PipelineFailure` for half of a pair, for what is no number, and for
    a rank that is not one of the ranks.
    """
    if _is_lightnings(environment):
        return 0, 1
    for launcher in _LAUNCHERS:
        if launcher.rank in environment or launcher.world in environment:
            return _pair(launcher, environment)
    if _in_slurm_step(environment):
        return _pair(_SLURM if _SLURM.world in environment else _OLD_SLURM, environment)
    return 0, 1


def _is_lightnings(environment: Mapping[str, str]) -> bool:
    # Lightning starts its own processes with all but RANK, and initialises torch.distributed before it loads anything.
    return "RANK" not in environment and {"LOCAL_RANK", "NODE_RANK", "WORLD_SIZE"} <= environment.keys()


def _in_slurm_step(environment: Mapping[str, str]) -> bool:
    """Whether `srun` started this process as one of a step's tasks.

    A batch script and the shells of `salloc` and `srun --pty` are told the number of tasks too, and are none of them;
    nor does Lightning take a job named `bash` or `interactive` for a launcher.
    """
    step = environment.get("SLURM_STEP_ID", environment.get("SLURM_STEPID", ""))
    if not step.isdecimal() or int(step) >= _FIRST_SPECIAL_STEP:
        return False
    return "SLURM_PTY_PORT" not in environment and environment.get("SLURM_JOB_NAME") not in ("bash", "interactive")


def _pair(launcher: _Launcher, environment: Mapping[str, str]) -> tuple[int, int]:
    rank, world = environment.get(launcher.rank), environment.get(launcher.world)
    if rank is None or world is None:
        there, missing = (launcher.world, launcher.rank) if rank is None else (launcher.rank, launcher.world)
        raise _contradiction(launcher, f"`{there}` is set to {environment[there]!r}, `{missing}` is not set")
    if not (rank.isdecimal() and world.isdecimal() and int(rank) < int(world)):
        found = f"`{launcher.rank}` is {rank!r} and `{launcher.world}` is {world!r}"
        raise _contradiction(launcher, f"{found}: a rank is one of 0, 1, ... below the number of ranks")
    return int(rank), int(world)


def _contradiction(launcher: _Launcher, message: str) -> PipelineFailure:
    return PipelineFailure(
        Failure(
            "FL571",
            f"the environment does not say which rank this process is: {message}",
            notes=(f"these variables are {launcher.name}'s",),
            help="unset them where they mean something else, or say `feedline.compile(..., rank=0, world_size=1)`",
        )
    )
