"""The job of one run of a schedule."""

from odoo.tools import SQL
from odoo.tools.misc import format_date

from ..engine.options import LONGEST_KEY
from ..engine.selection import count_operations
from .base import Dispatch
from .copying import Copying
from .relative_dates import found
from .submit_in_parts import SubmitInParts
from .wall_clock import clock_of


class ScheduledJob(Dispatch):
    """Submits the job of a run, in the environment of the schedule's owner."""

    def submit(self, row: dict) -> tuple[int | None, bool]:
        """Submit the job of the run that is planned now.

        :param row: the row of the schedule
        :returns: (id of the job; None if there is nothing to do, whether the job is new)
        """
        key = f"batch.job.schedule {row['id']} {row['next_run']:%Y-%m-%dT%H:%M:%S}Z"
        if known := Copying(self.env)._known_by_key(key):
            return known[0], False
        options = {"name": self._name(row), "idempotency_key": key}
        job_id = (self._select if row["model"] else self._copy)(row, options)
        if job_id:
            self._link(row, job_id)
        return job_id, True

    def _select(self, row, options) -> int | None:
        """Look for the records, and submit what is to be done with them."""
        selection = self.env["batch.job.selection"]
        records = selection._model(row["model"])
        selection._check_offered(records, row["action"])
        ids = list(found(records, row["domain_text"], order="id")._ids)
        if not ids:
            return None
        parts = selection._operations(records, row["action"], ids)
        count = count_operations(row["action"], len(ids))
        return SubmitInParts(self.env).submit(parts, count, **options)

    def _copy(self, row, options) -> int:
        """Submit the schedule's own copy of a job's operations."""
        return Copying(self.env).store_copy(
            self.env["batch.job.schedule.operation"]._of_schedule(row["id"]),
            {**row["options"], "run_context": row["run_context"], "company_id": row["company_id"]}
            | options,
            "queued",
            self._reason(row),
        )

    def _name(self, row) -> str:
        """The name of the schedule, and for when: "Prices, 11/27/2026 02:00"."""
        when = self._when(row)
        return f"{row['name'][: LONGEST_KEY - len(when) - 2]}, {when}"

    def _reason(self, row) -> str:
        return self.env._(
            "Run of the schedule “%(name)s” (%(schedule)s), planned for %(when)s.",
            name=row["name"],
            schedule=row["id"],
            when=self._when(row),
        )

    def _when(self, row) -> str:
        """Two runs of a day differ by the time: *Run Now* is another one."""
        moment = clock_of(row["tz"]).to_local(row["next_run"])
        return f"{format_date(self.env, moment.date())} {moment:%H:%M}"

    def _link(self, row, job_id):
        """Say in the job, and in the event that was stored with it, where the job comes from."""
        self.env.cr.execute(
            SQL("UPDATE batch_job SET schedule_id = %s WHERE id = %s", row["id"], job_id)
        )
        self.env["batch.job.event"]._explain(job_id, self._reason(row))
