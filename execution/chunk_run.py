"""Run the operations of one chunk, as the job's policy says."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from ..engine.chunk_size import LARGEST_SIZE, LARGEST_STEP, chunks_of, paced
from ..engine.isolate import TimeIsUp, first_culprit, isolate, never
from ..engine.operations import Operation, naming_records
from ..engine.outcomes import Outcome
from .apply import Applier
from .checks.lessons import Lessons
from .references import References
from .transaction.commit_ban import operation_guard
from .transaction.savepoint import repairing_savepoint
from .worker.deadline import OutOfTime, StopAll

LAND_AFTER = 50  # released savepoints; with more than 64 all other sessions' snapshots get slower

BeforeStep = Callable[[int], None]


class _Undo(Exception):
    """Leaves the block of a savepoint, so that the savepoint is rolled back."""


@dataclass
class Run:
    """What the run of a chunk needs: the owner's environment, lessons and references.

    The run asks `time_is_up` between groups of merged operations. If time is up, the remaining
    operations get no outcome. Without `first_step` all operations are one step.
    """

    job_env: object
    lessons: Lessons
    references: References
    time_is_up: TimeIsUp = never
    first_step: int | None = None
    failed: int = 0  # of the operations that `run_isolated` has settled
    ended: int = 0

    def note(self, outcomes: list[Outcome]):
        self.failed += sum(outcome.state == "failed" for outcome in outcomes)
        self.ended += len(outcomes)

    def named(self, operations: list[Operation], outcomes: list[Outcome]) -> list[Outcome]:
        """Give each failure the ids that the references of its operation stand for."""
        failed = {outcome.position for outcome in outcomes if outcome.state == "failed"}
        if not failed or not self.references.used:
            return outcomes
        culprits = [one for one in operations if one.position in failed]
        return naming_records(outcomes, self.references.resolve_known(culprits))

    def applier(self, careful: bool) -> Applier:
        return Applier(self.job_env, self.lessons, self.references, careful, self.time_is_up)

    def steps(self, operations: list[Operation]) -> Iterator[list[Operation]]:
        """Cut operations into steps: short steps until the speed of the operations is known."""
        size = self.first_step or len(operations)
        for step in paced([operations], max(size, LARGEST_SIZE), first=size):
            if step[0] is not operations[0] and self.time_is_up(step[0].position):
                return
            yield step


def run_isolated(run: Run, operations: list[Operation]) -> Iterator[tuple[list[Outcome], bool]]:
    """Run a chunk of policy `isolate`: yield settled outcomes when it is time to land, and at the
    end.

    :returns: yields (outcomes, whether these are the last outcomes); the caller commits before it
        asks for more
    :raises TransientError: the caller must roll back and put the rest of the chunk back
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
        run.note(outcomes)
        settled += run.named(operations, outcomes)
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
    """Run a chunk of policy `chunk` or `stop`.

    Either all operations before time is up are done, or the culprit fails and no effect is kept.

    :param mates_become: the state of the culprit's mates
    """
    return _run_together(run, operations, run.steps(operations), mates_become)


def run_stepwise(
    run: Run, operations: list[Operation], before_step: BeforeStep, alone: bool
) -> list[Outcome]:
    """Run a chunk of policy `chunk` with a chunk size that has lost a worker.

    :param before_step: called before each step with its position; raises StopAll to give up
    :param alone: each step has one operation
    :raises StopAll: the chunk was rolled back, no effect is left
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
    return run.named(operations, settled)


def run_all(
    run: Run, operations: list[Operation], job: dict, before_step: BeforeStep
) -> list[Outcome]:
    """Run a job of policy `all` in many steps.

    Each step has a savepoint, to find the culprit. Steps are short, to notice a cancel or the
    worker's time limit. A step is never larger than the job's chunk size, because operations of
    different chunks must not be merged.

    :param before_step: called before each step and before the end with the position reached;
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
    """Run a whole job in one transaction, which the caller rolls back. Failures follow the policy.

    :returns: the outcomes of the operations that were tried; the others follow all of these
    :raises StopAll: the job was cancelled
    """
    settled: list[Outcome] = []
    with suppress(OutOfTime):
        for step in _dry_steps(operations, job):
            before_step(step[0].position)
            outcomes = _run_dry_step(run, step, job["policy"])
            if len(outcomes) < len(step):
                # a chunk is done or rolled back as a whole, and nobody knows how this one would end
                return settled if job["policy"] == "chunk" else settled + outcomes
            settled += outcomes
            if job["policy"] in ("stop", "all") and any(o.state == "failed" for o in outcomes):
                return _ended_early(operations, settled, job["policy"])
        before_step(operations[-1].position)
    return settled


def _run_dry_step(run, step, policy) -> list[Outcome]:
    if policy == "isolate":
        return [one for part, _ends in run_isolated(run, step) for one in part]
    return run_strict(run, step, "rolled_back" if policy == "chunk" else "skipped")


def _dry_steps(operations, job):
    """The chunks of the real run, if the policy's outcomes depend on them; otherwise short
    steps."""
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
    """The outcomes of a dry run that ended at a culprit. Later operations were not tried; under
    `all` earlier operations do not count as done."""
    known = {outcome.position: outcome for outcome in settled}
    if policy == "all":
        known = {at: outcome for at, outcome in known.items() if outcome.state == "failed"}
    default = "rolled_back" if policy == "all" else "skipped"
    return [known.get(o.position) or Outcome(o.position, default) for o in operations]
