"""What is done with the records chosen in a list: its checks, and its operations."""

import re

import pytest

from engine.errors import BadRequest
from engine.selection import PART, check_ids, check_what, count_operations, operations_in_parts
from engine.view_values import Empty, opens_something, what_opens

ACTION = {"kind": "action", "action_id": 5, "together": 50}
BUTTON = {"kind": "button", "method": "action_confirm", "context": "{}", "view_id": 0}


def all_of(what, ids):
    return [one for part in operations_in_parts(what, "res.partner", ids) for one in part]


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (
            {"kind": "update", "values": {"name": "A"}},
            {"op": "write", "model": "res.partner", "values": {"name": "A"}, "ids": [7]},
        ),
        ({"kind": "delete"}, {"op": "unlink", "model": "res.partner", "ids": [7]}),
        (
            {"kind": "archive"},
            {"op": "call", "model": "res.partner", "method": "batch_job_archive", "each": True}
            | {"ids": [7]},
        ),
        (
            BUTTON,
            {"op": "call", "model": "res.partner", "method": "batch_job_press", "ids": [7]}
            | {"kwargs": {"method": "action_confirm", "button_context": "{}", "view_id": 0}},
        ),
    ],
)
def test_one_operation_for_a_record(what, expected):
    """Each thing to do is one operation for each record."""
    assert all_of(check_what(what), [7]) == [expected]


def test_update_that_asks():
    """Where a view makes a field read-only for some records, an update is a call that asks."""
    what = check_what({"kind": "update", "values": {"name": "A"}, "view_id": 3, "list_id": 4})
    ((one,),) = operations_in_parts(what, "res.partner", [7], asks=True)
    kwargs = {"values": {"name": "A"}, "view_id": 3, "list_id": 4}
    call = {"op": "call", "model": "res.partner", "method": "batch_job_update", "each": True}
    assert one == {**call, "ids": [7], "kwargs": kwargs}
    assert [one["op"] for one in all_of(what, [7])] == ["write"]


def test_server_action_gets_several_records():
    """A server action has one operation for as many records as the person chose."""
    operations = all_of(ACTION, list(range(1, 102)))
    assert [len(one["ids"]) for one in operations] == [50, 50, 1]
    assert count_operations(ACTION, 101) == 3


def test_parts_are_bounded():
    """No part is larger than it may be, and nothing is lost between them."""
    ids = list(range(1, 2 * PART + 2))
    parts = list(operations_in_parts({"kind": "delete"}, "res.partner", ids))
    assert [len(part) for part in parts] == [PART, PART, 1]
    assert [one["ids"][0] for part in parts for one in part] == ids


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (None, "what must be an object with a kind: "),
        ({}, "what must be an object with a kind: "),
        ({"kind": "sing"}, "what must be an object with a kind: "),
        ({"kind": "archive", "values": {}}, "archive takes kind; got kind, values."),
        ({"kind": "update"}, "update takes kind, values, view_id, list_id; got kind."),
        ({"kind": "update", "values": {}}, "values is empty; "),
        ({"kind": "update", "values": [1]}, "values must be of type dict."),
        (
            {"kind": "update", "values": {"name": "A"}, "list_id": "4"},
            "list_id must be of type int.",
        ),
        ({"kind": "archive", "list_id": 4}, "archive takes kind; got kind, list_id."),
        ({**ACTION, "together": True}, "together must be of type int."),
        ({**ACTION, "together": 10_001}, "together must be a number from 1 to 10000."),
        ({**BUTTON, "view_id": False}, "view_id must be of type int."),
        ({**BUTTON, "more": 1}, "button takes kind, method, context, view_id; got "),
    ],
)
def test_wrong_things_to_do(what, words):
    """What is not known, incomplete or of the wrong type is refused, with what is right."""
    with pytest.raises(BadRequest, match=f"^{re.escape(words)}"):
        check_what(what)


@pytest.mark.parametrize("ids", [None, "7", [0], [-1], [True], [2**31], ["7"], [7.0]])
def test_wrong_ids_are_refused(ids):
    """Ids are positive whole numbers that PostgreSQL can have."""
    with pytest.raises(BadRequest, match="^record_ids must be a list of record ids"):
        check_ids(ids)


def test_empty_is_less_than_anything():
    """The web client compares an empty date with a date; so does an expression on the server."""
    empty = Empty()
    assert empty < "2020-01-01" and not empty > "2020-01-01" and "2020-01-01" > empty
    assert not empty and empty == False and empty != "draft"  # noqa: E712
    assert empty not in ("draft", "done") and empty <= empty


@pytest.mark.parametrize(
    ("value", "opens"),
    [
        (None, False),
        (True, False),
        ({}, False),
        ({"type": "ir.actions.act_window_close"}, False),
        ({"type": "ir.actions.act_window", "res_model": "res.partner"}, True),
        ({"type": "ir.actions.act_url", "url": "/web"}, True),
        ({"type": "ir.actions.report"}, True),
        ({"type": "ir.actions.client", "tag": "some_page"}, True),
        ({"type": "ir.actions.client", "tag": "display_notification", "params": {}}, False),
        (
            {
                "type": "ir.actions.client",
                "tag": "display_notification",
                "params": {"next": {"type": "ir.actions.act_window", "name": "Form"}},
            },
            True,
        ),
    ],
)
def test_what_needs_a_person(value, opens):
    """What a method returns needs a person if the web client would open something for it."""
    assert opens_something(value) is opens


def test_name_of_what_opens():
    """A sentence names the action, else its model or its type."""
    assert what_opens({"type": "ir.actions.act_window", "name": "Send"}) == "Send"
    assert what_opens({"type": "ir.actions.report"}) == "ir.actions.report"
