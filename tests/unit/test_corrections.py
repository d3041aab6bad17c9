import pytest

from engine.corrections import check_rows, fate, is_equal, mark_of, replaced_parts
from engine.errors import BadOperation, BadRequest

CREATE = {"op": "create", "model": "m", "ref": "a", "values": {"name": "Jo", "active": True}}
LOAD = {"op": "load", "model": "m", "fields": ["name"], "row": ["Jo"]}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({}, "rows must be a list of 1 to 1,000,000 objects"),
        ([], "rows must be a list"),
        ([7], "Entry 0 of rows must be an object with an index"),
        ([{"index": 0}, {"values": {}}], "Entry 1 of rows"),
        ([{"index": True}], "Entry 0"),
        ([{"index": "0"}], "Entry 0"),
        ([{"index": -1}], "Entry 0"),
        ([{"index": 3}], "Operation 3: the job has no such operation; its last is 2"),
        ([{"index": 1}, {"index": 0}, {"index": 1}], "Operation 1: entries 0 and 2 of rows are"),
    ],
)
def test_rows_that_cannot_be(rows, words):
    """They are refused with the entry or the operation."""
    with pytest.raises(BadRequest, match=words):
        check_rows(rows, 3)


def test_rows_by_index():
    """What each gives, without the index."""
    assert check_rows([{"index": 2, "values": {}}, {"index": 0}], 3) == {2: {"values": {}}, 0: {}}


def test_only_what_differs_is_replaced():
    """What is sent again as it was counts as not sent, also what cannot change."""
    assert replaced_parts(0, CREATE, CREATE) == {}
    assert replaced_parts(0, CREATE, {"ref": "a", "context": None}) == {}
    values = {"active": True, "name": "Jo"}
    assert replaced_parts(0, CREATE, {"values": values}) == {}
    values = {"name": "Jo", "active": 1}
    assert replaced_parts(0, CREATE, {"values": values}) == {"values": values}
    assert replaced_parts(0, LOAD, {"fields": ["name"], "row": ["J"]}) == {"row": ["J"]}


@pytest.mark.parametrize(
    ("operation", "given"),
    [
        (CREATE, {"op": "write"}),
        (CREATE, {"model": "n"}),
        (CREATE, {"ref": "b"}),
        (CREATE, {"ref": None}),
        (CREATE, {"context": {"lang": "fr_FR"}}),
        (CREATE, {"ids": [7]}),
        (CREATE, {"$wave": 3}),
        (LOAD, {"fields": ["ref"], "row": ["J"]}),
        (LOAD, {"key": ["name"]}),
    ],
)
def test_what_cannot_change(operation, given):
    """Op, model, ref, context, and the columns of a load, which are those of its whole record."""
    with pytest.raises(BadOperation, match="Operation 7: .* cannot be corrected; of"):
        replaced_parts(7, operation, given)


def test_equality_is_that_of_json():
    """Values are compared as JSON: true is not 1, and what is no JSON is equal to nothing."""
    assert is_equal({"a": 1, "b": 2}, {"b": 2, "a": 1})
    assert not is_equal(1, True)
    assert not is_equal(object(), None)
    assert not is_equal(float("nan"), float("nan"))


@pytest.mark.parametrize("state", ["failed", "rolled_back", "skipped"])
def test_what_was_not_kept_runs_again(state):
    """Changed or not."""
    assert (fate(state, True), fate(state, False)) == ("corrected", "unchanged")


def test_equal_corrections_have_equal_marks():
    """Equal corrections have equal marks; what is no JSON is refused elsewhere."""
    one, other = (
        [{"index": 0, "values": {"a": 1, "b": 2}}],
        [{"values": {"b": 2, "a": 1}, "index": 0}],
    )
    assert mark_of(one) == mark_of(other) != mark_of([{"index": 1}])
    assert mark_of([object()]) == "correct"
