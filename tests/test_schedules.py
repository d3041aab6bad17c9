"""Schedules: what a run does, when it runs, and what stands in its way."""

from datetime import timedelta, timezone
from unittest.mock import patch
from zoneinfo import ZoneInfo

from odoo import fields
from odoo.exceptions import UserError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..dispatch.scheduled_job import ScheduledJob
from ..dispatch.schedules import CRON, TRY_AGAIN, Schedules
from .schedule_cases import VALUE, ScheduleCase


@tagged("post_install", "-at_install")
class TestRuns(ScheduleCase):
    """A run submits a job like any other."""

    def test_each_run_searches_anew(self):
        """The records are looked for at each run, as the owner, and the job is the owner's."""
        one, other = self.values("one", kind="a"), self.values("other")
        schedule = self.schedule()
        status = self.run_once(schedule)
        (job,) = self.jobs_of(schedule)
        self.assertEqual((status["last_result"], status["job"]), ("started", job.id))
        self.assertFalse(schedule.has_relative_dates)
        self.assertEqual(status["note"], f"Job {job.id} was started.")
        self.assertEqual((job.user_id, job.total), (self.owner, 1))
        self.run_to_end(job)
        self.assertEqual((one.kind, one.write_uid, other.kind), ("b", self.owner, False))
        other.kind = "a"
        self.commit()
        self.run_once(schedule)
        self.assertEqual(self.jobs_of(schedule).mapped("total"), [1, 1])

    def test_name_key_and_history(self):
        """The job has the planned time in its name and in its key, and says where it comes from."""
        self.values("one", kind="a")
        schedule = self.schedule(tz="Europe/Brussels")
        planned = self.make_due(schedule)
        self.run_due()
        (job,) = self.jobs_of(schedule)
        there = planned.replace(tzinfo=timezone.utc).astimezone(ZoneInfo("Europe/Brussels"))
        self.assertEqual(job.name, f"Nightly, {there:%m/%d/%Y %H:%M}")
        key = f"batch.job.schedule {schedule.id} {planned:%Y-%m-%dT%H:%M:%S}Z"
        self.assertEqual(job.idempotency_key, key)
        (event,) = job.with_user(self.owner).history()["events"]
        self.assertEqual((event["event"], event["by"]["id"]), ("submit", self.owner.id))
        self.assertIn(f"Run of the schedule “Nightly” ({schedule.id})", event["reason"])

    def test_nothing_found_makes_no_job(self):
        """Where no record fits there is no job, and the schedule says so and goes on."""
        schedule = self.schedule()
        status = self.run_once(schedule)
        self.assertEqual((status["last_result"], status["job"]), ("nothing", None))
        self.assertGreater(schedule.next_run, fields.Datetime.now())

    def test_relative_dates_stay_relative(self):
        """Dates stay relative: both kinds of them are evaluated at each run."""
        day = fields.Date.today() - timedelta(days=100)
        self.values("old", day=day)
        self.values("new", day=fields.Date.today())
        for domain in (
            "[('day', '<', 'today -1m')]",
            "[('day', '<', (context_today() - relativedelta(months=1)).strftime('%Y-%m-%d'))]",
        ):
            schedule = self.schedule(domain=domain)
            self.run_once(schedule)
            self.assertEqual(self.jobs_of(schedule).total, 1)
            self.assertEqual((schedule.domain, schedule.has_relative_dates), (domain, True))
            opened = schedule.action_open_records()
            self.assertEqual(self.env[VALUE].search(opened["domain"]).mapped("name"), ["old"])

    def test_a_copy_of_a_job(self):
        """A schedule of a job repeats its own copy of the operations, in the job's context."""
        (one,) = self.values("one")
        write = {"op": "write", "model": VALUE, "ids": one.ids, "values": {"number": 5}}
        upsert = {"op": "upsert", "model": VALUE, "key": ["name"], "values": {"name": "two"}}
        options = {"chunk_size": 1, "priority": 7, "max_failures": 3}
        job = self.submit_and_run([write, upsert], self.owner, **options)
        schedule = self.schedule(copied_from_id=job.id)
        self.assertEqual((schedule.what, schedule.is_own), (job.with_user(self.owner).what, True))
        job.unlink()
        one.number = 0
        self.commit()
        self.run_once(schedule)
        copy = self.jobs_of(schedule)
        self.run_to_end(copy)
        self.assertEqual((one.number, self.env[VALUE].search_count([("name", "=", "two")])), (5, 1))
        self.assertEqual((copy.chunk_size, copy.priority, copy.max_failures), (1, 7, "3"))
        self.assertEqual(copy.status()["state"], "done")

    def test_unrepeatable_job_is_not_scheduled(self):
        """A job that may not be repeated is not scheduled, and the reason names the operation."""
        write = {"op": "write", "model": VALUE, "ids": [1], "values": {"number": 1}}
        for operation, reason in (
            (
                {"op": "create", "model": VALUE, "values": {"name": "x"}},
                "make its record once more",
            ),
            ({"op": "unlink", "model": VALUE, "ids": [1]}, "gone after the first run"),
            ({"op": "call", "model": VALUE, "ids": [1], "method": "add"}, "may be called again"),
            ({"op": "load", "model": VALUE, "fields": ["name"], "row": ["x"]}, "without a key"),
        ):
            job = self.submit([write, operation], self.owner)
            with self.assertRaisesRegex(UserError, rf"Operation 1: .*{reason}"):
                self.schedule(copied_from_id=job.id)
            self.assertEqual(job.with_user(self.owner).can_schedule, operation["op"] == "load")
            alone = self.submit([operation], self.owner)
            self.assertFalse(alone.with_user(self.owner).can_schedule)
        keyed = {"op": "load", "model": VALUE, "fields": ["name"], "row": ["x"], "key": ["name"]}
        self.assertTrue(self.submit([keyed], self.owner).with_user(self.owner).can_schedule)
        dry = self.submit([write], self.owner, dry_run=True)
        with self.assertRaisesRegex(UserError, "is a dry run"):
            self.schedule(copied_from_id=dry.id)


@tagged("post_install", "-at_install")
class TestTimes(ScheduleCase):
    """When a schedule runs; the calendar itself is tested in tests/unit/test_schedule.py."""

    def test_button_takes_the_time_zone_of_the_user(self):
        """The form's context has the time zone of the browser, for its texts only."""
        self.owner.tz = "Europe/Berlin"
        write = {
            "op": "write",
            "model": VALUE,
            "ids": self.values("a").ids,
            "values": {"kind": "b"},
        }
        job = self.submit_and_run([write], self.owner)
        action = job.with_user(self.owner).with_context(tz="Asia/Tokyo").action_schedule()
        self.commit()
        self.assertEqual(
            self.env["batch.job.schedule"].browse(action["res_id"]).tz, "Europe/Berlin"
        )

    def test_at_night_unless_told(self):
        """A new schedule runs each day, next at 2 o'clock of its owner."""
        self.owner.tz = "Asia/Tokyo"
        schedule = self.schedule()
        local = fields.Datetime.context_timestamp(
            schedule.with_context(tz="Asia/Tokyo"), schedule.next_run
        )
        self.assertEqual((local.hour, local.minute, schedule.tz), (2, 0, "Asia/Tokyo"))
        self.assertLess(schedule.next_run - fields.Datetime.now(), timedelta(days=1))
        self.assertIn("Every day at 2:00", schedule.rhythm.replace("02", "2"))

    def test_a_server_that_was_down(self):
        """However many runs were missed, there is one, and the next is in the future."""
        self.values("one", kind="a")
        schedule = self.schedule()
        long_ago = timedelta(days=40, hours=3)
        first = fields.Datetime.now() - long_ago
        self.make_due(schedule, long_ago, first_run=first)
        self.run_due()
        self.run_due()
        self.assertEqual(len(self.jobs_of(schedule)), 1)
        ahead = schedule.next_run - fields.Datetime.now()
        self.assertTrue(timedelta() < ahead <= timedelta(hours=24), ahead)

    def test_a_clock_that_was_ahead(self):
        """A run of next year does not keep the schedule from running tomorrow."""
        schedule = self.schedule(next_run="2026-01-01 02:00:00")
        now = fields.Datetime.now()
        year = timedelta(days=365)
        self.make_due(schedule, -year - timedelta(days=1), last_planned=now + year)
        self.run_due()
        self.assertLessEqual(schedule.next_run - fields.Datetime.now(), timedelta(days=1))
        self.assertFalse(schedule.last_planned)

    def test_a_clock_that_is_set_back_within_the_day(self):
        """The same planned time comes once more, and finds the job that it has started."""
        self.values("one", kind="a")
        schedule = self.schedule()
        planned = self.make_due(schedule)
        self.run_due()
        (job,) = self.jobs_of(schedule)
        self.run_to_end(job)
        self.make_due(schedule, next_run=planned)
        self.values("two", kind="a")
        self.run_due()
        self.assertEqual(self.jobs_of(schedule), job)
        self.assertEqual(schedule.note, f"Job {job.id} of this run had been started before.")
        self.assertGreater(schedule.next_run, fields.Datetime.now())

    def test_resume_leaves_out_missed_runs(self):
        """What a pause has missed is left out: the next run is at the next time."""
        schedule = self.schedule()
        schedule.pause()
        self.commit()
        self.make_due(schedule)
        self.run_due()
        self.assertEqual(schedule.status()["note"], f"Paused by {self.owner.name}.")
        schedule.resume()
        self.assertGreater(schedule.next_run, fields.Datetime.now())
        self.assertEqual(schedule.status()["last_result"], None)

    def test_odoo_is_told(self):
        """Odoo calls the scheduled action at the time of the next schedule."""
        cron = self.env.ref("batch_job.batch_job_schedules")
        schedule = self.schedule(next_run="2031-05-05 05:05:00")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.addCleanup(triggers.sudo().unlink)
        self.assertIn(schedule.next_run, triggers.mapped("call_at"))

    def test_a_neutralized_copy(self):
        """A copy of the database runs no schedule, and says why."""
        schedule = self.schedule()
        for query in get_neutralization_queries(["batch_job"]):
            self.cr.execute(query)
        self.env.invalidate_all()
        self.assertEqual((schedule.active, schedule.last_result), (False, "paused"))
        self.assertEqual(schedule.note, "Paused because this database is a neutralized copy.")

    def test_each_run_now_wakes_odoo(self):
        """Also in the second of another one, whose call is at work and then removes its trigger."""
        one, other = self.schedule(), self.schedule()
        cron = self.env.ref(CRON)
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        with patch.object(fields.Datetime, "now", return_value=fields.Datetime.now()):
            one.run_now()
            other.run_now()
        self.commit()
        made = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]) - triggers
        self.assertEqual(len(made), 2)

    def test_run_now_keeps_the_times(self):
        """Run Now runs it once more and leaves its times as they are."""
        self.values("one", kind="a")
        schedule = self.schedule(next_run="2031-05-05 05:05:00")
        schedule.run_now()
        self.run_due()
        self.assertEqual(len(self.jobs_of(schedule)), 1)
        self.assertEqual(str(schedule.next_run), "2031-05-05 05:05:00")


@tagged("post_install", "-at_install")
class TestTrouble(ScheduleCase):
    """What is in the way of a run stands on the schedule, and stops no other one."""

    def setUp(self):
        super().setUp()
        self.values("one", kind="a")

    def test_skipped_while_the_last_job_lives(self):
        """A run is skipped, and says why, while a job of the schedule has not ended."""
        schedule = self.schedule()
        self.run_once(schedule)
        (job,) = self.jobs_of(schedule)
        for state in ("Queued", "Paused"):
            status = self.run_once(schedule)
            self.assertEqual((status["last_result"], status["job"]), ("skipped", job.id))
            self.assertIn(f"job {job.id} of this schedule has not ended ({state})", status["note"])
            job.pause()
            self.commit()
        job.cancel()
        self.commit()
        self.run_once(schedule)
        self.assertEqual(len(self.jobs_of(schedule)), 2)

    def test_an_archived_owner(self):
        """A schedule whose owner is archived is paused, and says why."""
        user = self.new_user("schedule_archived")
        schedule = self.schedule(user)
        user.active = False
        self.commit()
        status = self.run_once(schedule.with_user(self.admin))
        self.assertEqual((status["active"], status["last_result"]), (False, "paused"))
        self.assertIn("Schedule_Archived, is archived", status["note"])
        self.assertFalse(self.jobs_of(schedule))

    def test_run_without_room_waits(self):
        """Where there is no room the same run is tried again later, and says so."""
        self.env["ir.config_parameter"].set_param("batch_job.open_per_user", "1")
        self.addCleanup(self.remove_limit)
        job = self.submit(
            [{"op": "write", "model": VALUE, "ids": [1], "values": {"number": 1}}], self.owner
        )
        schedule = self.schedule()
        planned = self.make_due(schedule)
        self.run_due()
        self.assertEqual((schedule.last_result, schedule.next_run), ("waiting", planned))
        self.assertIn("No room for the job now", schedule.note)
        self.assertGreater(schedule.not_before, fields.Datetime.now() + TRY_AGAIN / 2)
        self.run_due()  # not yet
        job.cancel()
        self.make_due(schedule, next_run=planned)
        self.run_due()
        self.assertEqual((schedule.last_result, len(self.jobs_of(schedule))), ("started", 1))

    def remove_limit(self):
        self.renew()
        self.env["ir.config_parameter"].set_param("batch_job.open_per_user", False)
        self.commit()

    def test_errors_stop_no_other_one(self):
        """A refused run goes on at its next time; what comes after it runs as ever."""
        broken, good = self.schedule(name="A"), self.schedule(name="B")
        self.make_due(broken, timedelta(hours=2), domain_text="[('colour', '=', 'blue')]")
        self.make_due(good)
        self.run_due()
        self.assertEqual((broken.last_result, good.last_result), ("refused", "started"))
        self.assertIn("colour", broken.note)
        self.assertTrue(broken.active)
        self.assertGreater(broken.next_run, fields.Datetime.now())

    def test_an_error_of_the_server(self):
        """An error that nobody has foreseen is named too, and its traceback is in the log."""
        schedule = self.schedule()
        with (
            patch.object(ScheduledJob, "_name", side_effect=ZeroDivisionError),
            mute_logger("odoo.addons.batch_job.dispatch.schedules"),
        ):
            status = self.run_once(schedule)
        self.assertEqual(status["last_result"], "refused")
        self.assertIn("ZeroDivisionError", status["note"])

    def test_a_run_that_ends_its_worker(self):
        """It is tried again later, after all others, and given up after three times."""
        killer, other = self.schedule(name="A"), self.schedule(name="B")
        self.make_due(killer, timedelta(hours=2))
        self.make_due(other)
        for tries in (1, 2, 3):
            with self.registry.cursor() as cr:
                claimed = Schedules(self.env(cr=cr))._claim()  # and the worker dies
            self.assertEqual((claimed["id"], claimed["tries"]), (killer.id, tries))
            self.renew()
            self.assertGreater(killer.not_before, fields.Datetime.now())
            if tries == 1:
                self.run_due()
                self.assertEqual((killer.last_result, other.last_result), (False, "started"))
            self.make_due(killer, timedelta(hours=2))
        self.run_due()
        self.assertEqual((killer.last_result, killer.tries), ("refused", 0))
        self.assertEqual(killer.note, "The server ended 3 times while it submitted this run.")
        self.assertGreater(killer.next_run, fields.Datetime.now())


@tagged("post_install", "-at_install")
class TestOnce(ScheduleCase):
    """A run happens once, whoever else is at it."""

    def setUp(self):
        super().setUp()
        self.values("one", kind="a")

    def cursor(self):
        cr = self.registry.cursor()
        self.addCleanup(cr.close)
        return cr

    def test_two_cron_workers(self):
        """Of two cron workers one submits the job; the other finds nothing to do, and waits not."""
        schedule = self.schedule()
        self.make_due(schedule)
        one, other = (Schedules(self.env(cr=self.cursor())) for _n in range(2))
        claimed = one._claim()
        self.assertIsNone(other._claim())
        one.begin()
        self.assertTrue(one._lock(claimed))
        other._run_one(claimed)  # as if the first had been given up
        one.env.cr.rollback()
        other._run_one(claimed)
        one._run_one(claimed)
        self.renew()
        self.assertEqual(len(self.jobs_of(schedule)), 1)

    def test_a_crash_before_the_commit(self):
        """Job and schedule are committed together: a run that was lost leaves no job behind."""
        schedule = self.schedule()
        self.make_due(schedule)
        one = Schedules(self.env(cr=self.cursor()))
        claimed = one._claim()
        one.begin()
        self.assertEqual(one._result(one._lock(claimed)).kind, "started")
        one.env.cr.rollback()  # the crash
        self.renew()
        self.assertFalse(self.jobs_of(schedule))
        self.make_due(schedule, next_run=claimed["next_run"])
        self.run_due()
        self.assertEqual(len(self.jobs_of(schedule)), 1)

    def test_run_with_another_time_is_dropped(self):
        """A run that was claimed is dropped if somebody gives the schedule another time."""
        schedule = self.schedule()
        self.make_due(schedule)
        one = Schedules(self.env(cr=self.cursor()))
        claimed = one._claim()
        self.renew()
        schedule.next_run = "2031-05-05 05:05:00"
        self.commit()
        one._run_one(claimed)
        self.renew()
        self.assertFalse(self.jobs_of(schedule))
        self.assertEqual(str(schedule.next_run), "2031-05-05 05:05:00")
