"""Operations as objects: what they send, and what is refused where it is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import odoo_batch_job
from done_odoo import DoneOdoo
from helpers import async_client
from odoo_batch_job import (
    BatchExecutor,
    CallOperation,
    CreateOperation,
    DeleteOperation,
    LoadOperation,
    UpdateOperation,
    UpsertOperation,
)

pytestmark = pytest.mark.anyio

untyped: Any = odoo_batch_job  # for what the types forbid


@pytest.mark.parametrize("ids", ["7", 7.0, None, True, 0, -1, ["7"], [7, None], {"a": 1}, [[7]]])
def test_what_is_no_id_is_refused(ids: Any) -> None:
    """A sentence says so where the operation is made, not when it is sent."""
    for make in (
        lambda: UpdateOperation("m", {"a": 1}, ids),
        lambda: DeleteOperation("m", ids),
        lambda: CallOperation("m", "go", ids),
    ):
        with pytest.raises(ValueError, match=r"^ids (holds|are a list) .*record id"):
            make()


@pytest.mark.parametrize(
    ("operation", "wanted"),
    [
        (CreateOperation("m", {"a": 1}), {"op": "create", "values": {"a": 1}}),
        (CreateOperation("m", [{"a": 1}, {}]), {"op": "create", "values": [{"a": 1}, {}]}),
        (UpdateOperation("m", {"a": 1}, [3]), {"op": "write", "ids": [3], "values": {"a": 1}}),
        (UpdateOperation("m", {"a": 1}, 3), {"op": "write", "ids": [3], "values": {"a": 1}}),
        (DeleteOperation("m", (3, 4)), {"op": "unlink", "ids": [3, 4]}),
        (DeleteOperation("m", {"$ref": "x"}), {"op": "unlink", "ids": [{"$ref": "x"}]}),
        (
            UpdateOperation("m", {"a": 1}, {"$ref": "x"}),
            {"op": "write", "ids": [{"$ref": "x"}], "values": {"a": 1}},
        ),
        (UpsertOperation("m", {"a": 1}, "a"), {"op": "upsert", "values": {"a": 1}, "key": ["a"]}),
        (
            LoadOperation("m", ["a", "b/c"], ["1", "2"], ["a", "b/c"]),
            {"op": "load", "fields": ["a", "b/c"], "row": ["1", "2"], "key": ["a", "b/c"]},
        ),
        (
            LoadOperation("m", ["a"], ["1"], key="a"),
            {"op": "load", "fields": ["a"], "row": ["1"], "key": ["a"]},
        ),
        (
            UpsertOperation("m", {"a": 1}, xml_id="my.a"),
            {"op": "upsert", "values": {"a": 1}, "xml_id": "my.a"},
        ),
        (
            CallOperation("m", "go", [3], [1], {"b": 2}, each=True),
            {"op": "call", "method": "go", "ids": [3], "args": [1], "kwargs": {"b": 2}}
            | {"each": True},
        ),
        (CallOperation("m", "go"), {"op": "call", "method": "go", "args": [], "kwargs": {}}),
        (
            LoadOperation("m", ["id", "name"], ["my.a", "A"], ref="a", context={"lang": "nl_BE"}),
            {"op": "load", "fields": ["id", "name"], "row": ["my.a", "A"]}
            | {"ref": "a", "context": {"lang": "nl_BE"}},
        ),
    ],
)
def test_operation_is_written_as_the_contract_has_it(operation: Any, wanted: Any) -> None:
    """Each class is one op of the RPC contract."""
    assert operation.to_dict() == {"model": "m", **wanted}


@pytest.mark.parametrize(
    ("make", "kind", "reason"),
    [
        (lambda: untyped.CreateOperation("", {}), ValueError, "model is empty"),
        (lambda: untyped.CreateOperation(7, {}), TypeError, "model is a text, not 7"),
        (
            lambda: untyped.CreateOperation("m", 5),
            TypeError,
            "the values for m are a dict by field, not 5",
        ),
        (lambda: untyped.CreateOperation("m", [{}, "a"]), TypeError, "a dict by field, not 'a'"),
        (lambda: untyped.CreateOperation("m", {1: "a"}), TypeError, "by name of a field, not by 1"),
        (lambda: untyped.CreateOperation("m", []), ValueError, "the list of values for m is empty"),
        (lambda: untyped.CreateOperation("m", {}, ref=""), ValueError, "ref is empty"),
        (
            lambda: untyped.CreateOperation("m", {}, context="a"),
            TypeError,
            "context is a dict, not 'a'",
        ),
        (lambda: untyped.UpdateOperation("m", [{}], 3), TypeError, "a dict by field, not"),
        (lambda: untyped.DeleteOperation("", 3), ValueError, "model is empty"),
        (lambda: untyped.UpsertOperation("m", {}), ValueError, "a key or an xml_id, and not both"),
        (lambda: untyped.UpsertOperation("m", {}, "a", xml_id="x"), ValueError, "and not both"),
        (lambda: untyped.UpsertOperation("m", {}, []), ValueError, "key is empty"),
        (
            lambda: untyped.UpsertOperation("m", {}, [3]),
            TypeError,
            "a field of key is a text, not 3",
        ),
        (lambda: untyped.UpsertOperation("m", {}, xml_id=3), TypeError, "xml_id is a text, not 3"),
        (lambda: untyped.CallOperation("m", ""), ValueError, "method is empty"),
        (lambda: untyped.CallOperation("m", "go", 3, "ab"), TypeError, "args is a list, not 'ab'"),
        (lambda: untyped.CallOperation("m", "go", 3, [], [1]), TypeError, "kwargs is a dict, not"),
        (
            lambda: untyped.LoadOperation("m", "name", "A"),
            TypeError,
            "fields is a list, not 'name'",
        ),
        (
            lambda: untyped.LoadOperation("m", ["name"], []),
            ValueError,
            "row has 0 cells for 1 fields",
        ),
        (lambda: untyped.LoadOperation("m", [], []), ValueError, "fields is empty"),
        (lambda: untyped.LoadOperation("m", ["a"], ["1"], []), ValueError, "key is empty"),
        (lambda: untyped.LoadOperation("m", ["a"], ["1"], 5), TypeError, "key is a list, not 5"),
        (
            lambda: untyped.LoadOperation("m", ["a"], ["1"], ["b"]),
            ValueError,
            "key names b, which is no column of fields",
        ),
        (
            lambda: untyped.LoadOperation("m", ["a"], ["1"], ["a", "a"]),
            ValueError,
            "key names a column twice",
        ),
        (lambda: untyped.UpdateOperation("m", {}, []), ValueError, "ids is empty"),
        (lambda: untyped.DeleteOperation("m", []), ValueError, "ids is empty"),
        (lambda: untyped.CallOperation("m", "go", each=True), ValueError, "ids is empty"),
        (
            lambda: untyped.CallOperation("m", "go", 3, [], {"context": {}}),
            ValueError,
            "kwargs holds a context",
        ),
        (
            lambda: untyped.UpsertOperation("m", {"a": 1}, "b"),
            ValueError,
            "key names b, which has no value in data",
        ),
        (
            lambda: untyped.UpsertOperation("m", {"a": None}, "a"),
            ValueError,
            "key names a, which has no value in data",
        ),
        (
            lambda: untyped.UpsertOperation("m", {}, xml_id="a.b.c"),
            ValueError,
            "xml_id is like module.name, not 'a.b.c'",
        ),
    ],
)
def test_what_cannot_be_an_operation_is_refused_where_it_is_made(
    make: Callable[[], object], kind: type[Exception], reason: str
) -> None:
    """The line of the program that made it is at fault, not the one that executes a thousand."""
    with pytest.raises(kind, match=reason):
        make()


async def test_caller_s_objects_are_neither_changed_nor_followed() -> None:
    """An operation is what it was when it was made."""
    values: dict[str, Any] = {"id": 7, "name": "A", "child_ids": [[0, 0, {"name": "B"}]]}
    operation = CreateOperation("res.partner", values)
    before = operation.to_dict()
    values["child_ids"][0][2]["name"] = "C"
    assert operation.to_dict() == before
    assert before["values"]["id"] == 7
    odoo = DoneOdoo()
    async with async_client(odoo) as client:
        executor = BatchExecutor(client)
        executor.add_operation(operation)
        await executor.execute()
    assert operation.to_dict() == before
    assert odoo.jobs[0].operations == [before]
