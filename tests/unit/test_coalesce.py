import random

import pytest
from factories import call, create, unlink, write

from engine.coalesce import by_equal_values, coalesce
from engine.operations import Operation


def grouped(operations):
    return [
        [operation.position for operation in group.operations] for group in coalesce(operations)
    ]


def test_creates_of_one_model_are_one_call():
    """Neighbouring creates become one create."""
    assert grouped([create(0, name="a"), create(1, name="b")]) == [[0, 1]]


def test_another_model_begins_a_new_call():
    """No operation moves across one on another model."""
    other = Operation(1, 1, "create", "res.users", {"values": {}})
    assert grouped([create(0), other, create(2)]) == [[0], [1], [2]]


def test_another_context_begins_a_new_call():
    """Operations under different contexts are never merged; equal contexts are."""
    payload = {"values": {}, "context": {"lang": "fr_FR", "a": 1}}
    same = {"values": {}, "context": {"a": 1, "lang": "fr_FR"}}
    operations = [
        create(0),
        Operation(1, 1, "create", "res.partner", payload),
        Operation(2, 2, "create", "res.partner", same),
    ]
    assert grouped(operations) == [[0], [1, 2]]
    assert [group.context for group in coalesce(operations)] == [{}, payload["context"]]


def test_a_second_write_on_a_record_begins_a_new_call():
    """A, B, A on one record stays three writes in that order."""
    operations = [write(0, [7], x="A"), write(1, [7], x="B"), write(2, [7], x="A")]
    assert grouped(operations) == [[0], [1], [2]]


def test_disjoint_writes_are_one_group_with_a_write_per_values():
    """Equal values of disjoint records go out in one write, whatever stands between them."""
    operations = [write(0, [1, 2], x="A"), write(1, [3], x="B"), write(2, [4], x="A")]
    (group,) = coalesce(operations)
    assert by_equal_values(group.operations) == [({"x": "A"}, [1, 2, 4]), ({"x": "B"}, [3])]


def test_write_and_unlink_are_never_one_call():
    """Different operations are different calls, also on different records."""
    assert grouped([write(0, [1], x=1), unlink(1, [2]), write(2, [3], x=1)]) == [[0], [1], [2]]


def test_calls_are_merged_only_when_asked():
    """Only calls with each, of one method with equal arguments, on different records are merged."""
    operations = [
        call(0, [1], "lock"),
        call(1, [2], "lock"),
        call(2, [3], "lock", each=True),
        call(3, [4], "lock", each=True),
        call(4, [4], "lock", each=True),
        call(5, [5], "lock", each=True, force=True),
        call(6, [6], "free", each=True, force=True),
    ]
    assert grouped(operations) == [[0], [1], [2, 3], [4], [5], [6]]


class Records:
    """Records in memory, as little of the ORM as order needs; ids are given out in order."""

    def __init__(self):
        self.rows = {number: {"log": ()} for number in range(1, 8)}
        self.next_id = 8

    def create(self, vals_list):
        for values in vals_list:
            self.rows[self.next_id] = {"log": (), **values}
            self.next_id += 1

    def write(self, ids, values):
        for one in ids:
            if one in self.rows:
                self.rows[one] |= values

    def unlink(self, ids):
        for one in ids:
            self.rows.pop(one, None)

    def call(self, ids, method):
        for one in ids:
            if one in self.rows:
                self.rows[one]["log"] += (method, tuple(sorted(self.rows[one].items()))[:1])


def apply_group(records, op, operations):
    if op == "create":
        records.create([operation.payload["values"] for operation in operations])
    elif op == "write":
        for values, ids in by_equal_values(operations):
            records.write(ids, values)
    else:
        ids = [one for operation in operations for one in operation.payload["ids"]]
        args = [operations[0].payload["method"]] if op == "call" else []
        getattr(records, op)(ids, *args)


def random_operation(chance, position):
    ids = chance.sample(range(1, 12), chance.choice([1, 1, 1, 2, 3]))
    kind = chance.choice(["create", "write", "write", "write", "unlink", "call"])
    if kind == "create":
        return create(position, a=position)
    if kind == "write":
        return write(position, ids, **{chance.choice("ab"): chance.choice([True, 1, "1"])})
    if kind == "unlink":
        return unlink(position, ids[:1])
    return call(position, ids, chance.choice(["lock", "free"]), each=chance.random() < 0.7)


@pytest.mark.parametrize("seed", range(300))
def test_merged_calls_end_as_one_by_one(seed):
    """Whatever the sequence, merging gives the same records as one operation after another."""
    chance = random.Random(seed)
    operations = [random_operation(chance, position) for position in range(chance.randint(1, 40))]
    merged, single = Records(), Records()
    for group in coalesce(operations):
        apply_group(merged, group.op, group.operations)
    for operation in operations:
        apply_group(single, operation.op, [operation])
    assert merged.rows == single.rows
    assert sorted(position for group in grouped(operations) for position in group) == list(
        range(len(operations))
    )


def test_merging_saves_calls():
    """The property above is about merged calls: on an ordinary job there are far fewer of them."""
    operations = [write(position, [position + 1], x=position % 3) for position in range(300)]
    (group,) = coalesce(operations)
    assert len(by_equal_values(group.operations)) == 3
