"""The command line in a real terminal and in a pipe, against a real server."""

import csv
import json
import os
import re
import subprocess
import sysconfig
from pathlib import Path

import pytest
from client_tools import run
from odoo_batch_job import AsyncClient
from terminal import Terminal

pytest_plugins = ["client_support"]

ODOO_BATCH = str(Path(sysconfig.get_path("scripts")) / "odoo-batch")
CATEGORY = "res.partner.category"


@pytest.fixture
def environment(shop, key, tmp_path):
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("ODOO_", "XDG_"))}
    return inherited | {
        "HOME": str(tmp_path),
        "ODOO_URL": shop.url,
        "ODOO_DB": shop.database.name,
        "ODOO_API_KEY": key,
    }


@pytest.fixture
def odoo_batch(environment, tmp_path):
    def odoo_batch(*arguments, text=None, **variables):
        return subprocess.run(
            [ODOO_BATCH, *map(str, arguments)],
            env={**environment, **variables},
            cwd=tmp_path,
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return odoo_batch


@pytest.fixture
def terminal(environment, tmp_path):
    def terminal(*arguments):
        return Terminal([ODOO_BATCH, *map(str, arguments)], {**environment, "PWD": str(tmp_path)})

    return terminal


def names(shop, label):
    query = "SELECT name->>'en_US' FROM res_partner_category WHERE name->>'en_US' LIKE %s"
    return sorted(shop.database.column(query, f"{label}%"))


def write_csv(path, header, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def job_of(output):
    return int(re.match(r"Job (\d+) ", output).group(1))


def test_pipe_shows_plain_lines(odoo_batch, shop, tmp_path):
    """The id comes first, the end last; no escape sequences; 0 when all is done."""
    write_csv(tmp_path / "a.csv", ["name"], [[f"pipe {n}"] for n in range(50)])
    done = odoo_batch("submit", "a.csv", "--model", CATEGORY, "--op", "create")
    assert (done.returncode, done.stderr) == (0, "")
    first, *_lines, last = done.stdout.splitlines()
    job = job_of(first)
    assert first.endswith(f"/odoo/batch-jobs/{job}")
    assert last == f"Job {job} is done: 50 succeeded"
    assert "\x1b" not in done.stdout
    assert len(names(shop, "pipe ")) == 50


def test_standard_input_and_json(odoo_batch, shop):
    """Operations as JSON Lines from a pipe; each line out is JSON."""
    lines = [
        {"op": "create", "model": CATEGORY, "values": {"name": f"stdin {n}"}} for n in range(3)
    ]
    done = odoo_batch("submit", "-", "--json", text="\n".join(map(json.dumps, lines)))
    statuses = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert (statuses[-1]["state"], statuses[-1]["succeeded"]) == ("done", 3)
    assert {status["id"] for status in statuses} == {statuses[0]["id"]}
    results = odoo_batch("results", "--last", "--json").stdout.splitlines()
    assert [json.loads(line)["state"] for line in results] == ["done"] * 3
    listed = [json.loads(line) for line in odoo_batch("list", "--json").stdout.splitlines()]
    assert listed[0]["id"] == statuses[0]["id"]
    assert names(shop, "stdin ") == ["stdin 0", "stdin 1", "stdin 2"]


def test_failed_rows_are_corrected_in_their_job(odoo_batch, shop, tmp_path):
    """--into replaces them, and the job goes to 100 %; again, all is done already."""
    rows = [[f"into {n}", "" if n % 3 else "red"] for n in range(6)]
    write_csv(tmp_path / "a.csv", ["name", "color"], rows)
    job = job_of(odoo_batch("submit", "a.csv", "--model", CATEGORY, "--op", "create").stdout)
    for name in ("failed.csv", "failed.jsonl"):
        odoo_batch("results", "--last", "--failed", "-o", name)
        text = (tmp_path / name).read_text()
        assert text.count("red") > 1
        (tmp_path / name).write_text(text.replace(",red,", ",1,").replace('"red"', "1"))
    done = odoo_batch("submit", "failed.csv", "--into", job)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == f"Job {job}, 2 rows: 2 corrected"
    assert lines[-1] == f"Job {job} is done: 6 succeeded"
    assert names(shop, "into ") == [f"into {n}" for n in range(6)]
    for name in ("failed.csv", "failed.jsonl"):
        again = odoo_batch("submit", name, "--into", job)
        assert (again.returncode, again.stdout) == (0, f"Job {job}, 2 rows: 2 done already\n")


def test_failed_rows_are_corrected_and_sent_until_all_are_in(odoo_batch, shop, tmp_path):
    """1 while some fail; their file has the original columns, the index and the reason."""
    rows = [[f"again {n}", "" if n % 3 else "red"] for n in range(9)]
    write_csv(tmp_path / "a.csv", ["name", "color"], rows)
    submitted = odoo_batch("submit", "a.csv", "--model", CATEGORY, "--op", "create")
    assert submitted.returncode == 1
    assert "6 succeeded, 3 failed" in submitted.stdout
    assert odoo_batch("results", "--last", "--failed", "-o", "failed.csv").returncode == 0
    with open(tmp_path / "failed.csv", newline="") as file:
        failed = list(csv.DictReader(file))
    assert [(one["name"], one["color"], one["__index"]) for one in failed] == [
        ("again 0", "red", "0"),
        ("again 3", "red", "3"),
        ("again 6", "red", "6"),
    ]
    assert all("red" in one["__error"] or "color" in one["__error"].lower() for one in failed)
    for one in failed:
        one["color"] = "1"
    with open(tmp_path / "failed.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, failed[0])
        writer.writeheader()
        writer.writerows(failed)
    again = odoo_batch("submit", "failed.csv", "--model", CATEGORY, "--op", "create")
    assert again.returncode == 0
    assert names(shop, "again ") == [f"again {n}" for n in range(9)]


@pytest.mark.parametrize("op", ["load", "upsert"])
def test_file_can_be_sent_twice(odoo_batch, shop, tmp_path, op):
    """Rows that name their record are written the second time, not made again."""
    label = f"twice {op}"
    columns, key = ("id", ()) if op == "load" else ("name", ("--key", "name"))
    header = [columns, "name", "color"] if op == "load" else ["name", "color"]
    for color in (1, 2):
        rows = [[f"{label} {n}", color] for n in range(3)]
        if op == "load":
            rows = [[f"cli_test.{n}", *row] for n, row in enumerate(rows)]
        write_csv(tmp_path / "a.csv", header, rows)
        done = odoo_batch("submit", "a.csv", "--model", CATEGORY, "--op", op, *key)
        assert done.returncode == 0, done.stdout + done.stderr
    assert names(shop, label) == [f"{label} {n}" for n in range(3)]
    colors = "SELECT DISTINCT color FROM res_partner_category WHERE name->>'en_US' LIKE %s"
    assert shop.database.column(colors, f"{label}%") == [2]


def test_dry_run_keeps_nothing(odoo_batch, shop):
    """Everything is tried, and said."""
    line = json.dumps({"name": "dry"})
    done = odoo_batch("submit", "-", "--model", CATEGORY, "--dry-run", text=line)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "(dry run: nothing was kept)" in done.stdout
    assert names(shop, "dry") == []


def test_write_and_unlink_by_id(odoo_batch, shop, tmp_path):
    """The column “id” says which record."""
    odoo_batch("submit", "-", "--model", CATEGORY, text=json.dumps({"name": "by id"}))
    (record,) = shop.database.column(
        "SELECT id FROM res_partner_category WHERE name->>'en_US' = 'by id'"
    )
    write_csv(tmp_path / "a.csv", ["id", "name"], [[record, "by id, changed"]])
    assert odoo_batch("submit", "a.csv", "--model", CATEGORY, "--op", "write").returncode == 0
    assert names(shop, "by id") == ["by id, changed"]
    assert odoo_batch("submit", "a.csv", "--model", CATEGORY, "--op", "unlink").returncode == 0
    assert names(shop, "by id") == []


def test_exit_codes_of_what_goes_wrong(odoo_batch, shop):
    """2 usage and input, 3 failed or cancelled, 4 time-out, 5 login and rights."""
    refused = odoo_batch("submit", "-", "--model", "res.nobody", "--op", "create", text='{"a": 1}')
    assert (refused.returncode, "res.nobody" in refused.stderr) == (2, True)
    assert odoo_batch("submit", "-", "--op", "no", text="").returncode == 2
    failed = odoo_batch("submit", "-", "--model", CATEGORY, text='{"color": 1}')
    assert failed.returncode == 3
    draft = run(make_draft(shop))
    assert odoo_batch("watch", draft).returncode == 0
    cancelled = odoo_batch("cancel", draft, "--json")
    assert json.loads(cancelled.stdout)["state"] == "cancelled"
    assert odoo_batch("watch", draft).returncode == 3
    assert odoo_batch("status", draft).returncode == 0
    login = odoo_batch("status", draft, ODOO_API_KEY="0" * 40)
    assert login.returncode == 5
    assert "0" * 40 not in login.stdout + login.stderr
    nobody = odoo_batch("status", 10**6)
    assert (nobody.returncode, nobody.stdout) == (2, "")


def test_the_file_under_another_name(odoo_batch, shop, tmp_path):
    """The name of a file is no part of what a key stands for: renamed, it is the same job. A name
    that somebody gives is one."""
    rows = [[f"renamed {number}"] for number in range(3)]
    keyed = ("--model", CATEGORY, "--op", "create", "--idempotency-key", "renamed")
    jobs = []
    for file in ("a.csv", "a corrected.csv"):
        write_csv(tmp_path / file, ["name"], rows)
        done = odoo_batch("submit", file, *keyed)
        assert done.returncode == 0, done.stderr
        jobs.append(job_of(done.stdout))
    assert jobs[0] == jobs[1]
    assert names(shop, "renamed ") == ["renamed 0", "renamed 1", "renamed 2"]
    assert shop.database.value("SELECT name FROM batch_job WHERE id = %s", jobs[0]) == "a.csv"
    other = odoo_batch("submit", "a.csv", *keyed, "--name", "Other")
    assert (other.returncode, "another name or other options" in other.stderr) == (2, True)


async def make_draft(shop, count=1, **options):
    async with AsyncClient(
        shop.url, database=shop.database.name, api_key=shop.database.make_key()
    ) as client:
        values = [{"name": f"slow {number}"} for number in range(count)]
        job = await client.submit(
            [{"op": "create", "model": CATEGORY, "values": one} for one in values],
            **{"start": False, **options},
        )
        return job.id


def test_terminal_shows_a_bar(terminal, shop, tmp_path):
    """A bar with numbers while it runs, and what became of it at the end."""
    write_csv(tmp_path / "a.csv", ["name"], [[f"bar {n}"] for n in range(2000)])
    shown = terminal(
        *("submit", tmp_path / "a.csv", "--model", CATEGORY, "--op", "create"), "--chunk-size", 100
    )
    assert shown.end() == 0
    assert job_of(shown.text)
    assert re.search(r"━{10}.*[\d,]+ of 2,000", shown.text)
    assert "is done: 2,000 succeeded" in shown.text
    assert len(names(shop, "bar ")) == 2000


def test_terminal_shows_what_was_sent_and_read(terminal, tmp_path):
    """A bar while a file is sent, and one while results are written to a file; the id of the job
    has a line of its own, and nothing of the bars stays."""
    write_csv(tmp_path / "big.csv", ["name"], [[f"sent {n} {'x' * 200}"] for n in range(9000)])
    file = tmp_path / "big.csv"
    shown = terminal("submit", file, "--model", CATEGORY, "--op", "create", "--no-wait")
    assert shown.end() == 0
    assert re.search(r"Sending .*big.csv ━+ +[\d.]+/[\d.]+ MB", shown.text)
    assert re.search(r"^\s*Job \d+  http", shown.text, re.MULTILINE)
    job = int(re.search(r"Job (\d+)  http", shown.text).group(1))
    shown = terminal("results", job, "-o", tmp_path / "out.csv")
    assert shown.end() == 0
    assert re.search(rf"Reading job {job} ━+ +[\d,]+/9000", shown.text)
    assert "9,000 rows in" in shown.text
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 9001


def test_ctrl_c_stops_watching_and_not_the_job(terminal, odoo_batch, shop):
    """It says how to come back; --last comes back."""
    with shop.database.connect() as lock, lock.cursor() as cursor:
        cursor.execute("LOCK TABLE res_partner_category IN SHARE MODE")  # the job has to wait
        job = run(make_draft(shop, 3, start=True))
        shown = terminal("watch", job)
        shown.wait_for("0 of 3")
        shown.interrupt()
        assert shown.end() == 130
        assert f"Job {job} goes on in Odoo. Watch it again: odoo-batch watch {job}" in shown.text
        waited = odoo_batch("watch", job, "--timeout", "0.2")
        assert (waited.returncode, f"odoo-batch watch {job}" in waited.stderr) == (4, True)
    lock.close()
    assert odoo_batch("watch", job).returncode == 0


def test_killed_client_finds_its_job_by_last(terminal, odoo_batch, shop, tmp_path):
    """What was printed and kept before it died is enough."""
    write_csv(tmp_path / "a.csv", ["name"], [[f"killed cli {n}"] for n in range(20)])
    with shop.database.connect() as lock, lock.cursor() as cursor:
        cursor.execute("LOCK TABLE res_partner_category IN SHARE MODE")
        shown = terminal("submit", tmp_path / "a.csv", "--model", CATEGORY, "--op", "create")
        job = int(shown.wait_for(r"Job (\d+) ").group(1))
        shown.kill()
    lock.close()
    again = odoo_batch("watch", "--last")
    assert (again.returncode, again.stdout.splitlines()[-1]) == (
        0,
        f"Job {job} is done: 20 succeeded",
    )
    assert len(names(shop, "killed cli ")) == 20


def test_login_keeps_the_key(terminal, odoo_batch, shop, key, environment, tmp_path):
    """What is typed is not shown; the file has mode 600 and works without the environment."""
    for variable in ("ODOO_URL", "ODOO_DB", "ODOO_API_KEY"):
        environment.pop(variable)
    typed = f"{shop.url}\n{shop.database.name}\n{key}\n"
    done = odoo_batch("login", text=typed)
    assert done.returncode == 0, done.stderr
    assert "Logged in as admin" in done.stdout
    assert key not in done.stdout + done.stderr
    profile = tmp_path / ".config" / "odoo-batch" / "default.json"
    assert profile.stat().st_mode & 0o777 == 0o600
    assert odoo_batch("list").returncode == 0


def test_context_of_a_file(odoo_batch, shop, tmp_path):
    """--context reaches every row; --lang that is not installed stops before anything is stored."""
    write_csv(tmp_path / "a.csv", ["name"], [["context 1"], ["context 2"]])
    submit = ("submit", "a.csv", "--model", CATEGORY, "--op", "create")
    done = odoo_batch(*submit, "--context", '{"default_color": 7}', "--no-tracking")
    assert done.returncode == 0, done.stderr
    colors = "SELECT color FROM res_partner_category WHERE name->>'en_US' LIKE %s"
    assert shop.database.column(colors, "context %") == [7, 7]
    query = "SELECT run_context FROM batch_job WHERE id = %s"
    context = shop.database.value(query, job_of(done.stdout))
    assert (context["default_color"], context["tracking_disable"]) == (7, True)
    before = shop.database.value("SELECT count(*) FROM batch_job")
    refused = odoo_batch(*submit, "--lang", "xx_XX")
    assert (refused.returncode, "xx_XX" in refused.stderr) == (2, True)
    assert shop.database.value("SELECT count(*) FROM batch_job") == before


def test_retry_of_one_row(odoo_batch, shop, tmp_path):
    """--index runs that row again and no other; --wait says how it ended."""
    rows = [[f"one row {n}", n + 900_000] for n in range(4)]
    write_csv(tmp_path / "a.csv", ["name", "parent_id"], rows)
    assert odoo_batch("submit", "a.csv", "--model", CATEGORY, "--op", "create").returncode == 3
    with shop.database.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO res_partner_category (id, name, parent_path, active)"
            " VALUES (900001, '{\"en_US\": \"missing\"}', '900001/', true),"
            "        (900002, '{\"en_US\": \"missing\"}', '900002/', true)"
        )
    connection.close()
    done = odoo_batch("retry", "--last", "--index", "2", "--wait")
    assert (done.returncode, "is partial: 1 succeeded, 3 failed" in done.stdout) == (1, True)
    assert names(shop, "one row ") == ["one row 2"]
    shown = odoo_batch("results", "--last", "--index", "2", "--index", "1").stdout.splitlines()
    assert [line.split("\t")[:2] for line in shown] == [["1", "failed"], ["2", "done"]]
