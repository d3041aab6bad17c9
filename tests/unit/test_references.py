"""What references stand for, and where they may be."""

import pytest

from engine.errors import UnfitReference
from engine.references import references_in, references_of, resolve

IDS = {"none": [], "one": [1], "two": [2, 3]}


def ref(name):
    return {"$ref": name}


def values(value):
    return {"values": {"field": value}}


@pytest.mark.parametrize(
    ("written", "stands_for"),
    [
        (ref("one"), 1),
        ([ref("one")], [1]),
        ([ref("two"), 9, ref("one")], [2, 3, 9, 1]),
        ([ref("none")], []),
        ([[4, ref("one"), 0]], [[4, 1, 0]]),
        ([[4, ref("one")]], [[4, 1]]),
        ([[6, 0, [ref("two"), ref("one")]]], [[6, 0, [2, 3, 1]]]),
        ([[6, 0, [4, ref("two")]]], [[6, 0, [4, 2, 3]]]),
        ([[1, ref("one"), {"parent_id": ref("one")}]], [[1, 1, {"parent_id": 1}]]),
        ([[0, 0, {"tags": [[6, 0, [ref("two")]]]}]], [[0, 0, {"tags": [[6, 0, [2, 3]]]}]]),
        ([[3, ref("one")], [5]], [[3, 1], [5]]),
        ({"deep": [ref("two")]}, {"deep": [2, 3]}),
        ("$ref", "$ref"),
        (None, None),
    ],
)
def test_reference_is_one_id_or_all(written, stands_for):
    """A reference is one id where one record is meant, all its ids in a list of ids."""
    assert resolve(values(written), IDS.get) == values(stands_for)


@pytest.mark.parametrize(
    "written", [ref("two"), ref("none"), [[4, ref("two"), 0]], [[1, ref("two"), {}]]]
)
def test_one_is_needed(written):
    """Where one record is meant, two or none are an error: half of them is never taken."""
    with pytest.raises(UnfitReference, match="and one is needed here"):
        resolve(values(written), IDS.get)


def test_several_records_in_one_create():
    """Each of the records of one create may refer to others."""
    payload = {"values": [{"parent_id": ref("one")}, {"name": "b"}]}
    assert resolve(payload, IDS.get) == {"values": [{"parent_id": 1}, {"name": "b"}]}


def test_reference_as_argument_is_one_id():
    """An argument is one argument: a reference in its place is one id, in a list all of them."""
    payload = {"args": [ref("one"), [ref("two")]], "kwargs": {"to": ref("one"), "cc": [ref("two")]}}
    assert resolve(payload, IDS.get) == {"args": [1, [2, 3]], "kwargs": {"to": 1, "cc": [2, 3]}}
    with pytest.raises(UnfitReference):
        resolve({"args": [ref("two")]}, IDS.get)


def test_elsewhere_it_is_text():
    """Only values, ids, args and kwargs are searched and changed."""
    payload = {"context": ref("one"), "method": "x", "ids": [1]}
    assert list(references_of(payload)) == []
    assert resolve(payload, IDS.get) == payload


def test_what_is_given_stays():
    """The stored payload is not changed: a retry resolves it anew."""
    payload = values([[6, 0, [ref("two")]]])
    resolve(payload, IDS.get)
    assert list(references_in(payload)) == ["two"]
