import pytest

from engine.errors import BadRequest
from engine.retried import MOST_INDEXES, Linked, Wanted, check_cause, check_indexes, with_linked

CAUSE = {"type": "required", "model": "m", "field": "f", "constraint": None}


@pytest.mark.parametrize(
    ("indexes", "words"),
    [
        (7, "must be a list of 1 to 10,000 indexes"),
        ("7", "must be a list"),
        ({}, "must be a list"),
        ([], "must be a list of 1 to"),
        (list(range(MOST_INDEXES + 1)), "1 to 10,000"),
        ([True], "indexes holds True; an index is a whole number from 0 on."),
        (["7"], "indexes holds '7'"),
        ([1.0], "indexes holds 1.0"),
        ([3, -1], "indexes holds -1"),
    ],
)
def test_what_is_no_list_of_indexes(indexes, words):
    """An argument that names no operations is refused in words."""
    with pytest.raises(BadRequest, match=words.replace("(", r"\(")):
        check_indexes(indexes)


def test_indexes_in_order():
    """Each index counts once, in order."""
    assert check_indexes([5, 0, 5, 3]) == (0, 3, 5)


@pytest.mark.parametrize("state", ["done", "pending", "Failed", "", 1, [], ["failed"]])
def test_a_state_that_does_not_run_again(state):
    """Only what was not kept may run again."""
    with pytest.raises(BadRequest, match="one of failed, rolled_back, skipped, cancelled"):
        Wanted.parse(False, state, None)


def test_state_and_indexes_contradict():
    """A retry names a state or operations."""
    with pytest.raises(BadRequest, match="Give state or indexes, not both"):
        Wanted.parse(False, "failed", [1])


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        ("required", "an object with the keys type, model, field, constraint"),
        ([CAUSE], "cause must be an object"),
        ({**CAUSE, "count": 7}, "cause has the key 'count'; its keys are type, model"),
        ({**CAUSE, "model": 7}, "model of cause is 7; it must be a text or null."),
        ({"model": "m"}, "cause has no type"),
        ({}, "cause has no type"),
    ],
)
def test_what_is_no_cause(cause, words):
    """An argument that names no cause is refused in words."""
    with pytest.raises(BadRequest, match=words):
        Wanted.parse(False, None, None, cause)


def test_a_part_of_a_cause_that_is_none():
    """A part that is left out, and an empty one, say that the cause has no such part."""
    assert check_cause({"type": "required", "model": "", "field": None}) == {
        "type": "required",
        "model": None,
        "field": None,
        "constraint": None,
    }


@pytest.mark.parametrize("more", [(True, None, None), (False, "failed", None), (False, None, [1])])
def test_a_cause_stands_alone(more):
    """A retry names a cause, or something else."""
    with pytest.raises(BadRequest, match="Give cause alone"):
        Wanted.parse(*more, CAUSE)


def test_mark_of_a_cause():
    """The same cause has the same mark, another one another; and so it has as a part."""
    wanted = Wanted.parse(False, None, None, CAUSE)
    assert wanted.is_part
    assert wanted.states == ("failed", "rolled_back", "skipped")
    assert wanted.mark == Wanted.parse(False, None, None, dict(reversed(CAUSE.items()))).mark
    others = [Wanted.parse(False, None, None, {**CAUSE, key: "x"}) for key in CAUSE]
    assert len({wanted.mark, *(one.mark for one in others)}) == 5


def test_state_cancelled_says_cancelled():
    """Who asks for the cancelled operations need not say it twice."""
    assert Wanted.parse(False, "cancelled", None).states == (
        "failed",
        "rolled_back",
        "skipped",
        "cancelled",
    )


def test_mark_of_a_retry():
    """Equal retries have equal marks, other ones another; a retry of all has none."""
    named = Wanted.parse(False, None, [2, 1])
    assert named.mark == Wanted.parse(False, None, [1, 2, 2]).mark
    others = [Wanted.parse(True, None, [1, 2]), Wanted.parse(False, "failed", None)]
    assert len({named.mark, *(one.mark for one in others)}) == 3
    assert Wanted.parse(True, None, None).mark is None


def test_company_of_an_operation():
    """Up: what it refers to, and so on. Down: what was skipped for it, and so on. Not: another
    operation to which one of these refers as well."""
    linked = [
        Linked(0, "failed", "a", frozenset()),
        Linked(1, "failed", "x", frozenset()),
        Linked(2, "skipped", "b", frozenset({"a"})),
        Linked(3, "skipped", "c", frozenset({"b", "x"})),
        Linked(4, "failed", None, frozenset({"a"})),
        Linked(5, "skipped", None, frozenset({"c"})),
        Linked(6, "skipped", None, frozenset({"x"})),
    ]
    assert with_linked({2}, linked) == {0, 2, 3, 5}
    assert with_linked({0}, linked) == {0, 2, 3, 5}
    assert with_linked({6}, linked) == {1, 3, 5, 6}
    assert with_linked({4}, linked) == {0, 2, 3, 4, 5}
