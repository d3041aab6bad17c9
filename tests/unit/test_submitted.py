import json
from datetime import date

import pytest

from engine.canonical import body_hash, text_hash
from engine.errors import BadOperation, BadRequest
from engine.submitted import check_operations, clean_context, to_json

GOOD = {
    "create": {"op": "create", "model": "res.partner", "values": {"name": "Acme"}, "ref": "acme"},
    "create of several": {"op": "create", "model": "res.partner", "values": [{}, {"name": "B"}]},
    "write": {"op": "write", "model": "res.partner", "ids": [7, 8], "values": {"city": "Gent"}},
    "unlink": {"op": "unlink", "model": "res.partner", "ids": [9]},
    "call": {"op": "call", "model": "sale.order", "ids": [4], "method": "action_confirm"},
    "call without ids": {"op": "call", "model": "res.partner", "method": "name_create"},
    "call of each": {"op": "call", "model": "x", "ids": [1], "method": "m", "each": True},
    "call in full": {"op": "call", "model": "x", "method": "m", "args": [1], "kwargs": {"a": 2}},
}
WRITE = GOOD["write"]
CALL = GOOD["call"]

BAD = [
    ("text", "must be an object, not a text."),
    (None, "must be an object, not null."),
    ({}, "op None is unknown; use one of create, write, unlink, call, upsert, load."),
    (
        {"op": ["create"]},
        "op ['create'] is unknown; use one of create, write, unlink, call, upsert, load.",
    ),
    ({**WRITE, "vals": {}}, "'vals' is unknown for op write; it takes ids, values."),
    ({**WRITE, "model": ""}, 'model is missing; name one, such as "res.partner".'),
    ({**WRITE, "model": 5}, 'model is missing; name one, such as "res.partner".'),
    ({**WRITE, "ref": ""}, "ref must be a text that is not empty, not ''."),
    ({**WRITE, "context": [1]}, "context must be an object, not a list."),
    ({**WRITE, "ids": []}, "ids is missing; give a list of record ids, such as [7, 8]."),
    ({**WRITE, "ids": 5}, "ids must be a list of record ids, such as [7, 8], not a number."),
    ({**WRITE, "ids": "7"}, "ids must be a list of record ids, such as [7, 8], not a text."),
    ({**WRITE, "ids": {}}, "ids must be a list of record ids, such as [7, 8], not an object."),
    (
        {**WRITE, "ids": {"$ref": "a", "b": 1}},
        "ids must be a list of record ids, such as [7, 8], not an object.",
    ),
    ({**CALL, "ids": ""}, "ids must be a list of record ids, such as [7, 8], not a text."),
    (
        {**WRITE, "ids": [7] * 1_000_001},
        "ids holds 1,000,001 ids; one operation takes 1,000,000: make several of it.",
    ),
    ({**WRITE, "ids": ["7"]}, "ids holds '7'; record ids are positive whole numbers."),
    ({**WRITE, "ids": [True]}, "ids holds True; record ids are positive whole numbers."),
    ({**WRITE, "ids": [0]}, "ids holds 0; record ids are positive whole numbers."),
    ({**WRITE, "ids": [2**31]}, "ids holds 2147483648; record ids are positive whole numbers."),
    ({**WRITE, "ids": [1.0]}, "ids holds 1.0; record ids are positive whole numbers."),
    (
        {**WRITE, "values": None},
        'values is missing; give an object, such as {"name": "Acme"}.',
    ),
    ({**WRITE, "values": [{}]}, "values must be an object, not a list."),
    ({**WRITE, "values": {1: 2}}, "values names the field 1; names are texts."),
    (
        {**GOOD["create"], "values": []},
        "values is empty; give the values of at least one record.",
    ),
    ({**GOOD["create"], "values": [{}, 5]}, "values must be an object, not a number."),
    ({**CALL, "method": None}, "method is missing; name the method to call."),
    ({**CALL, "args": {}}, "args must be a list, not an object."),
    ({**CALL, "kwargs": []}, "kwargs must be an object, not a list."),
    (
        {**CALL, "kwargs": {"context": {}}},
        "kwargs holds a context; give it as the operation's context.",
    ),
    ({**CALL, "each": 1}, "each must be true or false, not 1."),
    (
        {**CALL, "ids": [], "each": True},
        "ids is missing; give a list of record ids, such as [7, 8].",
    ),
]

UNSTORABLE = [
    (float("nan"), "values holds NaN or infinity; send a number or null."),
    (float("-inf"), "values holds NaN or infinity; send a number or null."),
    ("a\0b", "values holds a NUL character; remove it."),
    ({"deep": ["a\0b"]}, "values holds a NUL character; remove it."),
    ({"a\0": 1}, "values holds a NUL character; remove it."),
    ("\ud800", "values holds half a character (a lone surrogate); send whole Unicode text."),
    (object, "values holds something that is not JSON: type."),
]


def refuse(value):
    raise TypeError(getattr(value, "__class__", type(value)).__name__)


@pytest.mark.parametrize("operation", GOOD.values(), ids=GOOD)
def test_good_operations_are_kept_as_they_are(operation):
    """What the contract describes is accepted, unchanged."""
    assert check_operations([operation]) == [operation]


@pytest.mark.parametrize("op", ["write", "unlink", "call"])
def test_a_reference_alone_stands_for_its_records(op):
    """`"ids": {"$ref": …}` is stored, and hashed, as the list that it stands for."""
    alone, listed = ({**GOOD[op], "ids": ids} for ids in ({"$ref": "a"}, [{"$ref": "a"}]))
    assert check_operations([alone]) == [listed]


@pytest.mark.parametrize(("operation", "problem"), BAD)
def test_a_bad_operation_is_named(operation, problem):
    """The index counts from the first one of the job; the sentence says what to do."""
    with pytest.raises(BadOperation) as caught:
        check_operations([GOOD["write"], operation], first_index=100)
    assert (caught.value.index, caught.value.problem) == (101, problem)


@pytest.mark.parametrize(
    ("value", "kind"), [(None, "null"), ({}, "an object"), ("[]", "a text"), (5, "a number")]
)
def test_operations_must_be_a_list(value, kind):
    """Anything but a list is refused with an example of what is right."""
    with pytest.raises(BadRequest, match=f"operations must be a list of objects, not {kind}. Send"):
        check_operations(value)


def test_long_values_are_cut_in_messages():
    """A message shows at most 80 characters of what was sent."""
    with pytest.raises(BadOperation) as caught:
        check_operations([{"op": "x" * 10_000}])
    assert len(caught.value.problem) < 150


def test_steering_keys_leave_the_context():
    """An operation's context can steer neither the scheduled action around it nor this addon."""
    context = {"lang": "nl_BE", "cron_id": 1, "lastcall": 2, "batch_job_x": 3, "cron_end_time": 4}
    assert clean_context({**context, "ir_cron_progress_id": 5}) == {"lang": "nl_BE"}
    (checked,) = check_operations([{**GOOD["unlink"], "context": context}])
    assert checked["context"] == {"lang": "nl_BE"}


@pytest.mark.parametrize(("value", "problem"), UNSTORABLE, ids=lambda value: None)
def test_what_postgresql_cannot_store_is_refused(value, problem):
    """One value that JSON or PostgreSQL does not know names its operation; nothing else fails."""
    operations = [GOOD["write"], {**GOOD["write"], "values": {"name": value}}]
    with pytest.raises(BadOperation) as caught:
        to_json(operations, 10, refuse)
    assert (caught.value.index, caught.value.problem) == (11, problem)


def test_nesting_without_end_is_refused():
    """A value nested deeper than Python can follow is a bad operation, not a crash."""
    deep = []
    for _level in range(100_000):
        deep = [deep]
    with pytest.raises(BadOperation, match="Operation 0: values is nested too deeply."):
        to_json([{"op": "create", "model": "x", "values": {"a": deep}}], 0, refuse)


def nested(levels):
    """Lists in each other, an operation's `values` around them."""
    deep = []
    for _level in range(levels):
        deep = [deep]
    return {"op": "create", "model": "x", "values": {"a": deep}}


@pytest.mark.parametrize("levels", [101, 500, 100_000])
def test_nesting_that_could_not_be_worked_with_is_refused(levels):
    """Python could store it, but not look for passwords or references in it."""
    with pytest.raises(BadOperation) as caught:
        check_operations([GOOD["write"], nested(levels)], 10)
    assert caught.value.index == 11
    assert caught.value.problem == "is nested more than 100 levels deep."
    check_operations([nested(90)])


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ({**GOOD["unlink"], "ref": "r" * 256}, "ref"),
        ({"op": "upsert", "model": "x", "xml_id": "r" * 256, "values": {"a": 1}}, "xml_id"),
        ({"op": "load", "model": "x", "fields": ["id"], "row": ["r" * 256]}, "id"),
    ],
)
def test_names_that_no_index_takes_are_refused(operation, name):
    """PostgreSQL cannot put a text of any length into an index."""
    with pytest.raises(BadOperation, match=f"^Operation 3: {name} has more than 255 characters.$"):
        check_operations([operation], 3)


def test_text_that_only_looks_like_nul_is_kept():
    """A backslash and u0000 as text is text."""
    operations = [{"op": "create", "model": "x", "values": {"name": "\\u0000"}}]
    assert json.loads(to_json(operations, 0, refuse)) == operations


def test_server_values_become_json():
    """What server code may pass beside JSON goes through the given function."""
    operations = [{"op": "create", "model": "x", "values": {"day": date(2030, 1, 2)}}]
    assert json.loads(to_json(operations, 0, str))[0]["values"] == {"day": "2030-01-02"}


@pytest.mark.parametrize(
    "kwargs",
    [
        {"b": 1.0, "a": {"y": [True, None, 1e30], "x": "é\u2028"}},
        {"when": date(2030, 1, 2), "pair": (1, 2)},
        {"map": {1: "one", "a": "b"}},
    ],
)
def test_text_to_store_is_the_text_to_hash(kwargs):
    """The hashes of jobs stored before are those of the canonical JSON: it is what is stored now,
    also of what only server code can pass."""
    operations = [{"op": "call", "model": "x", "method": "m", "kwargs": kwargs}]
    text = to_json(operations, 0, str)
    assert text_hash(text) == body_hash(json.loads(json.dumps(operations, default=str)))


def test_all_bad_operations_are_named():
    """A file with several bad rows is corrected once: each has a line, in order; the first one's
    index is the refusal's."""
    load = {"op": "load", "model": "x", "fields": ["id"]}
    rows = [{**load, "row": [cell]} for cell in ("a", "x" * 256, "b\0", "c")]
    with pytest.raises(BadOperation) as caught:
        check_operations(rows, 10)
    assert (caught.value.index, caught.value.indexes) == (11, [11, 12])
    assert str(caught.value) == (
        "Operation 11: id has more than 255 characters.\n"
        "Operation 12: row holds a NUL character; remove it."
    )
    rows = [{**load, "row": [cell]} for cell in ("a\0", "b", "c\0")]
    with pytest.raises(BadOperation) as caught:
        to_json(check_operations(rows), 0, refuse)
    assert str(caught.value) == (
        "Operation 0: row holds a NUL character; remove it.\n"
        "Operation 2: row holds a NUL character; remove it."
    )


def test_twenty_bad_operations_are_enough():
    """A file that is wrong throughout does not make a message of a megabyte."""
    with pytest.raises(BadOperation) as caught:
        check_operations([None] * 1_000)
    assert caught.value.indexes == list(range(20))
    *lines, last = str(caught.value).split("\n")
    assert lines == [f"Operation {n}: must be an object, not null." for n in range(20)]
    assert last == "These are the first 20; there are more."
