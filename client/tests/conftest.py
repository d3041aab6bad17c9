"""Fixtures: one event loop on asyncio for each test, a command line on a fake server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fake_odoo import FakeOdoo, status
from http_odoo import served
from odoo_batch_job._cli import main


@pytest.fixture
def anyio_backend() -> str:
    """Run tests marked ``anyio`` on asyncio; httpx brings the plugin."""
    return "asyncio"


KEY = "0123456789abcdef"
Run = Callable[..., Result]
FIELDS = {
    "res.partner/fields_get": {
        name: {"type": kind}
        for name, kind in {
            "name": "char",
            "active": "boolean",
            "color": "integer",
            "credit_limit": "float",
            "category_id": "many2many",
            "ref": "char",
            "country_id": "many2one",
            "child_ids": "one2many",
        }.items()
    },
    "m/fields_get": {},
}


class QuickOdoo(FakeOdoo):
    """A server where a job is done when nothing else is said."""

    def _status(self, ids: list[int]) -> dict[str, Any]:
        if ids[0] > len(self.jobs):
            return status(id=ids[0], state="done", remaining=0)
        if self.jobs[ids[0] - 1].state not in ("draft", "cancelled"):
            self.states = self.states or ["done"]
        return super()._status(ids)


@pytest.fixture
def odoo() -> FakeOdoo:
    """Return a server where a job is done at the first look."""
    fake = QuickOdoo()
    fake.answers |= FIELDS
    return fake


@pytest.fixture
def run(odoo: FakeOdoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run the command line against the fake server, in an empty home."""
    monkeypatch.chdir(tmp_path)
    for variable in ("ODOO_DB", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with served(odoo) as url:
        monkeypatch.setenv("ODOO_URL", url)
        monkeypatch.setenv("ODOO_API_KEY", KEY)

        def invoke(*arguments: str, text: str | None = None) -> Result:
            return CliRunner().invoke(main, arguments, input=text)

        yield invoke
