"""`worker_threads`: the workers are threads of this process.

    before   num_workers = 2: two processes, each batch copied from one to the other
    after    num_workers = 2: two threads, each batch made where it is used

Decoding and resizing run without Python's lock, and each thread draws from a generator of its own, seeded with the same
keys. `worker_kind = auto` takes threads where image files are decoded and no code of the user's runs.
"""

from __future__ import annotations

from attrs import evolve

from feedline.compiler import ir
from feedline.compiler.plan import Done, Plan
from feedline.compiler.worker_kind import gains_from_threads


def worker_threads(plan: Plan) -> Plan:
    """The plan with threads for workers where `worker_kind` leaves it open and there is something to gain."""
    kind = plan.loader.option("worker_kind")
    if plan.threads or plan.gather or kind != ir.Symbol("auto") or not gains_from_threads(plan.program, plan.loader):
        return plan
    text = "threads make the batches, not processes: nothing has to be sent"
    return evolve(plan, threads=True, done=(*plan.done, Done("worker_threads", text)))
