import pytest
from factories import creates

from engine.errors import OperationFailed
from engine.isolate import first_culprit, isolate
from engine.outcomes import Failure, Outcome

BAD_SETS = [
    set(),
    {0},
    {99},
    {0, 99},
    {9, 10},
    {49, 50, 51},
    set(range(0, 100, 7)),
    set(range(100)),
]


class FakeChunk:
    """Records kept under savepoints; some positions fail."""

    def __init__(self, bad):
        self.bad = bad
        self.kept: list[int] = []
        self.attempts: list[list[int]] = []

    def attempt(self, operations):
        positions = [operation.position for operation in operations]
        self.attempts.append(positions)
        before = list(self.kept)
        for position in positions:
            if position in self.bad:
                self.kept = before
                raise OperationFailed(Failure("error", f"bad {position}"))
            self.kept.append(position)
        return [Outcome(position, "done") for position in positions]


def run(bad, count=100, learn=lambda error: False):
    chunk = FakeChunk(bad)
    parts = list(isolate(creates(count), chunk.attempt, learn))
    return chunk, [outcome for part in parts for outcome in part]


@pytest.mark.parametrize("bad", BAD_SETS, ids=lambda bad: f"{len(bad)}_bad")
def test_the_bad_fail_alone_and_the_rest_is_kept(bad):
    """Exactly the bad operations fail, all others are applied once, in submission order."""
    chunk, outcomes = run(bad)
    assert [outcome.position for outcome in outcomes] == list(range(100))
    assert {o.position for o in outcomes if o.state == "failed"} == bad
    assert chunk.kept == [position for position in range(100) if position not in bad]


@pytest.mark.parametrize("bad", BAD_SETS, ids=lambda bad: f"{len(bad)}_bad")
def test_each_failure_has_its_own_reason(bad):
    """An operation is never blamed with the error of another one."""
    _chunk, outcomes = run(bad)
    reasons = {o.position: o.failure.message for o in outcomes if o.state == "failed"}
    assert reasons == {position: f"bad {position}" for position in bad}


def test_a_good_chunk_is_one_attempt():
    """Isolation costs nothing where nothing fails."""
    chunk, _outcomes = run(set())
    assert chunk.attempts == [list(range(100))]


def test_one_bad_among_1000_costs_31_attempts():
    """Ten-way splitting: three levels of ten parts and the first attempt."""
    chunk, _outcomes = run({555}, 1000)
    assert len(chunk.attempts) == 31


def test_what_was_learnt_is_tried_on_the_same_operations():
    """After a lesson the same operations are tried again; without one they are split."""
    chunk = FakeChunk({5})

    def learn(error):
        chunk.bad = set()
        return True

    parts = list(isolate(creates(10), chunk.attempt, learn))
    assert chunk.attempts == [list(range(10))] * 2
    assert [outcome.state for outcome in parts[0]] == ["done"] * 10


def test_a_lesson_that_does_not_help_ends():
    """Learning nothing new leads to the split, so that isolation always ends."""
    lessons = iter([True, True, False])
    chunk, outcomes = run({3}, 10, lambda error: next(lessons, False))
    assert chunk.attempts[:3] == [list(range(10))] * 3
    assert [o.position for o in outcomes if o.state == "failed"] == [3]


def test_settled_parts_come_out_before_the_next_is_tried():
    """The caller can commit a part before the next one begins."""
    chunk = FakeChunk({15})
    parts = isolate(creates(20), chunk.attempt, lambda error: False)
    assert [outcome.position for outcome in next(parts)] == [0, 1]
    assert chunk.kept == [0, 1]


def test_other_errors_pass_through():
    """A conflict with another transaction is no operation's failure: isolation does not eat it."""

    def attempt(operations):
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        list(isolate(creates(3), attempt, lambda error: False))


@pytest.mark.parametrize("bad", BAD_SETS, ids=lambda bad: f"{len(bad)}_bad")
def test_the_first_culprit_in_order_is_found(bad):
    """Whichever others are bad too, the one named is the first in submission order."""
    chunk = FakeChunk(bad)
    settled, culprit = first_culprit(creates(100), chunk.attempt)
    first = min(bad, default=None)
    assert (culprit.position if culprit else None) == first
    assert [outcome.position for outcome in settled] == list(range(100 if first is None else first))


def test_nothing_after_the_culprit_is_tried_alone():
    """After the culprit no attempt begins at a later operation."""
    chunk = FakeChunk({40})
    first_culprit(creates(100), chunk.attempt)
    assert max(positions[0] for positions in chunk.attempts) == 40
    assert chunk.kept == list(range(40))


class SlowChunk(FakeChunk):
    """Each applied operation takes a second; an attempt ends early when the time is up."""

    def __init__(self, bad, patience):
        super().__init__(bad)
        self.patience = patience
        self.seconds = 0

    def time_is_up(self, _position):
        return self.seconds >= self.patience

    def attempt(self, operations):
        outcomes, before = [], list(self.kept)
        for operation in operations:
            if outcomes and self.time_is_up(operation.position):
                break
            self.seconds += 1
            if operation.position in self.bad:
                self.kept = before
                raise OperationFailed(Failure("error", f"bad {operation.position}"))
            self.kept.append(operation.position)
            outcomes.append(Outcome(operation.position, "done"))
        return outcomes


@pytest.mark.parametrize("bad", BAD_SETS, ids=lambda bad: f"{len(bad)}_bad")
@pytest.mark.parametrize("patience", [0, 1, 7, 1_000])
def test_whoever_comes_for_the_rest_does_each_once(bad, patience):
    """When the time is up what is settled stays, in order and without gaps; each visit settles one
    operation at least, and the rest comes out as it would have at once."""
    left, kept, failed = creates(100), [], set()
    while left:
        chunk = SlowChunk(bad, patience)
        parts = isolate(left, chunk.attempt, lambda error: False, chunk.time_is_up)
        outcomes = [outcome for part in parts for outcome in part]
        settled = [operation.position for operation in left[: len(outcomes)]]
        assert outcomes and [outcome.position for outcome in outcomes] == settled
        kept += chunk.kept
        failed |= {outcome.position for outcome in outcomes if outcome.state == "failed"}
        left = left[len(outcomes) :]
    assert failed == bad
    assert kept == [position for position in range(100) if position not in bad]


@pytest.mark.parametrize("bad", BAD_SETS, ids=lambda bad: f"{len(bad)}_bad")
def test_the_first_culprit_is_found_in_several_visits(bad):
    """Good ones before it may be settled by an earlier visit; nobody else is named."""
    left, culprit = creates(100), None
    while left and not culprit:
        chunk = SlowChunk(bad, 7)
        settled, culprit = first_culprit(left, chunk.attempt, chunk.time_is_up)
        assert settled or culprit
        left = left[len(settled) :]
    assert (culprit.position if culprit else None) == min(bad, default=None)
