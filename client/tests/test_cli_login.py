"""The command line: login, profiles, and where the key goes."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from conftest import KEY, Run
from fake_odoo import FakeOdoo, odoo_error, reply
from odoo_batch_job._cli._settings import Settings


def test_login_keeps_the_key_for_its_owner_only(
    run: Run, odoo: FakeOdoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file has mode 600 and is used; the key is never shown."""
    odoo.answers["res.users/context_get"] = {"uid": 2}
    odoo.answers["res.users/read"] = [{"login": "admin"}]
    url = os.environ["ODOO_URL"]
    monkeypatch.delenv("ODOO_API_KEY")
    result = run("login", text=f"\n{KEY}\n")
    assert result.exit_code == 0, result.output
    assert "Logged in as admin" in result.output
    path = Path(".config/odoo-batch/default.json")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()) == {"url": url, "database": None, "api_key": KEY}
    monkeypatch.delenv("ODOO_URL")
    Path("a.jsonl").write_text("{}\n")
    again = run("submit", "a.jsonl", "--model", "m")
    assert again.exit_code == 0
    path.chmod(0o640)
    refused = run("status", "1")
    assert (refused.exit_code, "chmod 600" in refused.output) == (2, True)
    assert KEY not in result.output + again.output + refused.output


def test_key_of_a_profile_goes_to_its_own_server_only(
    run: Run, odoo: FakeOdoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another --url does not get it."""
    path = Path(".config/odoo-batch/default.json")
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"url": "https://erp.test", "api_key": KEY}))
    path.chmod(0o600)
    monkeypatch.delenv("ODOO_API_KEY")
    result = run("status", "1")
    assert result.exit_code == 2
    assert "no API key for" in result.output
    assert odoo.requests == []


@pytest.mark.parametrize(
    ("names", "there"),
    [([], "has none yet."), (["staging", "default"], "are default, staging.")],
)
def test_unknown_profile_is_named_with_those_there_are(
    run: Run, odoo: FakeOdoo, monkeypatch: pytest.MonkeyPatch, names: list[str], there: str
) -> None:
    """A name that was mistyped is no other server, also where the environment has one."""
    for name in names:
        keep_profile(name, os.environ["ODOO_URL"])
    for _ in range(2):
        result = run("status", "1", "--profile", "stagign")
        assert result.exit_code == 2
        assert "Error: there is no profile stagign: " in result.output
        assert f"{Path.home()}/.config/odoo-batch {there} Make it with" in result.output
        monkeypatch.delenv("ODOO_URL", raising=False)
    assert odoo.requests == []


def test_profile_for_another_server_than_the_environment(
    run: Run, odoo: FakeOdoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who names a profile means its server: none of the two is taken by a guess."""
    keep_profile("staging", "https://staging.test")
    result = run("status", "1", "--profile", "staging")
    assert (result.exit_code, odoo.requests) == (2, [])
    said = (
        f"staging is for https://staging.test, and --url or ODOO_URL says {os.environ['ODOO_URL']}"
    )
    assert said in result.output
    keep_profile("staging", os.environ["ODOO_URL"] + "/")
    assert run("status", "1", "--profile", "staging").exit_code == 0
    monkeypatch.delenv("ODOO_URL")
    assert run("status", "1", "--profile", "staging").exit_code == 0


def keep_profile(name: str, url: str) -> None:
    """Write a profile as `login` does."""
    path = Path(f".config/odoo-batch/{name}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"url": url, "api_key": KEY}))
    path.chmod(0o600)


def test_wrong_key_is_not_kept(run: Run, odoo: FakeOdoo) -> None:
    """Exit code 5, no file."""
    odoo.faults = iter([reply(odoo_error(401, "Invalid apikey"))])
    assert run("login", text="\n").exit_code == 5
    assert not Path(".config").exists()


def test_key_is_in_no_representation() -> None:
    """Not even a debugger's."""
    assert KEY not in repr(Settings("https://a.test", "demo", KEY))
