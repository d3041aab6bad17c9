import runpy
from datetime import timedelta
from pathlib import Path

from odoo import fields
from odoo.exceptions import UserError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import tagged
from odoo.tools.misc import format_datetime

from .. import uninstall_hook
from ..dispatch.clean_up import RETENTION_PARAMETER
from ..dispatch.slots import Slots
from .common import CommittedCase
from .races import RaceCase


@tagged("post_install", "-at_install")
class TestRetention(RaceCase):
    """Operations of jobs that ended long ago go, their summaries stay."""

    def ended_job(self, days_ago):
        operations = self.creates(f"{self._testMethodName} {days_ago}", 3)
        operations[1]["values"] = {}
        job = self.submit_and_run(operations)
        self.cr.execute(
            "UPDATE batch_job SET finished_at = finished_at - make_interval(days => %s)"
            " WHERE id = %s",
            [days_ago, job.id],
        )
        self.commit()
        return job

    def vacuum(self):
        result = self.env["batch.job"]._gc_operations()
        self.commit()
        return result

    def test_old_operations_go(self):
        """After 30 days operations and chunks are deleted; state, counters and causes stay."""
        old, young = self.ended_job(31), self.ended_job(29)
        self.assertEqual(self.vacuum(), (4, False))
        self.assertEqual(self.outcomes(old), [])
        self.assertEqual(old.chunk_ids.ids, [])
        self.assert_counters(old, "partial", succeeded=2, failed=1)
        self.assertEqual([cause["count"] for cause in old.causes], [1])
        self.assertEqual(len(self.outcomes(young)), 3)
        self.assertEqual(self.vacuum(), (0, False))

    def test_days_kept_are_a_setting(self):
        """The number of days is a setting."""
        self.env["ir.config_parameter"].set_param(RETENTION_PARAMETER, "3")
        self.commit()
        self.addCleanup(self.commit)
        self.addCleanup(self.env["ir.config_parameter"].set_param, RETENTION_PARAMETER, False)
        old, young = self.ended_job(4), self.ended_job(2)
        self.vacuum()
        self.assertEqual((self.outcomes(old), len(self.outcomes(young))), ([], 3))

    def test_what_has_not_ended_stays(self):
        """However old: a draft, a queued or a paused job keeps its operations."""
        jobs = [
            self.submit(self.creates("draft", 1), start=False),
            self.submit(self.creates("queued", 1), eta="2100-01-01"),
            self.submit(self.creates("paused", 1), eta="2100-01-01"),
        ]
        jobs[2].pause()
        self.cr.execute("UPDATE batch_job SET finished_at = '2000-01-01', create_date='2000-01-01'")
        self.commit()
        self.assertEqual(self.vacuum(), (0, False))
        self.assertEqual([len(self.outcomes(job)) for job in jobs], [1, 1, 1])

    def test_retry_after_the_operations_have_gone(self):
        """There is nothing left to retry, and it says so: the job stays as it ended."""
        job = self.ended_job(31)
        self.vacuum()
        with self.assertRaisesRegex(UserError, "have been deleted since; submit them anew"):
            job.retry()
        self.renew()
        self.assert_counters(job, "partial", succeeded=2, failed=1)

    def test_odoo_calls_it(self):
        """Odoo's daily vacuum finds it by its mark."""
        self.assertTrue(type(self.env["batch.job"])._gc_operations._autovacuum)


@tagged("post_install", "-at_install")
class TestNeutralize(RaceCase):
    """A staging copy of a production database runs none of its jobs."""

    def test_neutralized_copy_runs_no_job(self):
        """Queued and running jobs are paused and say why, nothing can be claimed; resumed, they
        do exactly what was left."""
        queued = self.submit(self.creates("neutral queued", 2))
        running = self.submit(self.creates("neutral running", 4), chunk_size=2, priority=1)
        draft = self.submit(self.creates("neutral draft", 1), start=False)
        production = self.runner()
        production.step()
        production.claim()
        production.lose_its_locks()
        for query in get_neutralization_queries(["batch_job"]):
            self.renew()
            self.cr.execute(query)
        self.commit()
        states = [job.status()["state"] for job in (queued, running, draft)]
        self.assertEqual(states, ["paused", "paused", "draft"])
        self.assertEqual(
            running.status()["error"], "Paused because this database is a neutralized copy."
        )
        self.assertIsNone(self.runner(1).claim())
        running.resume()
        self.commit()
        self.run_to_end(running)
        self.assert_counters(running, "done", succeeded=4)
        self.assertEqual(self.states(queued), ["pending"] * 2)


@tagged("post_install", "-at_install")
class TestWhyStalled(RaceCase):
    """A queue that does not move says why. What these change is never committed."""

    def waiting_job(self, minutes=3, **options):
        job = self.submit(self.creates(self._testMethodName, 1), **options)
        self.cr.execute(
            "UPDATE batch_job SET queued_at = queued_at - make_interval(mins => %s) WHERE id = %s",
            [minutes, job.id],
        )
        self.crons = Slots(self.env).all()
        self.crons.write({"lastcall": fields.Datetime.now() - timedelta(hours=1)})
        self.env.flush_all()
        return job

    def test_short_wait_is_not_stalled(self):
        """A job that has waited for less than two minutes is not stalled."""
        self.assertIsNone(self.waiting_job(minutes=1).status()["error"])

    def test_not_before_its_time(self):
        """A job that waits for its time is not stalled."""
        self.assertIsNone(self.waiting_job(eta="2100-01-01").status()["error"])

    def test_paused_time_is_not_waiting(self):
        """What was paused for long has not waited for a runner all the while."""
        job = self.waiting_job()
        job.pause()
        self.assertEqual(job.resume()["error"], None)

    def test_switched_off_actions_are_named(self):
        """A stalled job says that the scheduled actions are archived."""
        job = self.waiting_job()
        self.crons.write({"active": False})
        self.assertEqual(
            job.status()["error"],
            "The scheduled actions “Batch Jobs: runner …” are switched off. "
            "A Settings administrator can switch them on: Batch Jobs, Overview, Switch Them On.",
        )

    def test_pending_upgrade_is_named(self):
        """A stalled job says that Odoo runs nothing while a module waits for its upgrade."""
        job = self.waiting_job()
        self.cr.execute("UPDATE ir_module_module SET state = 'to upgrade' WHERE name = 'base'")
        self.assertEqual(
            job.status()["error"],
            "A module installation or upgrade is pending: Odoo runs no scheduled action until it "
            "is finished.",
        )

    def test_busy_runners_are_named(self):
        """A stalled job says that the runners have been there lately, but had other jobs."""
        job = self.waiting_job()
        self.crons.write({"lastcall": fields.Datetime.now()})
        self.assertEqual(job.status()["error"], "The runners are busy with other jobs.")

    def test_missing_runners_are_named(self):
        """A stalled job says since when no Odoo process has run scheduled actions."""
        job = self.waiting_job()
        lastcall = format_datetime(self.env, self.crons[0].lastcall)
        self.assertEqual(
            job.status()["error"],
            f"No runner has looked at the queue since {lastcall}. Start Odoo with "
            "--max-cron-threads of 1 or more; if it has that, look into its log.",
        )

    def test_the_form_says_so_too(self):
        """What status reports is a field of the job."""
        job = self.waiting_job()
        self.crons.write({"active": False})
        self.assertEqual(job.stalled_reason, job.status()["error"])


@tagged("post_install", "-at_install")
class TestUninstall(CommittedCase):
    def test_what_odoo_does_not_know_of(self):
        """No report of a dry run stays for another job of the same id, no runner, no setting."""
        report = {"name": "Dry run.csv", "res_model": "batch.job", "res_id": 1, "raw": b"0"}
        attachment = self.env["ir.attachment"].create(report)
        self.env["ir.config_parameter"].set_param("batch_job.runners", "3")
        uninstall_hook(self.env)
        self.assertFalse(attachment.exists())
        self.assertFalse(self.env["ir.config_parameter"].get_param("batch_job.runners"))
        self.assertFalse(Slots(self.env).all())


@tagged("post_install", "-at_install")
class TestUpgrade(CommittedCase):
    def test_from_the_model_of_the_runner(self):
        """The scheduled actions of a database of 1.0 call the job's model after the upgrade."""
        cr, slots = self.env.cr, Slots(self.env).all()
        old = self.env["ir.model"].create({"name": "Old", "model": "x_batch.job.runner"})
        cr.execute("UPDATE ir_model SET model = 'batch.job.runner' WHERE id = %s", [old.id])
        actions = slots.ir_actions_server_id
        cr.execute(
            "UPDATE ir_act_server SET model_id = %s, code = replace(code, '_slot(', '(')"
            " WHERE id = ANY(%s)",
            [old.id, actions.ids],
        )
        self.env.invalidate_all()
        self.assertFalse(Slots(self.env).all())
        script = Path(__file__).parent.parent / "migrations/19.0.1.1.0/pre-migrate.py"
        runpy.run_path(str(script))["migrate"](cr, "19.0.1.0.0")
        self.env.invalidate_all()
        self.assertEqual(Slots(self.env).all(), slots)
        codes = [f"model._run_slot({number})" for number in range(len(slots))]
        self.assertEqual(slots.mapped("code"), codes)
        self.renew()
