import random

import pytest
from factories import call, create, relation_of, unlink, upsert, write

from engine.coalesce import Unflushed, apart, by_equal_values, coalesce, in_turns
from engine.operations import Operation


def groups_of(operations):
    return coalesce(operations, relation_of)


def positions(groups):
    return [[operation.position for operation in group.operations] for group in groups]


def grouped(operations):
    return positions(groups_of(operations))


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
    assert [group.context for group in groups_of(operations)] == [{}, payload["context"]]


def test_a_second_write_on_a_record_begins_a_new_call():
    """A, B, A on one record stays three writes in that order."""
    operations = [write(0, [7], x="A"), write(1, [7], x="B"), write(2, [7], x="A")]
    assert grouped(operations) == [[0], [1], [2]]


def test_only_neighbours_of_equal_values_are_one_write():
    """A write between two of equal values may change what the second one is about."""
    operations = [
        write(0, [1, 2], x="A"),
        write(1, [3], x="A"),
        write(2, [4], x="B"),
        write(3, [5], x="A"),
    ]
    (group,) = groups_of(operations)
    assert by_equal_values(group.operations) == [
        ({"x": "A"}, [1, 2, 3]),
        ({"x": "B"}, [4]),
        ({"x": "A"}, [5]),
    ]


def test_a_field_that_is_written_alone():
    """What Odoo cannot change for several records at once is changed one by one."""
    operations = [write(0, [1], up=5), write(1, [2], up=5), write(2, [3], x=1), write(3, [4], x=1)]
    assert by_equal_values(operations, never="up") == [
        ({"up": 5}, [1]),
        ({"up": 5}, [2]),
        ({"x": 1}, [3, 4]),
    ]


LINES = [[0, 0, {"name": "line"}]]


@pytest.mark.parametrize(
    ("operation", "alone"),
    [
        (create(1, child_ids=LINES), False),
        (create(1, tag_ids=[[0, 0, {}], [4, 1, 0], [6, 0, [1, 2]], [3, 1, 0], [5, 0, 0]]), False),
        (create(1, tag_ids=[[0, 0, {"partner_ids": [[4, 7, 0]]}]]), False),
        (create(1, child_ids=[[4, 7, 0]]), True),
        (create(1, child_ids=[[6, 0, [7]]]), True),
        (create(1, tag_ids=[[1, 7, {}]]), True),
        (create(1, tag_ids=[[2, 7, 0]]), True),
        (create(1, child_ids=[[0, 0, {"child_ids": [[2, 7, 0]]}]]), True),
        (Operation(1, 1, "create", "res.partner", {"values": [{}, {"child_ids": [[2, 7]]}]}), True),
        (write(1, [5], tag_ids=[[4, 1, 0], [3, 2, 0], [5, 0, 0], [6, 0, [1]]]), False),
        (write(1, [5], tag_ids=[[0, 0, {}]]), True),
        (write(1, [5], child_ids=[[5, 0, 0]]), True),
        (write(1, [5], child_ids=[[4, 7, 0]]), True),
        (write(1, [5], note=[[0, 0, {}]]), False),
        (upsert(1, ref="x", tag_ids=LINES), False),
        (upsert(1, ref="x", parent_id=7), False),
        (upsert(1, ref="x", child_ids=LINES), True),
        (upsert(1, ref="x", tag_ids=[[0, 0, {"partner_ids": [[4, 7, 0]]}]]), True),
        (upsert(1, ref="x", tag_ids=[[1, 7, {}]]), True),
    ],
)
def test_what_reaches_other_records_stands_alone(operation, alone):
    """A command that changes records that exist; one that makes some, where each of several
    written records must get its own, or where an upsert may be looking for what it makes."""
    plain = {
        "create": create,
        "write": lambda at: write(at, [at + 10]),
        "upsert": lambda at: upsert(at, ref="y"),
    }[operation.op]
    groups = grouped([plain(0), operation, plain(2)])
    assert groups == ([[0], [1], [2]] if alone else [[0, 1, 2]])


def test_no_record_is_deleted_with_one_that_it_refers_to():
    """The first deletion decides what becomes of the second record."""
    (group,) = groups_of([unlink(at, [at + 1]) for at in range(6)])
    assert positions(apart(group, [(2, 1), (3, 5), (6, 1)])) == [[0], [1, 2, 3], [4, 5]]
    assert positions(apart(group, [])) == [[0, 1, 2, 3, 4, 5]]


def test_suspects_are_tried_last_unless_order_matters():
    """A suspect is always alone; strictly, what came after it comes after it."""
    operations = [create(at) for at in range(6)]

    def turns(strictly):
        found = in_turns(operations, {1, 2, 5}, strictly)
        return [[one.position for one in turn] for turn in found]

    assert turns(strictly=False) == [[0, 3, 4], [1], [2], [5]]
    assert turns(strictly=True) == [[0], [1], [2], [3, 4], [5]]
    assert in_turns(operations[:1], {0}, strictly=False) == [operations[:1]]


def test_flushed_before_what_may_hide_an_error():
    """Only writes and calls on other records of the same model may follow without a flush."""
    elsewhere = Operation(0, 0, "write", "res.users", {"ids": [9], "values": {"x": 1}})
    steps = [
        (create(0), True),
        (write(0, [1], x="A"), True),
        (write(0, [2], x="A"), False),
        (call(0, [3], "lock"), False),
        (call(0, [2], "lock"), True),
        (write(0, [3], x="A"), False),
        (write(0, [4], child_ids=LINES), True),
        (write(0, [5], x="A"), True),
        (elsewhere, True),
        (call(0, [], "lock"), True),
        (call(0, [6], "lock"), True),
        (unlink(0, [7]), True),
        (write(0, [8], x="A"), True),
    ]
    unflushed = Unflushed()
    found = [unflushed.must_go_before(group) for step, _ in steps for group in groups_of([step])]
    assert found == [expected for _step, expected in steps]


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
    for group in groups_of(operations):
        apply_group(merged, group.op, group.operations)
    for operation in operations:
        apply_group(single, operation.op, [operation])
    assert merged.rows == single.rows
    assert sorted(position for group in grouped(operations) for position in group) == list(
        range(len(operations))
    )


def test_merging_saves_calls():
    """The property above is about merged calls: on an ordinary job there are far fewer of them."""
    operations = [write(position, [position + 1], x=position // 100) for position in range(300)]
    (group,) = groups_of(operations)
    assert len(by_equal_values(group.operations)) == 3
