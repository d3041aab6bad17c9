"""What the form says of a job's time, of its place in the queue, and of those who stopped it."""

from datetime import datetime, timedelta

from odoo import fields
from odoo.tests import new_test_user, tagged

from ..dispatch.locked_job import LockedJob
from ..dispatch.place import MOST_COUNTED, jobs_before
from .races import FAIL, RaceCase
from .view_cases import GROUPS, ViewsCase, create

NOWHERE = 2**31 - 1


@tagged("post_install", "-at_install")
class TestSecondsAtWork(RaceCase):
    """The seconds at work are those of the chunks of all runs, whatever time lies between them."""

    def assert_is_sum_of_history(self, job):
        seconds = [event["seconds"] for event in job.history()["events"]]
        self.assertAlmostEqual(job.work_seconds, sum(seconds), places=2)

    def test_a_retry_adds_to_them(self):
        """A retry an hour later adds its own seconds, and not the hour."""
        job = self.submit_and_run([*self.creates("at work", 3), FAIL], chunk_size=2)
        first = job.work_seconds
        self.assertGreater(first, 0)
        self.assert_is_sum_of_history(job)
        self.cr.execute("UPDATE batch_job SET started_at = started_at - interval '1 hour'")
        self.commit()
        job.retry()
        self.run_jobs()
        self.assertGreater(job.work_seconds, first)
        self.assert_is_sum_of_history(job)
        self.assertEqual(job.duration_text, "less than a second")

    def test_a_pause_is_no_work(self):
        """What landed before a pause and after it counts; the pause of policy stop too."""
        job = self.submit_and_run([*self.creates("pause", 2), FAIL], policy="stop")
        self.assertEqual(job.state, "paused")
        self.assert_is_sum_of_history(job)
        job.resume(skip=True)
        self.run_jobs()
        self.assertEqual(job.state, "partial")
        self.assert_is_sum_of_history(job)


@tagged("post_install", "-at_install")
class TestTimes(ViewsCase):
    def setUp(self):
        super().setUp()
        self.job = self.execute(create(name="A")).with_context(tz="UTC", lang="en_US")

    def assert_times(self, text):
        self.assertEqual(self.job.times.replace("\u202f", " "), text)

    def test_of_a_job_at_work(self):
        """One line: since when, how long at work, how fast, how long still."""
        today = fields.Datetime.now().replace(hour=14, minute=2)
        times = {"started_at": today, "finished_at": None, "work_seconds": 75.0}
        counts = {"total": 3204, "succeeded": 0, "rate": 267.0}
        self.change(self.job, state="running", **counts, **times)
        self.assert_times("2:02 PM · 1 min 15 s at work · 267 a second · 12 s left")

    def test_of_an_ended_job(self):
        """An ended job says from when to when, with each date that is not that of today, and how
        fast it was in its time at work, whatever its latest speed."""
        begin = datetime(2026, 1, 2, 14, 2)
        rest = "· 12 s at work · 1.5 a second"
        counts = {"succeeded": 17, "failed": 1, "rate": 400.0}
        self.change(self.job, work_seconds=12.0, started_at=begin, **counts)
        for minutes, end in ((0, ""), (2, " – 2:04 PM"), (24 * 60, " – 1/3/26, 2:02 PM")):
            self.change(self.job, finished_at=begin + timedelta(minutes=minutes))
            self.assert_times(f"1/2/26, 2:02 PM{end} {rest}")
        self.change(self.job, side_by_side=True)  # times at work of chunks at once are added up
        self.assertNotIn("a second", self.job.times)

    def test_times_are_those_of_the_reader(self):
        """The times are in the time zone of who looks."""
        begin = datetime(2026, 1, 2, 14, 2)
        self.change(self.job, work_seconds=0, rate=0, started_at=begin, finished_at=begin)
        self.job = self.job.with_context(tz="Asia/Tokyo")
        self.assert_times("1/2/26, 11:02 PM")

    def test_from_right_to_left(self):
        """In a language from right to left each part stays together, translated or not."""
        self.env["res.lang"]._activate_lang("ar_001")
        self.change(self.job, work_seconds=12.0, rate=1.5, started_at=None)
        times = self.job.with_context(lang="ar_001").times
        self.assertEqual([times.count(mark) for mark in "\u2068\u2069"], [2, 2])

    def test_of_a_job_that_never_ran(self):
        """A job that was cancelled before it ran has no times, and a draft neither."""
        for state in ("cancelled", "draft"):
            nothing = dict.fromkeys(("started_at", "finished_at", "rate", "work_seconds"))
            self.change(self.job, state=state, **nothing)
            self.assertFalse(self.job.times)


@tagged("post_install", "-at_install")
class TestPlace(ViewsCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cr.execute("UPDATE batch_job SET needs_runner = FALSE")
        cls.other = new_test_user(cls.env, "place_other", GROUPS)

    def queue(self, user=None, **options):
        jobs = self.env["batch.job"].with_user(user or self.owner)
        return jobs.browse(jobs.submit([create(name="A")], **options)["id"])

    def place(self, job):
        return job.times.split(" · ")[-1]

    def test_queued_job_says_its_place(self):
        """A queued job says how many jobs go before it; one at work does not."""
        jobs = [self.queue() for _number in range(3)]
        self.assertEqual(
            [self.place(job) for job in jobs],
            ["next in turn", "1 job before it", "2 jobs before it"],
        )
        self.change(jobs[2], state="running", started_at=fields.Datetime.now())
        self.assertNotIn("before it", jobs[2].times)

    def test_urgent_jobs_go_before(self):
        """What is more urgent goes before: below 0 of all, else of one's own jobs only."""
        job = self.queue()
        self.queue(self.other, priority=0)
        self.assertEqual(jobs_before(self.env, job.id), 0)
        self.queue(priority=0)
        self.assertEqual(jobs_before(self.env, job.id), 1)
        self.queue(self.manager, priority=-1)
        self.assertEqual(jobs_before(self.env, job.id), 2)
        self.queue(priority=20)
        self.assertEqual(jobs_before(self.env, job.id), 2)

    def test_what_does_not_count(self):
        """A job that is paused, or that begins tomorrow, goes before nobody; and one that begins
        tomorrow has no place itself."""
        self.queue().pause()
        tomorrow = fields.Datetime.now() + timedelta(days=1)
        later = self.queue(eta=tomorrow.isoformat())
        self.assertEqual(jobs_before(self.env, self.queue().id), 0)
        self.assertNotIn("next in turn", later.times)
        self.assertRegex(later.times, r"^Waits until \d+/\d+/\d+, ")
        later.eta = False
        self.assertRegex(later.times, r"^Waits since \d+:\d\d")

    def test_of_very_many(self):
        """The number has an end, and says so."""
        self.cr.execute(
            """
            INSERT INTO batch_job (name, user_id, policy, state, total, succeeded, failed, skipped,
                                   needs_runner, next_position, parts, max_parallel, chunk_size,
                                   priority, rate, queued_at)
            SELECT 'old', %s, 'isolate', 'queued', 1, 0, 0, 0, TRUE, 0, 0, 1, 0, 10, 0.0,
                   now() AT TIME ZONE 'UTC' - interval '1 hour'
              FROM generate_series(1, %s)
            """,
            [self.other.id, MOST_COUNTED + 20],
        )
        self.assertEqual(self.place(self.queue()), "100 jobs or more before it")


@tagged("post_install", "-at_install")
class TestWhoStopped(ViewsCase):
    def setUp(self):
        super().setUp()
        jobs = self.env["batch.job"].with_user(self.owner)
        self.job = jobs.browse(jobs.submit([create(name="A")])["id"])

    def test_owner_reads_who_stopped_the_job(self):
        """The owner reads who has paused or cancelled the job; who has done it needs not."""
        seen = self.job.with_user(self.manager)
        for verb, told in (("pause", "paused"), ("cancel", "cancelled")):
            getattr(seen, verb)()
            self.job.invalidate_recordset()
            self.assertTrue(
                self.job.stopped_text.startswith(f"{self.manager.name} {told} this job ("),
                self.job.stopped_text,
            )
            self.assertFalse(seen.stopped_text)

    def test_only_while_it_is_stopped(self):
        """A job that was resumed does not name who had paused it."""
        self.job.with_user(self.manager).pause()
        self.job.resume()
        self.assertFalse(self.job.stopped_text)

    def test_pause_by_the_server_names_nobody(self):
        """Of a pause by the server its reason is shown, and nobody is named."""
        locked = LockedJob.lock(self.env, self.job.id)
        locked.move("paused", error="Because.")
        locked.note("pause", reason="Because.")
        self.job.invalidate_recordset()
        self.assertFalse(self.job.stopped_text)


@tagged("post_install", "-at_install")
class TestHistoryInWords(ViewsCase):
    def test_event_says_who_did_what(self):
        """Each event says who did what, and what had landed."""
        jobs = self.env["batch.job"].with_user(self.owner)
        job = jobs.browse(jobs.submit([create(name="A"), create(name="B")])["id"])
        job.with_user(self.manager).pause()
        job.cancel()
        job.retry(cancelled=True)
        owner, manager = self.owner.name, self.manager.name
        self.assertEqual(
            [(one.actor, one.happened, one.result) for one in job.event_ids[::-1]],
            [
                (owner, "Submitted", False),
                (manager, "Paused", False),
                (owner, "Cancelled", False),
                ("Odoo", "Ended: Cancelled", "2 not run"),
                (owner, "Retried: 2 rows run again", False),
            ],
        )

    def test_one_row_again_is_singular(self):
        """One row that runs again is told in the singular."""
        job = self.execute(create(), create(name="A"))
        job.retry()
        self.assertEqual(job.event_ids[0].happened, "Retried: 1 row runs again")

    def test_end_says_why_rows_failed(self):
        """An end says why rows failed; only who may see the content reads the values."""
        job = self.execute(create(), create(), create(name="B", parent_id=NOWHERE))
        end = job.event_ids[0]
        self.assertEqual(end.result, "3 failed")
        seen, masked = end.why.splitlines(), end.with_user(self.manager).why.splitlines()
        self.assertEqual((seen[0], masked[0]), ("2 × Name is missing",) * 2)
        self.assertIn(str(NOWHERE), seen[1])
        self.assertTrue(masked[1].startswith("1 × "), masked)
        self.assertNotIn(str(NOWHERE), masked[1])
