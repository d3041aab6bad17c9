"""The command line: files to operations, exit codes, where it finds the server."""

from __future__ import annotations

import json
import os
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fake_odoo import FakeOdoo, odoo_error, outcome, reply, work
from http_odoo import served
from odoo_batch_job._cli import main
from odoo_batch_job._cli._operations_of import cell, row_of, typed
from odoo_batch_job._cli._settings import Settings
from odoo_batch_job._cli._show import duration

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
        }.items()
    }
}


class QuickOdoo(FakeOdoo):
    """A server where a job is done when nothing else is said."""

    def _status(self, ids: list[int]) -> dict[str, Any]:
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


CSV = 'name,active,color,category_id,ref\nAcme,true,3,"[[6, 0, [1]]]",A-1\nBolt,no,x,,\n'


@pytest.mark.parametrize(
    ("options", "bodies"),
    [
        (
            ["--op", "load"],
            [
                {
                    "fields": ["name", "active", "color", "category_id", "ref"],
                    "row": ["Acme", "true", "3", "[[6, 0, [1]]]", "A-1"],
                },
                {
                    "fields": ["name", "active", "color", "category_id", "ref"],
                    "row": ["Bolt", "no", "x", "", ""],
                },
            ],
        ),
        (
            ["--op", "create"],
            [
                {
                    "values": {"name": "Acme", "active": True, "color": 3, "ref": "A-1"}
                    | {"category_id": [[6, 0, [1]]]}
                },
                {"values": {"name": "Bolt", "active": False, "color": "x"}},
            ],
        ),
        (
            ["--op", "upsert", "--key", "name"],
            [
                {
                    "key": ["name"],
                    "values": {"name": "Acme", "active": True, "color": 3, "ref": "A-1"}
                    | {"category_id": [[6, 0, [1]]]},
                },
                {"key": ["name"], "values": {"name": "Bolt", "active": False, "color": "x"}},
            ],
        ),
    ],
)
def test_rows_of_csv_become_operations(
    run: Run, odoo: FakeOdoo, options: list[str], bodies: Any
) -> None:
    """Texts become what the fields take; what does not look right stays for Odoo to refuse."""
    Path("rows.csv").write_text(CSV)
    result = run("submit", "rows.csv", "--model", "res.partner", *options)
    assert result.exit_code == 0, result.output
    op = {"op": options[1], "model": "res.partner"}
    assert odoo.jobs[0].operations == [{**op, **body} for body in bodies]
    assert result.output.splitlines()[0] == "Job 1  http://odoo.test/odoo/batch-jobs/1"


def test_load_is_what_becomes_of_csv(run: Run, odoo: FakeOdoo) -> None:
    """Without --op a CSV file is imported as Odoo would, whatever its delimiter; from stdin too."""
    text = '\ufeffid;name\n\nmy.a;"Two\nlines"\n'
    assert run("submit", "-", "--model", "res.partner", text=text).exit_code == 0
    assert odoo.jobs[0].operations == [
        {
            "op": "load",
            "model": "res.partner",
            "fields": ["id", "name"],
            "row": ["my.a", "Two\nlines"],
        }
    ]


def test_write_and_unlink_take_the_id_column(run: Run, odoo: FakeOdoo) -> None:
    """An empty cell of a write clears the field."""
    Path("rows.csv").write_text("id,name,ref\n7,Acme,\n")
    run("submit", "rows.csv", "--model", "res.partner", "--op", "write")
    run("submit", "rows.csv", "--model", "res.partner", "--op", "unlink")
    written, removed = (job.operations for job in odoo.jobs)
    values = {"name": "Acme", "ref": False}
    assert written == [{"op": "write", "model": "res.partner", "ids": [7], "values": values}]
    assert removed == [{"op": "unlink", "model": "res.partner", "ids": [7]}]


def test_json_lines_are_rows_or_operations(run: Run, odoo: FakeOdoo) -> None:
    """A line with “op” is an operation as it is; columns of an earlier result are left out."""
    lines = [
        {"name": "Acme", "color": 3, "__index": 4, "__error": "why"},
        {"op": "unlink", "model": "res.users", "ids": [9]},
    ]
    Path("rows.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    assert run("submit", "rows.jsonl", "--model", "res.partner").exit_code == 0
    assert odoo.jobs[0].operations == [
        {"op": "create", "model": "res.partner", "values": {"name": "Acme", "color": 3}},
        lines[1],
    ]


@pytest.mark.parametrize(
    ("name", "text", "options", "reason"),
    [
        ("a.csv", "name\nA,B\n", [], "a.csv, line 2: the row has 2 cells, the header 1"),
        ("a.csv", "", [], "a.csv is empty"),
        ("a.csv", "name,,ref\n", [], "column 2 has no name"),
        ("a.csv", "name,name\n", [], "column name is there twice"),
        ("a.csv", 'name\n"A\n', [], "line 2: unexpected end of data"),
        ("a.csv", "name\nA\n", ["--op", "write"], "line 2: the column “id” is missing"),
        ("a.csv", "id\nx\n", ["--op", "unlink"], "line 2: the column “id” holds 'x'"),
        ("a.csv", "name\nA\n", ["--op", "upsert"], "line 2: give --key FIELD"),
        ("a.jsonl", "{}\n{", [], "a.jsonl, line 2: not JSON"),
        ("a.jsonl", "{}\n[]", [], "a.jsonl, line 2: a line is an object"),
        ("a.csv", b"name\n\xe9\n", [], "a.csv is not UTF-8"),
    ],
)
def test_bad_input_is_named_with_its_line(
    run: Run, odoo: FakeOdoo, name: str, text: Any, options: list[str], reason: str
) -> None:
    """Exit code 2, and nothing is submitted."""
    Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
    result = run("submit", name, "--model", "res.partner", *options)
    assert result.exit_code == 2
    assert reason in result.output
    assert odoo.jobs == []


def test_bad_usage(run: Run) -> None:
    """Exit code 2 for what the command line does not know."""
    Path("a.jsonl").write_text("{}\n")
    assert "which model" in run("submit", "a.jsonl").output
    for arguments in (["submit", "none.csv"], ["watch"], ["watch", "1", "--last"], ["no"]):
        assert run(*arguments).exit_code == 2
    assert run("status", "--last").exit_code == 2


@pytest.mark.parametrize(
    ("state", "code"), [("done", 0), ("partial", 1), ("failed", 3), ("cancelled", 3), ("paused", 4)]
)
def test_exit_code_says_how_the_job_ended(run: Run, odoo: FakeOdoo, state: str, code: int) -> None:
    """A script knows without reading."""
    Path("a.jsonl").write_text("{}\n")
    odoo.states = ["running", state]
    assert run("submit", "a.jsonl", "--model", "m").exit_code == code
    odoo.states = [state]
    assert run("watch", "--last").exit_code == code


@pytest.mark.parametrize(("status", "code"), [(401, 5), (403, 5), (404, 2), (422, 2), (500, 3)])
def test_exit_code_of_a_refusal(run: Run, odoo: FakeOdoo, status: int, code: int) -> None:
    """Odoo's words are shown; with --json as JSON, with the operation's index."""
    odoo.faults = iter([reply(odoo_error(status, "Operation 3: no"))] * 2)
    assert run("status", "1").exit_code == code
    result = run("status", "1", "--json")
    error = json.loads(result.output)
    assert error["error"].endswith("Operation 3: no")
    assert error["index"] == 3


def test_time_out_says_how_to_come_back(run: Run, odoo: FakeOdoo) -> None:
    """Exit code 4; the job goes on."""
    Path("a.jsonl").write_text("{}\n")
    odoo.states = ["running"] * 100
    result = run("submit", "a.jsonl", "--model", "m", "--timeout", "0.01")
    assert result.exit_code == 4
    assert "odoo-batch watch 1" in result.output


def test_no_wait_leaves_at_once_and_last_finds_the_job(run: Run, odoo: FakeOdoo) -> None:
    """The id is printed and kept."""
    Path("a.jsonl").write_text("{}\n")
    result = run("submit", "a.jsonl", "--model", "m", "--no-wait", "--json")
    assert json.loads(result.output)["id"] == 1
    assert odoo.requests[-1][0] == "batch.job/submit"
    odoo.states = ["queued"]
    assert json.loads(run("status", "--last", "--json").output)["state"] == "queued"
    for verb in ("pause", "resume", "retry", "cancel"):
        assert run(verb, "--last").exit_code == 0
        assert odoo.requests[-1] == (
            f"batch.job/{verb}",
            {"ids": [1]} | {"resume": {"skip": False}, "retry": {"cancelled": False}}.get(verb, {}),
        )


def test_results_as_lines(run: Run, odoo: FakeOdoo) -> None:
    """Tabs for people's tools, JSON for programs; --failed leaves out what is in."""
    failed = {"state": "failed", "ids": [], "error": {"type": "unique", "message": "Twice"}}
    rolled_back = {"state": "rolled_back", "ids": []}
    odoo.outcomes = [outcome(0), outcome(1, **failed), outcome(2, **rolled_back)]
    lines = run("results", "1").output.splitlines()
    assert lines[0] == "0\tdone\tcreate\tres.partner\t100\t"
    assert lines[1] == "1\tfailed\tcreate\tres.partner\t\tTwice"
    shown = [
        json.loads(line) for line in run("results", "1", "--failed", "--json").output.splitlines()
    ]
    assert [(one["index"], one["state"]) for one in shown] == [(1, "failed"), (2, "rolled_back")]
    assert shown[0]["error"] == {"type": "unique", "message": "Twice", "field": None}


def test_failed_rows_as_a_file_to_correct_and_submit_again(run: Run, odoo: FakeOdoo) -> None:
    """The original columns come back with index and reason, and are accepted as they are."""
    error = {"type": "bad_value", "message": "Color is, like, wrong"}
    odoo.outcomes = [outcome(0), outcome(1, state="failed", ids=[], error=error)]
    values = {"name": "Bolt", "active": True, "color": "x", "category_id": [[6, 0, [1]]]}
    odoo.answers["batch.job.operation/search_read"] = [
        {"index": 1, "ref": False, "payload_text": json.dumps({"values": values})}
    ]
    result = run("results", "1", "--failed", "-o", "failed.csv")
    assert "submit failed.csv --op create --model res.partner" in result.output
    assert Path("failed.csv").read_text().splitlines() == [
        "name,active,color,category_id,__index,__error",
        'Bolt,true,x,"[[6, 0, [1]]]",1,"Color is, like, wrong"',
    ]
    run("submit", "failed.csv", "--op", "create", "--model", "res.partner")
    assert odoo.jobs[0].operations == [{"op": "create", "model": "res.partner", "values": values}]


def test_operations_that_are_no_rows_go_to_json_lines(run: Run, odoo: FakeOdoo) -> None:
    """A call has no columns; as JSON Lines it comes back whole."""
    odoo.outcomes = [outcome(0, op="call", state="failed", ids=[])]
    payload = {"method": "go", "ids": [1], "args": [], "kwargs": {}}
    odoo.answers["batch.job.operation/search_read"] = [
        {"index": 0, "ref": "r", "payload_text": json.dumps(payload)}
    ]
    assert run("results", "1", "-o", "failed.csv").exit_code == 2
    run("results", "1", "--failed", "-o", "failed.jsonl")
    assert run("submit", "failed.jsonl").exit_code == 0
    assert odoo.jobs[0].operations == [
        {"op": "call", "model": "res.partner", "ref": "r", **payload}
    ]


@pytest.mark.parametrize(
    ("operation", "row"),
    [
        ({"op": "load", "fields": ["a"], "row": ["1"]}, {"a": "1"}),
        ({"op": "write", "ids": [3], "values": {"a": 1}}, {"id": 3, "a": 1}),
        ({"op": "write", "ids": [3, 4], "values": {}}, None),
        ({"op": "unlink", "ids": [3]}, {"id": 3}),
        ({"op": "upsert", "xml_id": "x", "values": {"a": 1}}, {"id": "x", "a": 1}),
        ({"op": "upsert", "key": ["a"], "values": {"a": 1}}, {"a": 1}),
        ({"op": "create", "values": [{}]}, None),
        ({"op": "create", "values": {}, "ref": "r"}, None),
        ({"op": "create", "values": {}, "context": {}}, None),
    ],
)
def test_row_of_an_operation(operation: dict[str, Any], row: Any) -> None:
    """What a row cannot say is not said by half."""
    assert row_of(operation) == row


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("char", "A"),
        ("char", False),
        ("integer", 3),
        ("integer", 0),
        ("float", 1.5),
        ("boolean", True),
        ("boolean", False),
        ("many2many", [[6, 0, [1]]]),
    ],
)
def test_cell_is_read_as_it_was_written(kind: str, value: Any) -> None:
    """A value survives the way through a CSV file."""
    assert typed(cell(value), kind) == value


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


def test_wrong_key_is_not_kept(run: Run, odoo: FakeOdoo) -> None:
    """Exit code 5, no file."""
    odoo.faults = iter([reply(odoo_error(401, "Invalid apikey"))])
    assert run("login", text="\n").exit_code == 5
    assert not Path(".config").exists()


def test_key_is_in_no_representation() -> None:
    """Not even a debugger's."""
    assert KEY not in repr(Settings("https://a.test", "demo", KEY))


def test_help_of_every_command(run: Run) -> None:
    """Each says what it does, and no key."""
    for name in main.commands:
        result = run(name, "--help")
        assert result.exit_code == 0
        assert KEY not in result.output
    verbs = {"cancel", "pause", "resume", "retry"}
    assert set(main.commands) == verbs | {"list", "login", "results", "status", "submit", "watch"}


def test_list(run: Run, odoo: FakeOdoo) -> None:
    """One job a line."""
    job = {"id": 3, "name": "J", "state": "done", "total": 2, "succeeded": 2, "failed": 0}
    odoo.answers["batch.job/search_read"] = [{**job, "skipped": 0, "progress": 100.0}]
    assert run("list", "--state", "done").output == "3\tJ\tdone\t2\t2\t0\t0\t100.0\n"
    assert odoo.requests[-1][1]["domain"] == [["state", "=", "done"]]
    assert json.loads(run("list", "--json").output)["name"] == "J"


def test_large_submission_prints_its_id_before_it_is_sent(run: Run, odoo: FakeOdoo) -> None:
    """A client killed on the way is found again; the draft that was refused is cancelled."""
    Path("a.jsonl").write_text((json.dumps({"name": "x" * 90_000}) + "\n") * 30)
    odoo.faults = iter([work, work, reply(odoo_error(422, "Operation 4: no"))])
    result = run("submit", "a.jsonl", "--model", "m")
    assert result.exit_code == 2
    assert result.output.splitlines() == [
        "Job 1  http://odoo.test/odoo/batch-jobs/1",
        "Error: Operation 4: no",
    ]
    assert odoo.jobs[0].state == "cancelled"


def interrupt(request: object, serve: Callable[[], Any]) -> Any:
    """Fault: Ctrl-C while the request is being carried out."""
    answer = serve()
    os.kill(os.getpid(), signal.SIGINT)
    return answer


def test_ctrl_c_while_sending_leaves_no_draft_behind(run: Run, odoo: FakeOdoo) -> None:
    """Half a submission is of no use, unless it can be continued under its key."""
    Path("a.jsonl").write_text((json.dumps({"name": "x" * 90_000}) + "\n") * 30)
    odoo.faults = iter([work, interrupt])
    result = run("submit", "a.jsonl", "--model", "m")
    assert result.exit_code == 130
    assert result.output.splitlines()[-1] == "Not all was sent; job 1 is cancelled."
    assert odoo.jobs[0].state == "cancelled"
    odoo.faults = iter([work, interrupt])
    result = run("submit", "a.jsonl", "--model", "m", "--idempotency-key", "nightly")
    assert result.exit_code == 130
    assert "Submit again with --idempotency-key nightly" in result.output
    assert odoo.jobs[1].state == "draft"
    assert run("submit", "a.jsonl", "--model", "m", "--idempotency-key", "nightly").exit_code == 0
    assert [len(job.operations) for job in odoo.jobs][1:] == [30]


def test_ctrl_c_while_watching_leaves_the_job(run: Run, odoo: FakeOdoo) -> None:
    """It says how to come back."""
    Path("a.jsonl").write_text("{}\n")
    odoo.states = ["running"] * 9
    odoo.faults = iter([work, work, interrupt])
    result = run("submit", "a.jsonl", "--model", "m")
    assert result.exit_code == 130
    assert "Job 1 goes on in Odoo. Watch it again: odoo-batch watch 1" in result.output
    assert odoo.jobs[0].state == "running"


def test_duration_in_words() -> None:
    """As people say it."""
    assert [duration(s) for s in (59.2, 61, 3720)] == ["59 s", "1 min 1 s", "1 h 2 min"]
