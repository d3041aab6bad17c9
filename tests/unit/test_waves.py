"""Which references are refused, and which operations wait for which when chunks run at once."""

import pytest

from engine.errors import BadOperation
from engine.waves import Waves, key_name, mark


def create(ref=None, **values):
    return {"op": "create", "model": "m", "values": values, **({"ref": ref} if ref else {})}


def upsert(**values):
    return {"op": "upsert", "model": "m", "key": list(values), "values": values}


def load(xml_id, parent=""):
    return {"op": "load", "model": "m", "fields": ["id", "up/id"], "row": [xml_id, parent]}


def ref(name):
    return {"$ref": name}


def waves_of(operations, parallel=True, waves=None):
    marked = mark(operations, 0, waves or Waves(parallel), lambda _operation, _before: False)
    return [operation.get("$wave", 0) for operation in marked]


def refusal(*operations):
    with pytest.raises(BadOperation) as refused:
        waves_of(operations)
    return refused.value.index, refused.value.problem


def test_after_what_it_refers_to():
    """An operation comes a wave after the latest of those it refers to."""
    operations = [
        create("a"),
        create("b", up=ref("a")),
        create("c"),
        {"op": "write", "model": "m", "ids": [ref("c"), ref("b")], "values": {}},
        {"op": "call", "model": "m", "method": "x", "args": [[4, ref("a")]], "kwargs": {}},
        create(kids=[[4, ref("a")], [6, 0, [ref("b")]]]),
    ]
    assert waves_of(operations) == [0, 1, 0, 2, 1, 2]


def test_forward_unknown_circular():
    """A reference to what does not come before is refused, with its index."""
    unknown = "it refers to 'b', but no operation before it has that ref. "
    unknown += "Put what is referred to first."
    assert refusal(create("a"), create("c", up=ref("b"))) == (1, unknown)
    assert refusal(create("a", up=ref("b")), create("b", up=ref("a"))) == (0, unknown)
    assert refusal(create("a", up=ref("a"))) == (0, "it refers to itself ('a').")


@pytest.mark.parametrize("name", [7, None, ["a"], {"$ref": "a"}])
def test_a_ref_is_a_text(name):
    """A reference names a ref by a text."""
    index, problem = refusal(create("a"), create(up=ref(name)))
    assert (index, problem.startswith("$ref names a ref, a text")) == (1, True)


def test_a_reference_has_no_company():
    """Keys beside `$ref` would be dropped without a word: refused."""
    index, problem = refusal(create("a"), create(up={"$ref": "a", "name": "b"}))
    assert (index, problem) == (1, 'a reference is {"$ref": name} and nothing else.')


def test_a_ref_is_used_once():
    """Two operations with one ref: the second is refused."""
    assert refusal(create("a"), create(), create("a")) == (
        2,
        "ref 'a' is used by an earlier operation.",
    )


@pytest.mark.parametrize("op", ["write", "unlink", "call"])
def test_every_operation_may_have_a_ref(op):
    """What was written or called can be referred to as well as what was created."""
    operation = {"op": op, "model": "m", "ids": [1], "values": {}, "ref": "a"}
    assert waves_of([operation, create(up=ref("a"))]) == [0, 1]


def test_the_parts_before_are_known():
    """A part may refer to earlier parts; their refs are taken."""
    waves = Waves(parallel=True)
    waves.know({"a": 3}, {"__import__.x": 2})
    assert waves_of([create(up=ref("a")), load("y", "x")], waves=waves) == [4, 3]
    with pytest.raises(BadOperation, match="'a' is used"):
        waves_of([create("a")], waves=waves)


def test_the_later_one_updates():
    """Operations with the same key or external id are never at work at once."""
    operations = [upsert(a=1), upsert(a=2), upsert(a=1), load("x"), load("__import__.x"), load("x")]
    assert waves_of(operations) == [0, 0, 1, 0, 1, 2]


def test_keys_matter_only_to_parallel_chunks():
    """Chunks that run one after the other need no waves for keys."""
    assert waves_of([upsert(a=1), upsert(a=1)], parallel=False) == [0, 0]


def test_names_of_keys():
    """The order of the key's fields is nothing; values and model are."""
    first = {"op": "upsert", "model": "m", "key": ["a", "b"], "values": {"a": 1, "b": 2, "c": 3}}
    assert key_name(first) == key_name(first | {"key": ["b", "a"]})
    assert key_name(first) != key_name(first | {"model": "n"})
    assert key_name(first) != key_name(first | {"values": {"a": 2, "b": 1}})
    assert key_name(first) == key_name(first | {"values": {"a": "1", "b": 2.0}})
    assert key_name({"op": "create", "model": "m", "values": {}}) is None


def test_follower_with_a_ref():
    """A row that continues a record has no ref of its own."""
    row = {"op": "load", "model": "m", "fields": ["name"], "row": ["x"]}
    with pytest.raises(BadOperation) as refused:
        mark([row, row | {"ref": "a"}], 5, Waves(False), lambda _one, before: bool(before))
    assert refused.value.index == 6


def rows_of_one(*rows):
    """Load rows; those without an external id of their own continue the one before."""
    return [load(*row) for row in rows]


def marked_rows(operations, parallel=True, wave_before=0):
    waves = Waves(parallel)
    waves.know({}, {"my.first": 0})
    return mark(
        operations, 7, waves, lambda operation, _before: not operation["row"][0], wave_before
    )


def test_what_follows_a_lifted_record():
    """A record whose second row has to wait takes its first along, and what refers to it too."""
    rows = rows_of_one(["my.a"], ["", "my.first"], ["my.b", "my.a"])
    assert [row["$wave"] for row in marked_rows(rows)] == [1, 1, 2]


def test_a_record_in_two_parts():
    """Its later rows come into the wave of the first, which is stored; never after it."""
    (row,) = marked_rows(rows_of_one(["", ""]), wave_before=3)
    assert row["$wave"] == 3
    with pytest.raises(BadOperation, match="send all rows of a record in one part") as refused:
        marked_rows(rows_of_one(["", "my.first"]))
    assert refused.value.index == 7
    marked_rows(rows_of_one(["", "my.first"]), parallel=False)


def test_each_row_of_a_record_is_lifted_once():
    """A record of thousands of rows is marked in a time that grows with their number."""

    class Counting(Waves):
        lifted = 0

        def lift(self, operation, wave):
            self.lifted += 1
            super().lift(operation, wave)

    waves = Counting(True)
    waves.know({}, {"my.first": 0})
    rows = rows_of_one(["my.a"], ["", "my.first"], *[["", ""]] * 500)
    marked = mark(rows, 0, waves, lambda operation, _before: not operation["row"][0])
    assert {row["$wave"] for row in marked} == {1}
    assert waves.lifted == len(rows)
