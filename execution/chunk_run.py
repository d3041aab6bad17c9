"""Run the operations of one chunk by the job's policy."""

from collections.abc import Callable, Iterator

from ..engine.chunk_size import split
from ..engine.isolate import first_culprit, isolate
from ..engine.operations import Operation
from ..engine.outcomes import Failure, Outcome
from .apply import Applier
from .guards import operation_guard, repairing_savepoint
from .knowledge import Knowledge

LAND_AFTER = 50  # released savepoints; past 64 every other session's snapshots get slower
STEP = 200  # operations of policy `all` between two looks at the cancel flag


class StopAll(Exception):
    """Policy `all` ends now: everything is rolled back. `failure` says why, None: cancelled."""

    def __init__(self, position: int, failure: Failure | None):
        super().__init__(position)
        self.position = position
        self.failure = failure


class _Undo(Exception):
    """Leaves a savepoint so that it is rolled back."""


def run_isolated(
    job_env, operations: list[Operation], knowledge: Knowledge
) -> Iterator[tuple[list[Outcome], bool]]:
    """Policy `isolate`: yields what was settled whenever it is time to commit, and at the end.

    :returns: yields (outcomes, whether they are the last); the caller commits before it goes on
    :raises TransientError: roll back what was not committed and come again
    """
    applier = Applier(job_env, knowledge, careful=True)
    parts = isolate(operations, applier.attempt, applier.learn)
    settled: list[Outcome] = []
    while True:
        with operation_guard(job_env):
            outcomes = next(parts, None)
        if outcomes is None:
            break
        settled += outcomes
        if applier.released >= LAND_AFTER:
            yield settled, False
            settled, applier.released = [], 0
    yield settled, True


def run_strict(job_env, operations: list[Operation], mates_become: str) -> list[Outcome]:
    """Policies `chunk` and `stop`: all of it, or the culprit's failure and nothing else.

    :param mates_become: the state of the culprit's chunk-mates
    """
    applier = Applier(job_env, Knowledge(), careful=False)
    with operation_guard(job_env):
        try:
            with repairing_savepoint(job_env):
                settled, culprit = first_culprit(operations, applier.attempt)
                if culprit:
                    raise _Undo
        except _Undo:
            return [
                culprit if o.position == culprit.position else Outcome(o.position, mates_become)
                for o in operations
            ]
    return settled


def run_all(
    job_env, operations: list[Operation], before_step: Callable[[int], None]
) -> list[Outcome]:
    """Policy `all`: many steps, each under a savepoint so that the culprit can be found.

    :param before_step: called with the position reached, before each step and before the end;
        raises StopAll to give up
    :raises StopAll: the caller must roll back the whole transaction
    """
    applier = Applier(job_env, Knowledge(), careful=False)
    settled: list[Outcome] = []
    for step in split(operations, max(1, -(-len(operations) // STEP))):
        before_step(step[0].position)
        with operation_guard(job_env):
            outcomes, culprit = first_culprit(step, applier.attempt)
        if culprit:
            raise StopAll(culprit.position, culprit.failure)
        settled += outcomes
    before_step(operations[-1].position)
    return settled
