"""The row of a job, locked. Verbs and claims lock the row before they change it."""

import json

from odoo import SUPERUSER_ID
from odoo.api import Environment
from odoo.http import request
from odoo.sql_db import Cursor
from odoo.tools import SQL

from ..engine.passwords import blank_passwords
from ..engine.states import JOB_TRANSITIONS
from .base import NOW, Dispatch

_JSON_COLUMNS = (
    "cause_counts", "on_end_value", "outline", "pace", "part_hashes",
    "run_context", "unrecorded", "wave_ends",
)  # fmt: skip


class LockedJob(Dispatch):
    """A job whose row is locked until the transaction ends.

    `job["state"]` reads a column. `set` writes to the database and to `row`, so both stay equal.
    """

    def __init__(self, env: Environment, row: dict):
        super().__init__(env)
        self.row = row

    @classmethod
    def lock(cls, env: Environment, job_id: int) -> "LockedJob | None":
        """Wait for the lock, then read the row; None if the job was deleted."""
        query = SQL(
            "SELECT *, %s AS read_at FROM batch_job WHERE id = %s FOR NO KEY UPDATE", NOW, job_id
        )
        # Under REPEATABLE READ a claim may have changed the row after our snapshot. Odoo then
        # repeats the call, so do not log the conflict.
        env.cr.execute(query, log_exceptions=False)
        row = env.cr.dictfetchone()
        return cls(env, row) if row else None

    @classmethod
    def lock_one(cls, env: Environment, job_ids: list[int]) -> "LockedJob | None":
        """Lock the first of some jobs that nobody else has locked; None if others have them all."""
        env.cr.execute(
            SQL(
                """
                SELECT *, %(now)s AS read_at
                  FROM batch_job
                 WHERE id = ANY(%(ids)s)
                 ORDER BY array_position(%(ids)s, id)
                 LIMIT 1
                   FOR NO KEY UPDATE SKIP LOCKED
                """,
                now=NOW,
                ids=job_ids,
            )
        )
        row = env.cr.dictfetchone()
        return cls(env, row) if row else None

    def __getitem__(self, column):
        return self.row[column]

    @property
    def id(self) -> int:
        return self.row["id"]

    @property
    def record(self):
        """The record of `batch.job`."""
        return self.env["batch.job"].browse(self.id)

    def seconds_since(self, moment) -> float:
        """Seconds from a moment of the row to the moment when the row was read."""
        return (self["read_at"] - moment).total_seconds() if moment else 0.0

    def for_owner(self) -> "LockedJob":
        """The same job in an environment with the language of its owner, for texts to be stored."""
        return type(self)(in_language_of_owner(self.env, self.row), self.row)

    def set(self, **values):
        """Write columns. A value may be an `SQL` expression.

        An `error` that comes without an `error_masked` quotes no content: everybody reads it.
        """
        if "error" in values:
            values.setdefault("error_masked", None)
        columns = SQL(", ").join(map(SQL.identifier, values))
        assignments = SQL(", ").join(
            SQL("%s = %s", SQL.identifier(name), self._stored(name, value))
            for name, value in values.items()
        )
        query = SQL(
            "UPDATE batch_job SET %s WHERE id = %s RETURNING %s", assignments, self.id, columns
        )
        self.env.cr.execute(query)
        self.row.update(self.env.cr.dictfetchone())

    def _stored(self, name, value):
        return json.dumps(value) if name in _JSON_COLUMNS else value

    def move(self, state: str, **values):
        """Change the state, and other columns with it."""
        if state not in JOB_TRANSITIONS[self["state"]]:
            raise AssertionError(f"batch.job {self.id}: {self['state']} -> {state}")
        self.set(state=state, **values)

    def note(self, event: str, by: int | None = None, reason: str | None = None, again: int = 0):
        """Record an event in the job's history, with what has landed since the event before.

        Call this after the change of the job. `max_failures` counts what has landed since the
        latest event, so each event ends a run of the job or begins one.

        :param by: the id of the user; None: no person, but the server
        :param again: the operations that run again
        """
        masked = self["error_masked"] if reason and reason == self["error"] else None
        self.env["batch.job.event"]._record(self.row, event, by, reason, again, masked)
        if self["unrecorded"]:
            self.set(unrecorded=None)

    def publish(self):
        """Tell the people who watch the job its state and counts, when this transaction commits."""
        keys = ("id", "state", "total", "succeeded", "failed", "skipped", "rate")
        # not as the user: the message would refer to the user, and wait while they are deleted
        record = self.record.with_user(SUPERUSER_ID)
        record._bus_send("batch_job/progress", {key: self[key] for key in keys})

    def blank_context(self):
        """Blank the passwords in the submitter's context. The rest of the context stays.

        Call this when the job has ended. If a password was blanked, a retry of the job is refused.
        """
        blanked = blank_passwords(self["run_context"])
        if blanked != self["run_context"]:
            self.set(run_context=blanked)


def in_language_of_owner(env: Environment, row: dict) -> Environment:
    lang = (row["run_context"] or {}).get("lang")
    is_known = isinstance(lang, str) and env["res.lang"]._get_data(code=lang)
    return env(context={**env.context, "lang": lang if is_known else None})


def begin_fresh(job):
    """Restart the transaction of the current RPC call, in READ COMMITTED as claims do.

    The transaction of the call has an old snapshot. A claim changes the job's row several times a
    second, so to lock the row would mostly end in a conflict, and Odoo sleeps for seconds before it
    repeats a call.

    Do nothing if the transaction has written something. Do nothing either if the RPC call was for
    another model: a method of another model may hold a savepoint.

    :param job: the record that the verb changes
    """
    cr = job.env.cr
    params = request.params if request else {}
    if job._name not in (params.get("model"), params.get("__model__")):
        return
    if not isinstance(cr, Cursor) or cr.postcommit or cr.precommit:
        return
    job.env.flush_all()
    cr.execute("SELECT pg_current_xact_id_if_assigned() IS NULL")
    if cr.fetchone()[0]:
        cr.rollback()
        cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
