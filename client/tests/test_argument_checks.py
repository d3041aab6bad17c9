"""Constructors: a wrong argument is refused where it is written, before anything is sent."""

from __future__ import annotations

import math
from typing import Any

import pytest

import odoo_batch_job
from fake_odoo import FakeOdoo
from helpers import async_client
from odoo_batch_job import CreateOperation

untyped: Any = odoo_batch_job  # for what the types forbid

NAN = math.nan


class OtherClient:
    """Somebody's client, which nobody calls here."""

    async def execute_kw(self, *arguments: object) -> None:
        """Do nothing."""


OTHER = OtherClient()


@pytest.mark.parametrize(
    ("kind", "number", "error", "reason"),
    [
        (kind, number, error, reason)
        for kind in ("BatchExecutor", "ParallelBatchExecutor")
        for number, error, reason in (
            (0, ValueError, "is at least 1, not 0"),
            (-1, ValueError, "is at least 1, not -1"),
            (2.5, ValueError, "is a whole number, not 2.5"),
            (NAN, ValueError, "is a whole number, not nan"),
            ("3", TypeError, "is a number, not '3'"),
            (None, TypeError, "is a number, not None"),
            (True, TypeError, "is a number, not True"),
        )
    ],
)
def test_number_of_an_executor(kind: str, number: Any, error: type, reason: str) -> None:
    """A size that is no whole number above 0 would be no limit, or one that nothing gets past."""
    name = {"BatchExecutor": "batch_size", "ParallelBatchExecutor": "max_concurrent_batches"}[kind]
    with pytest.raises(error, match=f"^{name} {reason}$"):
        getattr(untyped, kind)(OTHER, **{name: number})


@pytest.mark.anyio
async def test_number_that_is_set_later() -> None:
    """An executor that may run no group at once says so; it would wait for ever."""
    async with async_client(FakeOdoo()) as client:
        executor = untyped.ParallelBatchExecutor(client)
        executor.max_concurrent_batches = 0
        with pytest.raises(ValueError, match=r"^max_concurrent_batches is at least 1, not 0$"):
            await executor.execute_parallel_batches([[CreateOperation("m", {})]])


@pytest.mark.parametrize(
    ("arguments", "error", "reason"),
    [
        ({"url": None}, TypeError, "the URL of the server is a text, not None"),
        ({"port": "8069"}, TypeError, "port is a whole number, not '8069'"),
        ({"port": 80.5}, TypeError, "port is a whole number, not 80.5"),
        ({"port": 70_000}, ValueError, "a port is a number from 1 to 65535, not 70000"),
        ({"protocol": "ftp"}, ValueError, "protocol is http or https, not 'ftp'"),
        (
            {"url": "http://a.test", "protocol": "https"},
            ValueError,
            "the URL says http, and protocol says https: leave one of them out",
        ),
        (
            {"url": "http://a.test:8069", "port": 8070},
            ValueError,
            "the URL says 8069, and port says 8070: leave one of them out",
        ),
        ({"database": 5}, TypeError, "database is a text, not 5"),
        ({"database": "é"}, ValueError, "an HTTP header cannot carry the database's name 'é'"),
        ({"database": "a\n"}, ValueError, r"an HTTP header cannot carry .* 'a\\n'"),
        ({"api_key": 5}, TypeError, "the API key is a text, not int"),
        ({"api_key": ""}, ValueError, "the API key is empty, or has a character that no key has"),
        ({"timeout": None}, TypeError, "timeout is a number, not None"),
        ({"timeout": "5"}, TypeError, "timeout is a number, not '5'"),
        ({"timeout": NAN}, ValueError, "timeout is more than 0 seconds, not nan"),
        ({"timeout": -1}, ValueError, "timeout is more than 0 seconds, not -1"),
        ({"retry": 5}, TypeError, "retry is a Retry, not 5"),
        ({"part_bytes": NAN}, ValueError, "part_bytes is at least 1, not nan"),
        ({"part_bytes": "1"}, TypeError, "part_bytes is a number, not '1'"),
    ],
)
@pytest.mark.parametrize("kind", ["AsyncClient", "Client"])
def test_argument_of_a_client(
    kind: str, arguments: dict[str, Any], error: type, reason: str
) -> None:
    """None of them waits for the first request, or is passed over; the blocking client agrees."""
    with pytest.raises(error, match=f"^{reason}"):
        getattr(untyped, kind)(**{"url": "a.test", "api_key": "k", **arguments})


def test_url_may_say_what_the_arguments_say() -> None:
    """Only a contradiction is refused: the key must not travel another way than was meant."""
    client = untyped.AsyncClient("http://a.test:8069", 8069, protocol="http", database="my db_1")
    assert client.database == "my db_1"


@pytest.mark.parametrize(
    ("arguments", "error", "reason"),
    [
        ({"patience": -1}, ValueError, "patience is at least 0 seconds, not -1"),
        ({"patience": NAN}, ValueError, "patience is at least 0 seconds, not nan"),
        ({"patience": "1"}, TypeError, "patience is a number, not '1'"),
        ({"first_contact": NAN}, ValueError, "first_contact is at least 0 seconds, not nan"),
        ({"first": 0}, ValueError, "first is more than 0 seconds, not 0"),
        ({"first": -1}, ValueError, "first is more than 0 seconds, not -1"),
        ({"first": math.inf}, ValueError, "first is a number with an end, not inf"),
        ({"longest": 0}, ValueError, "longest is more than 0 seconds, not 0"),
    ],
)
def test_schedule_that_cannot_be(arguments: dict[str, Any], error: type, reason: str) -> None:
    """A wait of nothing floods the server, and a patience that is no number never ends."""
    with pytest.raises(error, match=f"^{reason}$"):
        untyped.Retry(**arguments)
