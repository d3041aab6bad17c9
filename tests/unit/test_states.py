import re
from itertools import product
from pathlib import Path

import pytest

from engine.states import (
    COUNTED_AS,
    ENDED_STATES,
    JOB_STATES,
    JOB_TRANSITIONS,
    LIVE_STATES,
    OPERATION_STATES,
    VERBS,
    end_state,
    is_told_by_errors,
    verb_acts,
)

DIAGRAM = Path(__file__).parents[2] / "docs" / "job-lifecycle.md"

# state -> does it (True), is there already (False), refuses (None)
VERBS_BY_HAND = {
    "start": dict(draft=True, queued=False, running=False, paused=False, ended=False),
    "pause": dict(draft=None, queued=True, running=True, paused=False, ended=False),
    "resume": dict(draft=None, queued=False, running=False, paused=True, ended=False),
    "cancel": dict(draft=True, queued=True, running=True, paused=True, ended=False),
    "retry": dict(draft=None, queued=False, running=False, paused=None, ended=True, done=False),
}


@pytest.mark.parametrize(("verb", "state"), list(product(VERBS_BY_HAND, JOB_STATES)))
def test_every_verb_in_every_state(verb, state):
    """A verb moves the job, finds it there already, or is refused; each pair is decided."""
    expected = VERBS_BY_HAND[verb]
    place = "ended" if state in ENDED_STATES and state not in expected else state
    assert verb_acts(verb, state) is expected[place]


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_leads_only_where_a_transition_does(verb):
    """No verb moves a job along a way that the table of transitions does not have."""
    rule = VERBS[verb]
    assert all(rule.target in JOB_TRANSITIONS[state] for state in rule.acts_on)


@pytest.mark.parametrize("verb", VERBS)
def test_a_repeated_verb_is_never_refused(verb):
    """Where a verb has led, and wherever the job went from there alone, it may be repeated."""
    reached, unseen = set(), [VERBS[verb].target]
    while unseen:
        state = unseen.pop()
        reached.add(state)
        unseen += [t for t in engine_moves(state) if t not in reached]
    assert [state for state in reached if verb_acts(verb, state) is None] == []


def engine_moves(state):
    """Where a job goes without a person: a runner claims it and ends it."""
    targets = {"queued": {"running"}, "running": set(ENDED_STATES) - {"cancelled"}}
    return targets.get(state, set())


def test_states_are_live_at_rest_or_ended():
    """The table knows every state, and every state is of one kind."""
    assert set(JOB_TRANSITIONS) == set(JOB_STATES)
    assert set(LIVE_STATES) | set(ENDED_STATES) | {"draft", "paused"} == set(JOB_STATES)
    assert not set(LIVE_STATES) & set(ENDED_STATES)


def test_what_was_done_is_never_left():
    """An end is left only for the queue: by retry, and by the start of a dry run for real."""
    ways_out = {state: JOB_TRANSITIONS[state] for state in ENDED_STATES}
    assert ways_out == {
        "done": {"queued"},
        "partial": {"queued"},
        "failed": {"queued"},
        "cancelled": {"queued"},
    }


def test_every_ended_operation_is_counted():
    """total = succeeded + failed + skipped + remaining: only pending operations remain."""
    assert set(COUNTED_AS) == set(OPERATION_STATES) - {"pending"}
    assert COUNTED_AS["rolled_back"] == COUNTED_AS["cancelled"] == "skipped"


@pytest.mark.parametrize(
    ("succeeded", "failed", "skipped", "state"),
    [
        (5, 0, 0, "done"),
        (4, 1, 0, "partial"),
        (4, 0, 1, "partial"),
        (0, 5, 0, "failed"),
        (0, 1, 4, "failed"),
        (0, 0, 5, "failed"),
    ],
)
def test_how_a_job_ends(succeeded, failed, skipped, state):
    """All good is done, some good is partial, nothing kept is failed."""
    assert end_state(succeeded, failed, skipped) == state


def test_the_diagram_shows_the_table():
    """The diagram in the docs has exactly the transitions of the table, and every state."""
    text = DIAGRAM.read_text()
    (diagram,) = re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL)
    shown = set(re.findall(r"^ *(\w+) --> (\w+)", diagram, re.MULTILINE))
    assert shown == {(a, b) for a, targets in JOB_TRANSITIONS.items() for b in targets}


def test_the_docs_list_the_verbs():
    """The table of verbs in the docs says the same as the code."""
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \|", DIAGRAM.read_text(), re.MULTILINE)
    listed = {verb: (words(acts_on), words(leaves)) for verb, acts_on, leaves in rows}
    assert listed == {v: (set(r.acts_on), set(r.leaves)) for v, r in VERBS.items()}


def words(cell):
    return set(re.findall(r"\w+", cell))


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        ({"policy": "isolate"}, True),
        ({"policy": "stop"}, True),
        ({"policy": "chunk"}, False),  # rolled back with the bad one
        ({"policy": "all"}, False),
        ({"policy": "isolate", "cancelled": 1}, False),
        ({"policy": "isolate", "dry_run": True}, False),
        ({"policy": "all", "skipped": 0}, True),
        ({"policy": "isolate", "dry_run": True, "skipped": 0}, True),
    ],
)
def test_what_was_not_done_is_told_by_errors(job, expected):
    """Only where rows fail alone, and nothing was cancelled, each row that was not done has an
    error."""
    assert is_told_by_errors({"skipped": 1, "cancelled": 0, "dry_run": False, **job}) is expected
