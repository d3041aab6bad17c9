"""Clients on a fake server."""

from __future__ import annotations

from typing import Any

from fake_odoo import FakeClock, FakeOdoo
from odoo_batch_job import AsyncClient, Client


def arguments(odoo: FakeOdoo, clock: FakeClock | None = None) -> dict[str, Any]:
    """Return a client's arguments for the fake server and a clock that never waits."""
    return {
        "url": "http://odoo.test",
        "database": "demo",
        "api_key": "secret",
        "transport": odoo.transport,
        "clock": clock or FakeClock(),
    }


def async_client(odoo: FakeOdoo, clock: FakeClock | None = None, **more: Any) -> AsyncClient:
    """Return an asynchronous client of the fake server."""
    return AsyncClient(**arguments(odoo, clock), **more)


def blocking_client(odoo: FakeOdoo, **more: Any) -> Client:
    """Return a blocking client of the fake server."""
    return Client(**arguments(odoo), **more)


def creates(count: int) -> list[dict[str, Any]]:
    """Return so many operations, all different."""
    return [
        {"op": "create", "model": "res.partner", "values": {"name": f"Partner {number}"}}
        for number in range(count)
    ]
