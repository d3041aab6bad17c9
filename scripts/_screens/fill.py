"""People and jobs to look at: every state that a job can be in, with the same rows each time."""

from __future__ import annotations

import csv
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

import httpx
import psycopg2
from odoo_batch_job import Client, JobStatus, Operation

PASSWORD = "N0-secret-here"
LOCK_CLASS = 1_785_202_034  # of dispatch/chunk_lock.py
PEOPLE = {
    "paula": ("Paula Becker", ("base.group_user", "base.group_partner_manager")),
    "marc": ("Marc Dubois", ("base.group_user", "batch_job.group_manager")),
    "nora": ("Nora Lind", ("base.group_user",)),  # has no jobs yet
}
FIRST = ("Green", "North", "Old", "Silver", "Blue", "Grand", "River", "Stone", "Bright", "East")
SECOND = ("Harbour", "Mill", "Garden", "Bridge", "Valley", "Market", "Forge", "Orchard", "Works")
CITIES = ("Gent", "Lyon", "Porto", "Graz", "Turku", "Malmö", "Leeds")
WORST_FAILURES = 5  # of the job that pauses
IMPORTED = 1_200  # rows of the file to import
SCHEDULES = [
    {
        "name": "Contacts that nobody has touched for a year",
        "model": "res.partner",
        "domain": "[('write_date', '<', 'today -1y'), ('user_ids', '=', False)]",
        "action": {"kind": "archive"},
    },
    {
        "name": "Tags of the trade fair become green",
        "model": "res.partner.category",
        "domain": "[('name', 'like', 'Trade fair')]",
        "action": {"kind": "update", "values": {"color": 10}},
        **{"interval_type": "weeks", "mon": True, "thu": True},
    },
    {
        "name": "Customers without a city",
        "model": "res.partner",
        "domain": "[('city', '=', False)]",
        "action": {"kind": "update", "values": {"city": "Gent"}},
        "active": False,
    },
]
_FOLDER = tempfile.TemporaryDirectory(prefix="batch_job-")  # gone when the process ends


@dataclass
class Filled:
    """A database that was filled: its people's passwords are all the same."""

    url: str
    database: str
    users: dict[str, int] = field(default_factory=dict)
    # and `row`, a row that failed, `schedule`, and `tag`, of the addon of the documentation
    jobs: dict[str, int] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """A file to import, of more rows than Odoo imports at once."""
        path = Path(_FOLDER.name, "customers.csv")
        if not path.exists():
            with path.open("w", newline="") as file:
                lines = csv.writer(file)
                lines.writerow(["Name", "Reference", "City", "Country"])
                for one in customers(IMPORTED):
                    values = one["values"]
                    lines.writerow([values.get("name"), values["ref"], values["city"], "Belgium"])
        return path

    def session(self, login: str) -> str:
        """The cookie of somebody who logs in."""
        password = "admin" if login == "admin" else PASSWORD
        params = {"db": self.database, "login": login, "password": password}
        with httpx.Client(base_url=self.url, timeout=60, trust_env=False) as http:
            reply = http.post("/web/session/authenticate", json={"params": params})
            if not reply.json().get("result", {}).get("uid"):
                raise RuntimeError(f"{login} cannot log in: {reply.text}")
            return http.cookies["session_id"]


def customers(count: int) -> Iterator[Operation]:
    """Customers of an older system, with what is wrong in such data."""
    for number in range(count):
        name = f"{FIRST[number % 10]} {SECOND[number % 9]} {number + 1:04}"
        values = {"name": name, "ref": f"C-{number + 1:05}", "city": CITIES[number % 7]}
        if number % 20 == 3:
            values["country_id"] = 9997 + number % 3
        if number % 25 == 7:
            del values["name"]
        if number % 40 == 11:
            values["type"] = "headquarters"
        if number % 100 == 77:
            values["telephone"] = "+32 9 123 45 67"
        yield {"op": "create", "model": "res.partner", "values": values}


def tags(prefix: str, count: int) -> list[Operation]:
    model = "res.partner.category"
    names = (f"{prefix} {SECOND[n % 9]} {n + 1}" for n in range(count))
    return [{"op": "create", "model": model, "values": {"name": name}} for name in names]


class Fill:
    """
    :param admin: a client of the administrator
    :param key_of: gives an API key of a user by id
    """

    def __init__(self, url: str, database: str, admin: Client, key_of):
        self.filled = Filled(url, database)
        self._admin, self._key_of = admin, key_of

    def people(self) -> None:
        for login, (name, groups) in PEOPLE.items():
            ids = [self._id_of(group) for group in groups]
            values = {"name": name, "login": login, "password": PASSWORD, "tz": "UTC"}
            values["group_ids"] = [[6, 0, ids]]
            arguments = {"vals_list": [values], "context": {"no_reset_password": True}}
            [self.filled.users[login]] = self._admin.call("res.users", "create", arguments)

    def _id_of(self, xml_id: str) -> int:
        module, name = xml_id.split(".")
        domain = [["module", "=", module], ["name", "=", name]]
        arguments = {"domain": domain, "fields": ["res_id"]}
        return self._admin.call("ir.model.data", "search_read", arguments)[0]["res_id"]

    def of_paula(self, rows: int = 2_000) -> None:
        """Her jobs, each in another state; all but the running one really ran."""
        key = self._key_of(self.filled.users["paula"])
        with Client(self.filled.url, database=self.filled.database, api_key=key) as paula:
            self._ended(paula, rows)
            self._open(paula, rows)

    def schedules(self) -> None:
        """Her schedules: one has run, one had nothing to do, one is paused."""
        key = self._key_of(self.filled.users["paula"])
        with Client(self.filled.url, database=self.filled.database, api_key=key) as paula:
            made = paula.call("batch.job.schedule", "create", {"vals_list": SCHEDULES})
            self.filled.jobs["schedule"] = made[0]
            for schedule in made[:2]:
                paula.call("batch.job.schedule", "run_now", {"ids": [schedule]})
            _wait_for_results(paula, made[:2])

    def own_addon(self) -> None:
        """A tag whose contacts the example of `docs/in-your-addon.md` has archived."""
        key = self._key_of(self.filled.users["paula"])
        with Client(self.filled.url, database=self.filled.database, api_key=key) as paula:
            values = {"vals_list": [{"name": "Trade fair of last year"}]}
            [tag] = paula.call("res.partner.category", "create", values)
            contacts = [{"name": f"Visitor {n}", "category_id": [[4, tag]]} for n in range(300)]
            paula.call("res.partner", "create", {"vals_list": contacts})
            paula.call("res.partner.category", "action_archive_contacts", {"ids": [tag]})
            arguments = {"ids": [tag], "fields": ["job_id"]}
            [found] = paula.call("res.partner.category", "read", arguments)
            for _status in paula.watch(found["job_id"][0], timeout=300):
                pass
            self.filled.jobs["tag"] = tag

    def _ended(self, paula: Client, rows: int) -> None:
        self._keep("done", paula.submit(tags("Trade fair", 120), name="Tags of the trade fair"))
        old = paula.submit(customers(rows), name="Customers from the old ERP")
        self._keep("partly", old)
        trial = paula.submit(customers(60), name="Trial of the second file", dry_run=True)
        self._keep("dry_run", trial)
        wrong = [{**one, "values": {"name": "x", "country_id": 9999}} for one in customers(40)]
        worst = {"name": "Delivery addresses", "max_failures": WORST_FAILURES, "chunk_size": 10}
        self._keep("paused", paula.submit(wrong, **worst))
        for name in ("done", "partly", "dry_run", "paused"):
            for _status in paula.watch(self.filled.jobs[name], timeout=300):
                pass
        failed = [["job_id", "=", old.id], ["state", "=", "failed"]]
        found = paula.call("batch.job.operation", "search", {"domain": failed, "limit": 1})
        self.filled.jobs["row"] = found[0]

    def _open(self, paula: Client, rows: int) -> None:
        running = paula.submit(tags("Spring", rows), name="Tags of spring", start=False)
        self._keep("running", running)
        draft = paula.submit(tags("Stock count", 35), name="Stock count, hall 2", start=False)
        self._keep("draft", draft)
        tomorrow = datetime.now(timezone.utc).replace(hour=2, minute=0) + timedelta(days=1)
        later = paula.submit(tags("Night", 80), name="Prices of tomorrow", eta=tomorrow)
        self._keep("later", later)
        given_up = paula.submit(tags("No", 25), name="The wrong file", start=False)
        self._keep("cancelled", paula.cancel(given_up.id))

    def _keep(self, name: str, job: JobStatus) -> None:
        self.filled.jobs[name] = job.id


def _wait_for_results(paula: Client, schedules: list[int]) -> None:
    end = time.monotonic() + 120
    domain = [["id", "in", schedules], ["last_result", "=", False]]
    while paula.call("batch.job.schedule", "search_count", {"domain": domain}):
        if time.monotonic() > end:
            raise RuntimeError("the schedules do not run")
        time.sleep(0.2)


@contextmanager
def at_work(filled: Filled, **where: str) -> Iterator[None]:
    """As long as this lasts, the job `running` stands at 62 %, and its chunks are in living hands.

    No runner touches it: their locks are held here, as a worker would.
    """
    connection = psycopg2.connect(dbname=filled.database, **where)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            _run_in_part(cursor, filled.jobs["running"])
            # the first pages would show the toasts of jobs that have just ended
            cursor.execute("DELETE FROM bus_bus")
        yield
    finally:
        connection.close()


def _run_in_part(cursor, job: int) -> None:
    cursor.execute("SELECT total, user_id FROM batch_job WHERE id = %s", [job])
    total, owner = cursor.fetchone()
    chunk = max(total // 60, 1)
    done = 37 * chunk
    sizes = {"job": job, "owner": owner, "chunk": chunk, "done": done, "failed": chunk // 8}
    cursor.execute(CHUNKS, sizes)
    cursor.execute(AT_WORK, sizes)
    for (chunk_id,) in cursor.fetchall():
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK_CLASS, chunk_id])
    cursor.execute(OPERATIONS, sizes)
    cursor.execute(JOB, sizes)


CHUNKS = """
    INSERT INTO batch_job_chunk
           (job_id, owner_id, first_position, last_position, state, attempt, lost, conflicts,
            suspect, wave, folded, runner, size, duration, succeeded, failed, skipped, started_at)
    SELECT %(job)s, %(owner)s, n, n + %(chunk)s - 1, 'done', 1, 0, 0, FALSE, 0, TRUE,
           n / %(chunk)s %% 2, %(chunk)s, 0.8,
           %(chunk)s - bad, bad, 0,
           now() AT TIME ZONE 'UTC' - (%(done)s - n) / %(chunk)s * interval '90 s'
      FROM generate_series(0, %(done)s - 1, %(chunk)s) n,
   LATERAL (SELECT CASE WHEN n / %(chunk)s %% 9 = 4 THEN %(failed)s ELSE 0 END AS bad) b
"""
AT_WORK = """
    INSERT INTO batch_job_chunk
           (job_id, owner_id, first_position, last_position, state, attempt, lost, conflicts,
            suspect, wave, folded, runner, size, succeeded, failed, skipped, started_at)
    SELECT %(job)s, %(owner)s, n, n + %(chunk)s - 1, 'running', 1, 0, 0, FALSE, 0, FALSE,
           (n - %(done)s) / %(chunk)s, 0, 0, 0, 0, now() AT TIME ZONE 'UTC'
      FROM generate_series(%(done)s, %(done)s + %(chunk)s, %(chunk)s) n
 RETURNING id
"""
OPERATIONS = """
    UPDATE batch_job_operation o
       SET state = CASE WHEN bad THEN 'failed' ELSE 'done' END,
           error_type = CASE WHEN bad THEN 'required' END,
           error_model = CASE WHEN bad THEN model END,
           error_field = CASE WHEN bad THEN 'name' END,
           error_message = CASE WHEN bad THEN 'Name is missing' END
      FROM (SELECT id, position / %(chunk)s %% 9 = 4 AND position %% %(chunk)s < %(failed)s AS bad
              FROM batch_job_operation
             WHERE job_id = %(job)s AND position < %(done)s) b
     WHERE o.id = b.id
"""
JOB = """
    UPDATE batch_job j
       SET state = 'running', needs_runner = TRUE, max_parallel = 2,
           next_position = %(done)s + 2 * %(chunk)s, succeeded = c.succeeded, failed = c.failed,
           rate = 26.4, queued_at = t, started_at = t, last_claimed_at = now() AT TIME ZONE 'UTC',
           last_folded_at = now() AT TIME ZONE 'UTC',
           cause_counts = CASE WHEN c.failed > 0 THEN jsonb_build_array(jsonb_build_object(
               'type', 'required', 'model', 'res.partner.category', 'field', 'name',
               'constraint', NULL, 'message', 'Name is missing', 'count', c.failed)) END
      FROM (SELECT sum(succeeded) AS succeeded, sum(failed) AS failed, min(started_at) AS t
              FROM batch_job_chunk
             WHERE job_id = %(job)s) c
     WHERE j.id = %(job)s
"""
