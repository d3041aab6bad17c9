"""Times and decimal numbers on their way to Odoo."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from fake_odoo import FakeOdoo
from helpers import async_client, blocking_client
from odoo_batch_job import CreateOperation, InvalidOperationError
from odoo_batch_job._http import encode

EAST = timezone(timedelta(hours=5, minutes=30))


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (date(2026, 1, 31), "2026-01-31"),
        (datetime(2026, 1, 31, 12), "2026-01-31 12:00:00"),
        (datetime(2026, 1, 31, 12, 5, 6, 999_999), "2026-01-31 12:05:06"),
        (datetime(2026, 1, 31, 2, tzinfo=EAST), "2026-01-30 20:30:00"),
        (datetime(2026, 1, 31, tzinfo=timezone.utc), "2026-01-31 00:00:00"),
        (datetime(7, 1, 2), "0007-01-02 00:00:00"),
    ],
)
def test_times_are_sent_in_utc(value: Any, sent: str) -> None:
    """A time is sent as Odoo has it: to the second, in UTC; what names no zone is UTC."""
    assert json.loads(encode({"x": [value]})) == {"x": [sent]}


@pytest.mark.parametrize(
    ("digits", "sent"),
    [
        ("9.99", "9.99"),
        ("-0.1", "-0.1"),
        ("1234567890.12345", "1234567890.12345"),
        ("1E-7", "1e-07"),
        ("3", "3"),
        ("3.00", "3"),
        ("1E+3", "1000"),
        ("12345678901234567890", "12345678901234567890"),
        ("1234567890.123456789", '"1234567890.123456789"'),
        ("0.1000000000000000000000001", '"0.1000000000000000000000001"'),
        ("1E+301", '"1E+301"'),
    ],
)
def test_decimal_numbers_keep_their_digits(digits: str, sent: str) -> None:
    """A decimal is a number where that has the very same digits, else a text that has them."""
    text = encode(Decimal(digits)).decode()
    assert text == sent
    back = json.loads(text)
    assert Decimal(back if isinstance(back, str) else repr(back)) == Decimal(digits)


def test_values_of_a_submission() -> None:
    """In dicts, in operations as objects, in lines of commands, in arguments of calls and rows."""
    odoo = FakeOdoo()
    day, price = date(2026, 1, 31), Decimal("9.90")
    operations: list[Any] = [
        {"op": "create", "model": "m", "values": {"d": day, "lines": [[0, 0, {"p": price}]]}},
        CreateOperation("m", {"d": day}),
        {"op": "call", "model": "m", "method": "x", "args": [[["d", ">", day]]]},
        {"op": "load", "model": "m", "fields": ["d", "p"], "row": [day, price]},
    ]
    with blocking_client(odoo) as client:
        client.submit(operations, context={"day": day})
    (body,) = (body for path, body in odoo.requests if path.endswith("/submit"))
    assert body["operations"][0]["values"] == {"d": "2026-01-31", "lines": [[0, 0, {"p": 9.9}]]}
    assert body["operations"][1]["values"] == {"d": "2026-01-31"}
    assert body["operations"][2]["args"] == [[["d", ">", "2026-01-31"]]]
    assert body["operations"][3]["row"] == ["2026-01-31", 9.9]
    assert body["context"] == {"day": "2026-01-31"}


@pytest.mark.anyio
async def test_values_of_a_call() -> None:
    """What is called at once takes them too."""
    odoo = FakeOdoo()
    odoo.answers["m/search"] = []
    async with async_client(odoo) as client:
        await client.call("m", "search", {"domain": [["at", "<", datetime(2026, 1, 1)]]})
    assert odoo.requests[0][1]["domain"] == [["at", "<", "2026-01-01 00:00:00"]]


@pytest.mark.anyio
async def test_a_time_before_all_times() -> None:
    """What no UTC time says names its operation."""
    first = datetime.min.replace(tzinfo=EAST)
    async with async_client(FakeOdoo()) as client:
        with pytest.raises(InvalidOperationError) as caught:
            await client.submit([{"op": "create"}, {"op": "create", "values": {"x": first}}])
    assert caught.value.index == 1
