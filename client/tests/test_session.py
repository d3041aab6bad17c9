"""Password log-in: a session, taken up again when it has expired."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from fake_odoo import FakeClock, FakeOdoo, Fault, lose_response, time_out
from helpers import creates
from odoo_batch_job import (
    AccessDeniedError,
    AsyncClient,
    AuthenticationError,
    InvalidRequestError,
    NotFoundError,
    ServerError,
    UnexpectedReplyError,
)

pytestmark = pytest.mark.anyio

KEY = "0123456789abcdef0123456789abcdef01234567"


class SessionOdoo(FakeOdoo):
    """The fake server over /web/session and /web/dataset."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.info: Any = {"uid": 2}
        self.logins: list[Any] = []
        self.errors: list[Any] = []
        self.keys: list[str] = []

    def _serve(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/json/2/"):
            key = request.headers["Authorization"].removeprefix("bearer ")
            return super()._serve(request) if key in self.keys else httpx.Response(401, json={})
        params = json.loads(request.content)["params"]
        if request.url.path == "/web/session/authenticate":
            self.logins.append(params)
            return self._answer(self.info)
        model, method, kwargs = params["model"], params["method"], params["kwargs"]
        self.requests.append((f"{model}/{method}", params))
        if self.errors:
            return httpx.Response(200, json={"error": self.errors.pop(0)})
        named = {**kwargs, **({"ids": params["args"][0]} if params["args"] else {})}
        known = self.answers.get(f"{model}/{method}")
        return self._answer(known if known is not None else getattr(self, f"_{method}")(**named))

    @staticmethod
    def _answer(result: Any) -> httpx.Response:
        if isinstance(result, dict) and "code" in result:
            return httpx.Response(200, json={"jsonrpc": "2.0", "error": result})
        return httpx.Response(200, json={"jsonrpc": "2.0", "result": result})


def error(name: str, message: str = "no", code: int = 0) -> dict[str, Any]:
    """Return an error object of JSON-RPC."""
    return {
        "code": code,
        "message": "Odoo Server Error",
        "data": {"name": name, "message": message},
    }


def connect(odoo: SessionOdoo, **more: Any) -> AsyncClient:
    """Return a client that has yet to log in."""
    return AsyncClient("localhost", port=8069, transport=odoo.transport, clock=FakeClock(), **more)


async def test_login_and_submit_in_parts() -> None:
    """A job goes over the session as it goes over JSON-2; ids come first, by position."""
    odoo = SessionOdoo()
    async with connect(odoo, part_bytes=250) as client:
        await client.login("demo", "admin", "secret")
        assert (client.database, client.uid) == ("demo", 2)
        job = await client.submit(creates(10))
    assert odoo.logins == [{"db": "demo", "login": "admin", "password": "secret"}]
    assert odoo.jobs[0].operations == creates(10)
    assert job.state == "queued"
    assert odoo.requests[-1] == (
        "batch.job/start",
        {"model": "batch.job", "method": "start", "args": [[1]], "kwargs": {"only_draft": True}},
    )


@pytest.mark.parametrize("fault", [lose_response, time_out])
async def test_lost_responses_are_asked_for_again(fault: Fault) -> None:
    """One job, log-in included."""
    odoo = SessionOdoo(fault, lambda request, serve: serve(), fault)
    async with connect(odoo) as client:
        await client.login("demo", "admin", "secret")
        await client.submit(creates(3))
    assert len(odoo.jobs) == 1


async def test_two_factor_account_is_told_to_use_a_key() -> None:
    """Odoo answers a right password with nobody."""
    odoo = SessionOdoo()
    odoo.info = {"uid": None}
    async with connect(odoo) as client:
        with pytest.raises(AuthenticationError, match="API key") as caught:
            await client.login("demo", "admin", "secret")
    assert "secret" not in str(caught.value)


async def test_wrong_password_lets_nobody_in() -> None:
    """A wrong password raises with Odoo's own words, and no call works after it."""
    odoo = SessionOdoo()
    odoo.info = error("odoo.exceptions.AccessDenied", "Access Denied")
    async with connect(odoo) as client:
        with pytest.raises(AuthenticationError, match="Access Denied"):
            await client.login("demo", "admin", "wrong")
        with pytest.raises(AuthenticationError, match="not logged in"):
            await client.status(1)


async def test_expired_session_is_begun_again() -> None:
    """A job that is watched over night goes on being watched."""
    odoo = SessionOdoo()
    async with connect(odoo) as client:
        await client.login("demo", "admin", "secret")
        await client.submit(creates(1))
        odoo.errors = [error("odoo.http.SessionExpiredException", code=100)]
        assert (await client.status(1)).id == 1
    assert len(odoo.logins) == 2


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("odoo.exceptions.UserError", InvalidRequestError),
        ("odoo.exceptions.AccessError", AccessDeniedError),
        ("odoo.exceptions.MissingError", NotFoundError),
        ("builtins.ValueError", ServerError),
    ],
)
async def test_class_of_the_error_says_what_json2_says_by_a_status(name: str, kind: Any) -> None:
    """The same errors either way, with index and words."""
    odoo = SessionOdoo()
    odoo.errors = [error(name, "Operation 7: no")]
    async with connect(odoo) as client:
        await client.login("demo", "admin", "secret")
        with pytest.raises(kind, match="Operation 7: no") as caught:
            await client.status(1)
    assert type(caught.value) is kind
    assert caught.value.index == 7


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("builtins.AttributeError", "The method 'batch.job.fly' does not exist"),
        ("odoo.exceptions.UserError", "Object batch.jobs doesn't exist"),
    ],
)
async def test_what_does_not_exist_is_one_error(name: str, message: str) -> None:
    """An unknown method or model is a NotFoundError in Odoo's words, as it is with an API key."""
    odoo = SessionOdoo()
    odoo.errors = [error(name, message)]
    async with connect(odoo) as client:
        await client.login("demo", "admin", "secret")
        with pytest.raises(NotFoundError) as caught:
            await client.status(1)
    assert (caught.value.status, str(caught.value)) == (404, message)


async def test_a_busy_server_is_asked_again() -> None:
    """A call that the server had no capacity for is sent again: it was not carried out."""
    odoo = SessionOdoo()
    busy = error("odoo.addons.batch_job.execution.worker.second_connection.TooBusy", "later")
    odoo.errors = [busy, busy]
    odoo.answers["res.partner/create"] = [7]
    async with connect(odoo) as client:
        await client.login("demo", "admin", "secret")
        assert await client.call("res.partner", "create", {"vals_list": [{}]}) == [7]
    assert len(odoo.requests) == 3


async def test_a_server_without_room_is_waited_for() -> None:
    """Without headers, the error itself says when to come again, and that room may take long."""
    odoo, clock = SessionOdoo(), FakeClock()
    full = error("odoo.addons.batch_job.execution.worker.second_connection.TooBusy", "No room.")
    full["data"]["context"] = {"retry_after": 5, "no_room": True}
    odoo.errors = [full] * 100
    async with AsyncClient("localhost", 8069, transport=odoo.transport, clock=clock) as client:
        await client.login("demo", "admin", "secret")
        await client.submit(creates(1))
    assert (len(odoo.jobs), min(clock.sleeps)) == (1, 5)
    assert clock.time > 500


async def test_answer_of_another_site_is_named() -> None:
    """A page of a proxy is no session."""
    odoo = SessionOdoo(lambda request, serve: httpx.Response(200, text="<html>hello</html>"))
    async with connect(odoo) as client:
        with pytest.raises(UnexpectedReplyError, match="<html>hello"):
            await client.login("demo", "admin", "secret")


async def test_api_key_in_place_of_the_password_uses_json2() -> None:
    """No session is begun for what is a key."""
    odoo = SessionOdoo()
    odoo.keys = [KEY]
    odoo.answers["res.users/context_get"] = {"uid": 6}
    async with connect(odoo) as client:
        await client.login("demo", "admin", KEY)
        assert (client.uid, odoo.logins) == (6, [])
        await client.submit(creates(1))
    assert odoo.headers[-1]["X-Odoo-Database"] == "demo"


async def test_password_that_looks_like_a_key_is_tried_as_a_password() -> None:
    """Forty hexadecimal digits may be a password after all."""
    odoo = SessionOdoo()
    async with connect(odoo) as client:
        await client.login("demo", "admin", KEY)
        assert (client.uid, len(odoo.logins)) == (2, 1)


@pytest.mark.parametrize(
    ("call", "args", "kwargs"),
    [
        (("search_read", [[]], {"fields": ["id"]}), [], {"domain": [], "fields": ["id"]}),
        (("write", [[7], {"a": 1}]), [[7]], {"vals": {"a": 1}}),
        (("read", [7, ["name"]]), [[7]], {"fields": ["name"]}),
        (("create", [[{"a": 1}]]), [[{"a": 1}]], {}),
        (("action_confirm", [[7]], {"context": {}}), [[7]], {"context": {}}),
    ],
)
async def test_execute_kw_by_position(call: Any, args: Any, kwargs: Any) -> None:
    """The calls that users of older clients know arrive as they mean them."""
    odoo = SessionOdoo()
    odoo.answers[f"m/{call[0]}"] = [1]
    async with connect(odoo) as client:
        await client.login("demo", "admin", "secret")
        assert await client.execute_kw("m", *call) == [1]
        assert (odoo.requests[-1][1]["args"], odoo.requests[-1][1]["kwargs"]) == (args, kwargs)
        with pytest.raises(TypeError, match="by name"):
            await client.execute_kw("m", "action_confirm", [[7], True])
