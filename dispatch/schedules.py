"""The scheduled action that runs the schedules: each at its time, as the one who edited it last."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from odoo import fields
from odoo.exceptions import RedirectWarning, UserError
from odoo.tools import SQL
from odoo.tools.misc import format_datetime

from ..engine.schedule import WEEKDAYS, Rhythm, next_time
from ..engine.states import JOB_STATES, OPEN_STATES
from ..execution.transaction.transient import is_transient
from .base import Dispatch
from .locked_job import in_language_of_owner
from .owner import Owner
from .scheduled_job import ScheduledJob
from .wall_clock import clock_of

_logger = logging.getLogger(__name__)

CRON = "batch_job.batch_job_schedules"  # the scheduled action
# until a run is tried again for which there was no room, or whose worker died
TRY_AGAIN = timedelta(minutes=15)
AFTER_CONFLICT = LOOK_AGAIN = timedelta(minutes=1)
MOST_TRIES = 3  # of one run; each but the last has ended its worker


@dataclass(frozen=True)
class Result:
    """What became of a run: `kind` is one of `RESULTS`, `note` is for people."""

    kind: str
    note: str
    again_in: timedelta | None = None  # the same run is tried again


RESULTS = {
    "started": "Job started",
    "nothing": "Nothing to do",
    "skipped": "Skipped",
    "waiting": "Tried again later",
    "refused": "Refused",
    "paused": "Paused",
}


class Schedules(Dispatch):
    """Runs the schedules whose time has come, each in a transaction of its own."""

    def run(self):
        """Run what is due, one schedule after the other, until the time of the action is over."""
        self._follow_clock()
        while (claimed := self._claim()) is not None:
            self._run_one(claimed)
            if not self.env["ir.cron"]._commit_progress(1):
                return self.wake()
        # another worker has the schedules that are due and could not be claimed: do not ask at once
        return self.wake(fields.Datetime.now() + LOOK_AGAIN)

    def wake(self, earliest=None):
        """Have Odoo call the scheduled action when the next schedule is due.

        :param earliest: not before this time
        """
        self.env.cr.execute(
            "SELECT min(GREATEST(next_run, not_before)) FROM batch_job_schedule WHERE active"
        )
        (at,) = self.env.cr.fetchone()
        cron = self.env.ref(CRON, raise_if_not_found=False)
        if not at or not cron:
            return
        now = fields.Datetime.now()
        at = max(at, earliest or now)
        triggers = self.env["ir.cron.trigger"].sudo()
        same = [("cron_id", "=", cron.id), ("call_at", "=", at)]
        # a trigger of this second may be that of the call at work, which ends with its removal
        if at <= now or not triggers.search_count(same, limit=1):
            cron.sudo()._trigger(at)

    def _follow_clock(self):
        """Plan anew what was planned by a clock that was ahead: its last run is in the future.

        A run that is planned for the same time once more finds its job by the idempotency key.
        """
        self.begin()
        now = fields.Datetime.now()
        self.env.cr.execute(
            SQL(
                """
                SELECT * FROM batch_job_schedule
                 WHERE active AND last_planned > %s
                   FOR NO KEY UPDATE SKIP LOCKED
                """,
                now,
            )
        )
        for row in self.env.cr.dictfetchall():
            self.set(row["id"], next_run=next_run(row, now), last_planned=None, not_before=None)
        self._commit()

    def _claim(self) -> dict | None:
        """The next schedule that is due, so that nobody else takes it for a while; None if none is.

        The attempt is on record before it begins: a schedule that ends its worker does not keep the
        others waiting for ever.
        """
        self.begin()
        now = fields.Datetime.now()
        self.env.cr.execute(
            SQL(
                """
                UPDATE batch_job_schedule
                   SET not_before = %(later)s, tries = COALESCE(tries, 0) + 1
                 WHERE id = (SELECT id
                               FROM batch_job_schedule
                              WHERE active
                                AND next_run <= %(now)s
                                AND (not_before IS NULL OR not_before <= %(now)s)
                              ORDER BY COALESCE(tries, 0), next_run, id
                              LIMIT 1
                                FOR NO KEY UPDATE SKIP LOCKED)
                RETURNING *
                """,
                now=now,
                later=now + TRY_AGAIN,
            )
        )
        row = self.env.cr.dictfetchone()
        self._commit()
        return row

    def _run_one(self, claimed):
        """Run a schedule. An error is noted on the schedule, and the other schedules still run."""
        try:
            self._land(claimed, self._result)
        except Exception as error:
            self.env.cr.rollback()
            self.env.transaction.reset()
            result = self._result_of_error(claimed, error)
            self._land(claimed, lambda row: result)

    def _land(self, claimed, decide):
        """Decide on the result of a run and write it down, in one transaction with its job."""
        self.begin()
        row = self._lock(claimed)
        if row is None:
            return  # somebody has edited it meanwhile, or is at it
        result = decide(row)
        values = {"last_result": result.kind, "note": result.note, "last_at": fields.Datetime.now()}
        if result.kind == "paused":
            values |= {"active": False, "not_before": None}
        elif result.again_in:
            values["not_before"] = fields.Datetime.now() + result.again_in
        else:
            after = max(fields.Datetime.now(), row["next_run"])
            values |= {"next_run": next_run(row, after), "last_planned": row["next_run"]}
            values["not_before"] = None
        self.set(row["id"], tries=0, **values)
        # open forms of the schedule read it again
        owner = self.env["res.users"].sudo().browse(row["user_id"])
        owner._bus_send("batch_job/schedule", {"id": row["id"]})
        self._commit()

    def _lock(self, claimed) -> dict | None:
        """The row of a schedule, locked, if it is still to run as planned."""
        self.env.cr.execute(
            SQL(
                """
                SELECT * FROM batch_job_schedule
                 WHERE id = %s AND active AND next_run = %s AND not_before = %s
                   FOR NO KEY UPDATE SKIP LOCKED
                """,
                claimed["id"],
                claimed["next_run"],
                claimed["not_before"],
            )
        )
        return self.env.cr.dictfetchone()

    def _result(self, row) -> Result:
        """Submit the job of a run, unless something is against it."""
        env = in_language_of_owner(self.env, row)
        if row["tries"] > MOST_TRIES:
            text = env._("The server ended %s times while it submitted this run.", MOST_TRIES)
            return Result("refused", text)
        if problem := Owner(env).problem(row):
            return Result("paused", problem)
        if alive := self._living_job(row):
            return Result("skipped", _skipped(env, row, alive))
        job_id, is_new = ScheduledJob(self._owner_env(row)).submit(row)
        if job_id is None:
            return Result("nothing", env._("No record fits the filter: there was nothing to do."))
        if is_new:
            return Result("started", env._("Job %s was started.", job_id))
        return Result("started", env._("Job %s of this run had been started before.", job_id))

    def _result_of_error(self, claimed, error) -> Result:
        env = in_language_of_owner(self.env, claimed)
        context = getattr(error, "context", None)
        if isinstance(context, dict) and context.get("no_room"):
            return Result("waiting", str(error), again_in=TRY_AGAIN)
        if is_transient(error):
            text = env._("Another transaction was in the way.")
            return Result("waiting", text, again_in=AFTER_CONFLICT)
        if isinstance(error, UserError | RedirectWarning):
            return Result("refused", str(error.args[0]))
        _logger.error("schedule %s cannot be run", claimed["id"], exc_info=error)
        text = env._("An error of the server: %s. Its log says more.", type(error).__name__)
        return Result("refused", text)

    def _living_job(self, row):
        """(id, state) of a job of the schedule that has not ended."""
        self.env.cr.execute(
            SQL(
                """
                SELECT id, state FROM batch_job
                 WHERE schedule_id = %s AND (state IN %s OR needs_runner)
                 ORDER BY id DESC
                 LIMIT 1
                """,
                row["id"],
                OPEN_STATES,
            )
        )
        return self.env.cr.fetchone()

    def _owner_env(self, row):
        """The environment that a call of the owner would have."""
        context = {**(row["run_context"] or {}), "tz": row["tz"]}
        context.setdefault("allowed_company_ids", [row["company_id"]])
        return self.env(user=row["user_id"], su=False, context=context)

    def set(self, schedule_id: int, **values):
        """Write columns of a schedule; neither who may do that is asked, nor is a run planned."""
        self.env.cr.execute(
            SQL(
                "UPDATE batch_job_schedule SET %s WHERE id = %s",
                SQL(", ").join(SQL("%s = %s", SQL.identifier(k), v) for k, v in values.items()),
                schedule_id,
            )
        )

    def _commit(self):
        self.env.flush_all()
        self.env.cr.commit()  # pylint: disable=invalid-commit
        self.env.invalidate_all()


def next_run(row, after):
    """When a schedule runs next after a moment, by its row (or record)."""
    weekdays = tuple(number for number, name in enumerate(WEEKDAYS) if row[name])
    rhythm = Rhythm(row["interval_number"], row["interval_type"], weekdays)
    return next_time(row["first_run"], after, rhythm, clock_of(row["tz"]))


def _skipped(env, row, alive) -> str:
    states = dict(env["batch.job"]._fields["state"]._description_selection(env))
    return env._(
        "The run of %(when)s was skipped: job %(job)s of this schedule has not ended (%(state)s).",
        when=format_datetime(env, row["next_run"], tz=row["tz"]),
        job=alive[0],
        state=states.get(alive[1], JOB_STATES[alive[1]]),
    )
