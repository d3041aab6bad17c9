"""The transport: what is sent, what is sent again, and what an error becomes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from fake_odoo import (
    FakeClock,
    FakeOdoo,
    Fault,
    answer,
    lose_response,
    odoo_error,
    refuse_connection,
    reply,
    status,
    time_out,
    work,
)
from helpers import async_client, creates
from odoo_batch_job import (
    AccessDeniedError,
    AsyncClient,
    AuthenticationError,
    ConflictError,
    ConnectionFailedError,
    InvalidRequestError,
    NotFoundError,
    RateLimitedError,
    ResponseError,
    Retry,
    ServerError,
    UnexpectedReplyError,
)
from odoo_batch_job._http import server_url

pytestmark = pytest.mark.anyio


async def test_request_carries_key_database_and_named_arguments() -> None:
    """A call is one POST with a bearer key, the database's name and a JSON object."""
    odoo = FakeOdoo()
    async with async_client(odoo) as client:
        await client.submit(creates(1), name="Ça va")
        await client.pause(1)
    assert [path for path, _ in odoo.requests] == ["batch.job/submit", "batch.job/pause"]
    assert odoo.requests[1][1] == {"ids": [1]}
    assert odoo.headers[0]["Authorization"] == "bearer secret"
    assert odoo.headers[0]["X-Odoo-Database"] == "demo"
    assert odoo.headers[0]["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (400, InvalidRequestError),
        (401, AuthenticationError),
        (403, AccessDeniedError),
        (404, NotFoundError),
        (409, ConflictError),
        (413, InvalidRequestError),
        (422, InvalidRequestError),
        (500, ServerError),
    ],
)
async def test_error_status_becomes_its_class(code: int, kind: type[ResponseError]) -> None:
    """Each status has one exception class, with Odoo's words, and is not sent again."""
    odoo = FakeOdoo(reply(odoo_error(code, "Operation 17: no such field", debug="Traceback")))
    async with async_client(odoo) as client:
        with pytest.raises(ResponseError) as caught:
            await client.submit(creates(1))
    error = caught.value
    assert type(error) is kind
    assert (error.status, error.index, error.debug) == (code, 17, "Traceback")
    assert error.message.endswith("Operation 17: no such field")
    assert "Traceback" not in str(error)
    assert odoo.requests == []


async def test_operation_index_comes_from_the_context_of_the_error() -> None:
    """The index that Odoo gives as data counts more than a number in a sentence."""
    response = odoo_error(422, "operation 3 of part 2 is wrong", context={"index": 1203})
    async with async_client(FakeOdoo(reply(response))) as client:
        with pytest.raises(InvalidRequestError) as caught:
            await client.submit(creates(1))
    assert caught.value.index == 1203


async def test_error_without_an_operation_has_no_index() -> None:
    """A number that names no operation is no index."""
    async with async_client(FakeOdoo(reply(odoo_error(404, "no job 12")))) as client:
        with pytest.raises(NotFoundError) as caught:
            await client.status(12)
    assert caught.value.index is None


FAULTS: list[Fault] = [
    refuse_connection,
    lose_response,
    time_out,
    answer(429),
    answer(502, carried_out=True),
    answer(503),
    answer(504, carried_out=True),
]


@pytest.mark.parametrize("fault", FAULTS)
async def test_submission_is_repeated_with_the_same_key_and_makes_one_job(fault: Fault) -> None:
    """Whatever the network does, a submission is one job."""
    odoo = FakeOdoo(fault, fault)
    async with async_client(odoo) as client:
        job = await client.submit(creates(3))
    assert job.id == 1
    assert len(odoo.jobs) == 1
    assert len({body["idempotency_key"] for _, body in odoo.requests}) == 1
    assert len(odoo.requests[0][1]["idempotency_key"]) == 32


async def test_two_submissions_have_two_keys() -> None:
    """The same operations submitted twice on purpose are two jobs."""
    odoo = FakeOdoo()
    async with async_client(odoo) as client:
        await client.submit(creates(1))
        await client.submit(creates(1))
    assert len(odoo.jobs) == 2


@pytest.mark.parametrize("fault", FAULTS)
async def test_unrepeatable_call_is_sent_again_only_if_not_carried_out(fault: Fault) -> None:
    """A call of any method is not repeated once it may have had its effect."""
    odoo = FakeOdoo(fault)
    odoo.answers["res.partner/create"] = [1]
    async with async_client(odoo) as client:
        if fault in (refuse_connection, FAULTS[3]):
            assert await client.call("res.partner", "create", {"vals_list": []}) == [1]
        else:
            with pytest.raises((ConnectionFailedError, ServerError)):
                await client.call("res.partner", "create", {"vals_list": []})
    assert len(odoo.requests) <= 1


async def test_resume_with_skip_is_not_repeated_after_a_lost_response() -> None:
    """A second resume(skip) could skip the next failure, which nobody has seen."""
    odoo = FakeOdoo(work, lose_response)
    async with async_client(odoo) as client:
        job = await client.submit(creates(1))
        with pytest.raises(ConnectionFailedError):
            await client.resume(job.id, skip=True)
    assert [path for path, _ in odoo.requests] == ["batch.job/submit", "batch.job/resume"]


async def test_waits_double_up_to_a_limit_and_are_shortened_at_random() -> None:
    """The schedule in the docstring of Retry is the one that runs."""
    clock = FakeClock()
    async with async_client(FakeOdoo(work, *[answer(503)] * 8), clock) as client:
        await client.submit(creates(1))
        await client.status(1)
    for slept, wait in zip(clock.sleeps, [0.25, 0.5, 1, 2, 4, 8, 8, 8], strict=True):
        assert wait / 2 <= slept <= wait


async def test_patience_ends_with_the_last_answer() -> None:
    """When patience is over, the error of the last attempt is raised."""
    clock = FakeClock()
    odoo = FakeOdoo(*[answer(503)] * 1000)
    async with async_client(odoo, clock, retry=Retry(patience=30)) as client:
        with pytest.raises(ServerError) as caught:
            await client.status(1)
    assert caught.value.status == 503
    assert 20 < clock.time <= 30


async def test_wrong_address_shows_soon() -> None:
    """Before the server has answered once, nobody waits minutes for it."""
    clock = FakeClock()
    async with async_client(FakeOdoo(*[refuse_connection] * 1000), clock) as client:
        with pytest.raises(ConnectionFailedError, match="Connection refused"):
            await client.status(1)
    assert clock.time <= Retry().first_contact


async def test_restart_of_the_server_is_waited_out() -> None:
    """A server that answered before may be away for a minute."""
    clock = FakeClock()
    async with async_client(FakeOdoo(work, *[refuse_connection] * 12), clock) as client:
        await client.submit(creates(1))
        assert (await client.status(1)).id == 1
    assert clock.time > 30


async def test_retry_after_is_respected() -> None:
    """A server that says when to come back is not asked before."""
    clock = FakeClock()
    odoo = FakeOdoo(reply(httpx.Response(429, headers={"Retry-After": "7"})))
    async with async_client(odoo, clock) as client:
        await client.submit(creates(1))
    assert clock.sleeps == [7.0]


async def test_rate_limit_that_stays_is_its_own_error() -> None:
    """After every retry, 429 is told apart from a wrong request."""
    async with async_client(FakeOdoo(*[answer(429)] * 1000)) as client:
        with pytest.raises(RateLimitedError):
            await client.status(1)


@pytest.mark.parametrize(
    ("response", "hint"),
    [
        (httpx.Response(301, headers={"Location": "https://odoo.test/"}), "redirects to https"),
        (httpx.Response(200, text="<html>login</html>"), "<html>login"),
        (httpx.Response(200, json={"jsonrpc": "2.0"}), "job's status"),
        (httpx.Response(200, json=[1]), "job's status"),
    ],
)
async def test_answer_of_another_site_is_named_as_such(response: httpx.Response, hint: str) -> None:
    """What is no JSON-2 answer says what it is instead."""
    async with async_client(FakeOdoo(reply(response))) as client:
        with pytest.raises(UnexpectedReplyError, match=hint):
            await client.status(1)


async def test_null_is_an_answer() -> None:
    """A method that returns nothing answers null."""
    async with async_client(FakeOdoo(reply(httpx.Response(200, text="null")))) as client:
        assert await client.call("res.partner", "action_nothing") is None


async def test_error_page_of_a_proxy_keeps_its_status() -> None:
    """A refusal that is not Odoo's still is a refusal of its kind."""
    async with async_client(FakeOdoo(answer(413))) as client:
        with pytest.raises(InvalidRequestError, match="413 Request Entity Too Large") as caught:
            await client.status(1)
    assert caught.value.status == 413


async def test_unknown_database_is_hinted_at() -> None:
    """Odoo answers a wrong database name with a bare page."""
    async with async_client(FakeOdoo(answer(404))) as client:
        with pytest.raises(NotFoundError, match="are URL and database right"):
            await client.status(1)


@pytest.mark.parametrize(
    ("arguments", "url"),
    [
        (("https://a.test/erp/",), "https://a.test/erp/"),
        (("http://a.test:8069",), "http://a.test:8069/"),
        (("http://a.test", 8070), "http://a.test:8070/"),
        (("localhost", 8069), "http://localhost:8069/"),
        (("127.0.0.1:8069",), "http://127.0.0.1:8069/"),
        (("a.test",), "https://a.test/"),
        (("a.test", 8069), "https://a.test:8069/"),
        (("a.test", 8069, "http"), "http://a.test:8069/"),
        (("http://[::1]:8069",), "http://[::1]:8069/"),
    ],
)
def test_host_or_url(arguments: tuple[Any, ...], url: str) -> None:
    """Only to this machine does a key travel in the clear without being told to."""
    assert server_url(*(*arguments, None, None)[:3]) == url


@pytest.mark.parametrize("url", ["ftp://a.test", "https://", ""])
def test_what_is_no_url_is_refused(url: str) -> None:
    """A wrong URL shows before anything is sent."""
    with pytest.raises(ValueError, match="https://"):
        AsyncClient(url, api_key="secret")


async def test_key_is_in_no_message_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """The API key is never echoed."""
    caplog.set_level(0)
    odoo = FakeOdoo(lose_response, reply(odoo_error(401, "Invalid apikey")))
    async with async_client(odoo) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.submit(creates(1))
    assert "batch.job/submit: Connection reset by peer; trying again" in caplog.text
    assert "secret" not in caplog.text + repr(caught.value) + repr(client)


async def test_path_of_the_url_is_kept() -> None:
    """A server behind a path of a proxy is reached there."""
    seen: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200, json=status())

    transport = httpx.MockTransport(handle)
    async with AsyncClient("https://a.test/erp/", api_key="k", transport=transport) as client:
        await client.status(1)
    assert seen == ["https://a.test/erp/json/2/batch.job/status"]
