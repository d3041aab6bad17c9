"""The blocking client: the same surface, no code of its own, and the caller's thread."""

from __future__ import annotations

import asyncio
import inspect
import re
import sqlite3
import threading
from collections.abc import Iterator
from typing import Any, get_type_hints

import pytest

from fake_odoo import FakeOdoo, lose_response, outcome
from helpers import blocking_client, creates
from odoo_batch_job import (
    AsyncClient,
    AuthenticationError,
    Client,
    InvalidOperationError,
    NotFoundError,
)

PARAM = re.compile(r":param (\w+):")
RENAMED = {"aclose": "close", "__aenter__": "__enter__", "__aexit__": "__exit__"}
ASYNC_WITH = ("__aenter__", "__aexit__")  # of the blocking client gives the other one
BLOCKING = {  # of an annotation, as it is written
    "AsyncGenerator": "Generator",
    ", None]": ", None, None]",
    "AsyncClient": "Client",
    "Iterable[Operation] | AsyncIterable[Operation]": "Iterable[Operation]",
}


def surface(kind: type) -> dict[str, inspect.Signature]:
    """Return the public methods of a class and their signatures."""
    members = inspect.getmembers(kind, lambda member: callable(member) or inspect.ismethod(member))
    return {
        name: inspect.signature(member)
        for name, member in members
        if not name.startswith("_") or name in {"__init__", *RENAMED, *RENAMED.values()}
    }


def as_blocking(signature: inspect.Signature) -> str:
    """Return an asynchronous signature as its blocking twin is to be written."""
    text = str(signature)
    for old, new in BLOCKING.items():
        text = text.replace(old, new)
    return text


def documented(kind: type) -> dict[str, list[str]]:
    """Return the arguments that the documentation of each public method explains."""
    return {
        RENAMED.get(name, name): PARAM.findall(inspect.getdoc(getattr(kind, name)) or "")
        for name in surface(kind)
        if not name.startswith("_")
    }


def test_both_clients_say_the_same_of_their_arguments() -> None:
    """`help(Client.submit)` explains each argument, as that of the other client does.

    So do all methods; that a job's id is the id of a job needs no words.
    """
    assert documented(Client) == documented(AsyncClient)
    said = documented(Client)
    for name, signature in surface(Client).items():
        arguments = [one for one in signature.parameters if one not in ("self", "job_id")]
        if not name.startswith("_"):
            assert (name, said[name]) == (name, arguments)


def test_both_clients_have_the_same_surface() -> None:
    """Name, arguments, defaults and types are the same, but for what blocking means."""
    wanted = {RENAMED.get(name, name): as_blocking(s) for name, s in surface(AsyncClient).items()}
    blocking = {name: str(s) for name, s in surface(Client).items() if name not in ASYNC_WITH}
    assert blocking == wanted
    assert len(wanted) > 12
    get_type_hints(Client.submit)


def test_both_clients_have_the_same_properties() -> None:
    """What is no method is the same too."""
    properties = [
        {name for name, _ in inspect.getmembers(kind, lambda member: isinstance(member, property))}
        for kind in (AsyncClient, Client)
    ]
    assert properties == [{"database", "uid"}] * 2


def test_async_with_gives_the_asynchronous_client() -> None:
    """One name serves both kinds of code; no thread is started for the asynchronous one."""
    odoo = FakeOdoo()

    async def submit() -> int:
        async with blocking_client(odoo) as client:
            assert isinstance(client, AsyncClient)
            return (await client.submit(creates(1))).id

    assert asyncio.run(submit()) == 1
    assert "odoo-batch-job" not in {thread.name for thread in threading.enumerate()}


def test_submit_watch_and_results_without_asyncio() -> None:
    """A whole round works, lost response included."""
    odoo = FakeOdoo(lose_response)
    odoo.states = ["running", "done"]
    odoo.outcomes = [outcome(index) for index in range(1200)]
    with blocking_client(odoo) as client:
        job = client.submit(creates(2))
        states = [status.state for status in client.watch(job.id)]
        results = list(client.results(job.id))
    assert (len(odoo.jobs), states) == (1, ["running", "done"])
    assert [result.index for result in results] == list(range(1200))


@pytest.mark.parametrize("verb", ["start", "pause", "resume", "retry", "cancel", "status"])
def test_each_verb_reaches_the_server(verb: str) -> None:
    """No method of the facade calls another one."""
    odoo = FakeOdoo()
    with blocking_client(odoo) as client:
        client.submit(creates(1), start=verb != "start")
        getattr(client, verb)(1)
    assert odoo.requests[-1][0] == f"batch.job/{verb}"


def test_operations_are_read_in_the_calling_thread() -> None:
    """A database cursor that insists on its thread can be the source of a job."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE partner (name TEXT)")
    connection.executemany("INSERT INTO partner VALUES (?)", [(f"P{n}",) for n in range(250)])
    odoo = FakeOdoo()
    with blocking_client(odoo, part_bytes=2000) as client:
        client.submit(
            {"op": "create", "model": "res.partner", "values": {"name": name}}
            for (name,) in connection.execute("SELECT name FROM partner")
        )
    connection.close()
    names = [operation["values"]["name"] for operation in odoo.jobs[0].operations]
    assert names == [f"P{number}" for number in range(250)]


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt])
def test_error_of_the_caller_s_iterator_comes_back_as_it_is(kind: type[BaseException]) -> None:
    """What the source of operations raises, the caller sees; nothing hangs."""

    def operations() -> Iterator[dict[str, Any]]:
        yield from creates(1)
        raise kind("no more")

    with blocking_client(FakeOdoo()) as client:
        with pytest.raises(kind, match="no more"):
            client.submit(operations())
        assert client.submit(creates(1)).id == 1


def test_errors_are_those_of_the_asynchronous_client() -> None:
    """Errors cross the thread as they are."""
    with blocking_client(FakeOdoo()) as client:
        with pytest.raises(NotFoundError, match=r"res\.nobody"):
            client.call("res.nobody", "search")
        with pytest.raises(InvalidOperationError):
            client.submit([*creates(150), {"values": object()}])


def test_client_works_inside_a_running_event_loop() -> None:
    """As in a notebook."""

    async def notebook() -> int:
        with blocking_client(FakeOdoo()) as client:
            return client.submit(creates(1)).id

    assert asyncio.run(notebook()) == 1


def test_stopping_to_watch_leaves_a_client_that_works() -> None:
    """A loop over watch() may be left at any time."""
    odoo = FakeOdoo()
    odoo.states = ["queued", "running", "done"]
    with blocking_client(odoo) as client:
        client.submit(creates(1))
        watching = client.watch(1)
        assert next(watching).state == "queued"
        watching.close()
        assert client.status(1).state == "running"


def test_words_are_those_of_blocking_code() -> None:
    """What is told to do can be done: there is nothing to await."""
    refused = pytest.raises(AuthenticationError, match="or call login")
    with Client("localhost") as client, refused as caught:
        client.status(1)
    said = [str(caught.value), *(inspect.getdoc(member) or "" for member in vars(Client).values())]
    assert [text for text in said if "await " in text] == []


def test_closing_ends_the_thread() -> None:
    """Nothing runs on after the with block."""
    with blocking_client(FakeOdoo()) as client:
        client.submit(creates(1))
        assert "odoo-batch-job" in {thread.name for thread in threading.enumerate()}
    assert "odoo-batch-job" not in {thread.name for thread in threading.enumerate()}
