"""Run the operations of one chunk by the job's policy."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..engine.chunk_size import LARGEST_SIZE, LARGEST_STEP, chunks_of, paced
from ..engine.isolate import TimeIsUp, first_culprit, isolate, never
from ..engine.operations import Operation
from ..engine.outcomes import Outcome
from .apply import Applier
from .deadline import StopAll
from .knowledge import Knowledge
from .references import References
from .transaction.commit_ban import operation_guard
from .transaction.savepoint import repairing_savepoint

LAND_AFTER = 50  # released savepoints; past 64 every other session's snapshots get slower

BeforeStep = Callable[[int], None]


class _Undo(Exception):
    """Leaves a savepoint so that it is rolled back."""


@dataclass
class Run:
    """What executing operations needs: the owner's environment, and what is known beforehand.

    `time_is_up` is asked between groups of merged operations; what is not done by then is left out
    of the outcomes. Without `first_step` all is tried together at first.
    """

    job_env: object
    knowledge: Knowledge
    references: References
    time_is_up: TimeIsUp = never
    first_step: int | None = None

    def applier(self, careful: bool) -> Applier:
        return Applier(self.job_env, self.knowledge, self.references, careful, self.time_is_up)

    def steps(self, operations: list[Operation]) -> Iterator[list[Operation]]:
        """Short ones as long as nobody knows how slow the operations are."""
        size = self.first_step or len(operations)
        for step in paced([operations], max(size, LARGEST_SIZE), first=size):
            if step[0] is not operations[0] and self.time_is_up(step[0].position):
                return
            yield step


def run_isolated(run: Run, operations: list[Operation]) -> Iterator[tuple[list[Outcome], bool]]:
    """Policy `isolate`: yields what was settled whenever it is time to commit, and at the end.

    :returns: yields (outcomes, whether they are the last); the caller commits before it goes on
    :raises TransientError: roll back what was not committed and come again
    """
    applier = run.applier(careful=True)
    parts = _settled_parts(run, applier, operations)
    settled: list[Outcome] = []
    while True:
        with operation_guard(run.job_env):
            outcomes = next(parts, None)
        if outcomes is None:
            break
        run.references.settle(operations, outcomes)
        settled += outcomes
        if applier.released >= LAND_AFTER:
            yield settled, False
            settled, applier.released = [], 0
    yield settled, True


def _settled_parts(run, applier, operations):
    for step in run.steps(operations):
        left = len(step)
        for outcomes in isolate(step, applier.attempt, applier.learn, run.time_is_up):
            left -= len(outcomes)
            yield outcomes
        if left:
            return


def run_strict(run: Run, operations: list[Operation], mates_become: str) -> list[Outcome]:
    """Policies `chunk` and `stop`: all of it, or what comes before time is up, or the culprit's
    failure and nothing else.

    :param mates_become: the state of the culprit's chunk-mates
    """
    return _run_together(run, operations, run.steps(operations), mates_become)


def run_stepwise(
    run: Run, operations: list[Operation], before_step: BeforeStep, alone: bool
) -> list[Outcome]:
    """A whole chunk of policy `chunk` that has lost a worker.

    :param before_step: called with the position of each step before it; raises StopAll to give up
    :param alone: one operation at a time
    :raises StopAll: everything was undone
    """
    steps = ([one] for one in operations) if alone else paced([operations])
    return _run_together(run, operations, steps, "rolled_back", before_step)


def _run_together(run, operations, steps, mates_become, before_step=None) -> list[Outcome]:
    culprit, settled = None, []
    with operation_guard(run.job_env):
        try:
            with repairing_savepoint(run.job_env):
                for step in steps:
                    if before_step:
                        before_step(step[0].position)
                    outcomes, culprit = _up_to_culprit(run, step)
                    settled += outcomes
                    if culprit:
                        raise _Undo
                    if len(outcomes) < len(step):
                        break
        except _Undo:
            settled = [
                culprit if o.position == culprit.position else Outcome(o.position, mates_become)
                for o in operations
            ]
            run.references.settle(operations, settled)
    return settled


def run_all(
    run: Run, operations: list[Operation], job: dict, before_step: BeforeStep
) -> list[Outcome]:
    """Policy `all`: many steps, each under a savepoint so that the culprit can be found, and short
    enough for a cancel or the worker's time limit to be noticed; none larger than the job's chunks,
    since nothing is merged across them.

    :param before_step: called with the position reached, before each step and before the end;
        raises StopAll to give up
    :raises StopAll: the caller must roll back the whole transaction
    """
    settled: list[Outcome] = []
    for step in paced([operations], job["chunk_size"] or LARGEST_STEP):
        before_step(step[0].position)
        with operation_guard(run.job_env):
            outcomes, culprit = _up_to_culprit(run, step)
        if culprit:
            raise StopAll(culprit.position, culprit.failure)
        settled += outcomes
    before_step(operations[-1].position)
    return settled


def run_dry(
    run: Run, operations: list[Operation], job: dict, before_step: BeforeStep
) -> list[Outcome]:
    """All of a job in one transaction that the caller rolls back; failures follow its policy.

    :raises StopAll: cancelled, or out of time
    """
    policy, settled = job["policy"], []
    for step in _dry_steps(operations, job):
        before_step(step[0].position)
        if policy == "isolate":
            outcomes = [one for part, _ends in run_isolated(run, step) for one in part]
        else:
            mates = "rolled_back" if policy == "chunk" else "skipped"
            outcomes = run_strict(run, step, mates)
        settled += outcomes
        if policy in ("stop", "all") and any(o.state == "failed" for o in outcomes):
            return _ended_early(operations, settled, policy)
    before_step(operations[-1].position)
    return settled


def _dry_steps(operations, job):
    """The chunks of the real run where they decide outcomes; else steps that end soon enough."""
    size, wave_ends = job["chunk_size"], job["wave_ends"]
    if size and job["policy"] in ("chunk", "stop"):
        return chunks_of(operations, size, wave_ends)
    rows = operations[-1].last_position + 1
    largest = min(size or LARGEST_STEP, LARGEST_STEP)
    return paced(chunks_of(operations, rows, wave_ends), largest)


def _up_to_culprit(run, operations):
    applier = run.applier(careful=False)

    def attempt(part):
        outcomes = applier.attempt(part)
        run.references.settle(part, outcomes)
        return outcomes

    return first_culprit(operations, attempt, run.time_is_up)


def _ended_early(operations, settled, policy):
    """A dry run that met its culprit: nothing after it ran; under `all` nothing before it stays."""
    known = {outcome.position: outcome for outcome in settled}
    if policy == "all":
        known = {at: outcome for at, outcome in known.items() if outcome.state == "failed"}
    default = "rolled_back" if policy == "all" else "skipped"
    return [known.get(o.position) or Outcome(o.position, default) for o in operations]
