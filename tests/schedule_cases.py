"""Schedules of tests, and what is stored of them."""

from datetime import timedelta

from odoo import fields

from ..dispatch.schedules import Schedules
from .races import RaceCase
from .rpc_cases import AccessCase

VALUE = "test.batch.value"


class ScheduleCase(RaceCase, AccessCase):
    """A test's schedules and records of `VALUE` are gone at its end."""

    cleans = ("batch.job.schedule", VALUE, "test.batch.item")

    def setUp(self):
        super().setUp()
        self.start, self.runs = fields.Datetime.now(), 0
        self.addCleanup(self.remove_schedules)

    def remove_schedules(self):
        self.renew()
        self.cr.execute("DELETE FROM batch_job_schedule")
        self.cr.execute("DELETE FROM test_batch_value")
        self.commit()

    def values(self, *names, **values):
        """Committed records of the test."""
        records = self.env[VALUE].create([{"name": name, **values} for name in names])
        self.commit()
        return records

    def schedule(self, user=None, **values):
        """A committed schedule of the owner that gives records the kind "b"."""
        user = user or self.owner
        update = {"kind": "update", "values": {"kind": "b"}}
        selection = {"model": VALUE, "domain": "[('kind', '=', 'a')]", "action": update}
        given = {"name": "Nightly", **({} if "copied_from_id" in values else selection), **values}
        schedule = self.env["batch.job.schedule"].with_user(user).create(given)
        self.commit()
        return schedule

    def make_due(self, schedule, ago=timedelta(minutes=1), **columns):
        """Plan a run for a moment that is over, as the time that passes does."""
        self.runs += 1
        planned = self.start - ago - timedelta(seconds=self.runs)  # each run has its own
        columns = {"next_run": planned, "not_before": None, **columns}
        assignments = ", ".join(f"{name} = %s" for name in columns)
        self.cr.execute(
            f"UPDATE batch_job_schedule SET {assignments} WHERE id = %s",
            [*columns.values(), schedule.id],
        )
        self.commit()
        return planned

    def run_due(self):
        """Be the scheduled action, on a cursor of its own."""
        self.commit()
        with self.registry.cursor() as cr:
            Schedules(self.env(cr=cr)).run()
        self.renew()

    def run_once(self, schedule, **columns):
        """Make a schedule due, run it and give its status."""
        self.make_due(schedule, **columns)
        self.run_due()
        return schedule.status()

    def jobs_of(self, schedule):
        return self.env["batch.job"].search([("schedule_id", "=", schedule.id)], order="id")
