from unittest.mock import patch

from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import tagged

from ..dispatch.claim import Claims
from ..dispatch.work import Work
from ..execution.checks.lessons import Lessons
from ..execution.worker.deadline import Deadline
from .races import FAIL, PATIENCE, RaceCase


class HistoryCase(RaceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        prefix = cls.__name__.lower()
        cls.owner = cls.new_user(f"{prefix}_owner")
        groups = "base.group_user,batch_job.group_manager"
        cls.manager = cls.new_user(f"{prefix}_manager", groups)

    def verb(self, job, name, user=None, **arguments):
        reply = self.rpc(user or self.owner, "batch.job", name, job.ids, **arguments)
        self.assertEqual(reply.status, 200, reply.body)

    def history(self, job, user=None):
        reply = self.rpc(user or self.owner, "batch.job", "history", job.ids)
        self.assertEqual(reply.status, 200, reply.body)
        return reply.body["events"]

    def lines(self, job):
        """(event, who, state then) of each event; the counts add up to those of the job."""
        events = self.history(job)
        self.assert_adds_up(job, events)
        return [
            (one["event"], one["by"] and one["by"]["name"].split("_")[-1], one["state"])
            for one in events
        ]

    def assert_adds_up(self, job, events):
        """What landed, less what ran again, are the operations that have ended; and times rise."""
        landed = sum(one["succeeded"] + one["failed"] + one["skipped"] for one in events)
        status = job.status()
        ended = status["total"] - status["remaining"]
        self.assertEqual(landed - sum(one["again"] for one in events), ended)
        for one in events:
            self.assertEqual(sum(cause["count"] for cause in one["causes"]), one["failed"])
        times = [one["at"] for one in events]
        self.assertEqual(times, sorted(times))

    def counts(self, job):
        """(event, succeeded, failed, skipped, again) of each event."""
        names = ("event", "succeeded", "failed", "skipped", "again")
        return [tuple(one[name] for name in names) for one in self.history(job)]

    def reasons(self, job):
        return [one["reason"] for one in self.history(job)]


@tagged("post_install", "-at_install")
class TestVerbs(HistoryCase):
    """Who did what to a job is kept, in order, with what has landed since the event before."""

    def test_every_verb_is_kept_in_order(self):
        """Verbs of the owner and of a manager are kept in order, with the ends between them."""
        job = self.submit([*self.creates("verbs", 3), FAIL], self.owner, start=False, chunk_size=2)
        self.verb(job, "start")
        self.runner().step()
        self.verb(job, "pause", self.manager)
        self.run_jobs()
        self.verb(job, "resume")
        self.run_jobs()
        self.verb(job, "retry", self.manager)
        self.verb(job, "cancel")
        self.verb(job, "retry", cancelled=True)
        self.run_jobs()
        self.assertEqual(
            self.lines(job),
            [
                ("submit", "Owner", "draft"),
                ("start", "Owner", "queued"),
                ("pause", "Manager", "paused"),
                ("landed", None, "paused"),
                ("resume", "Owner", "queued"),
                ("end", None, "partial"),
                ("retry", "Manager", "queued"),
                ("cancel", "Owner", "cancelled"),
                ("end", None, "cancelled"),
                ("retry", "Owner", "queued"),
                ("end", None, "partial"),
            ],
        )
        self.assertEqual(
            [one for one in self.counts(job) if any(one[1:])],
            [
                ("landed", 2, 0, 0, 0),
                ("end", 1, 1, 0, 0),
                ("retry", 0, 0, 0, 1),
                ("end", 0, 0, 1, 0),
                ("retry", 0, 0, 0, 1),
                ("end", 0, 1, 0, 0),
            ],
        )

    def test_causes_of_before_a_retry(self):
        """A retry forgets no cause: each run has its own, and its seconds at work."""
        job = self.submit([FAIL, {**FAIL, "ids": [2**30]}], self.owner)
        self.run_jobs()
        self.verb(job, "retry")
        self.run_jobs()
        ends = [one for one in self.history(job) if one["event"] == "end"]
        kinds = [sorted(cause["type"] for cause in one["causes"]) for one in ends]
        self.assertEqual(kinds, [["missing", "user_error"]] * 2)
        for one in ends:
            self.assertGreater(one["seconds"], 0)
        self.assertRegex(ends[0]["at"], r"\.\d{6}\+00:00$")

    def test_what_changes_nothing(self):
        """A verb that finds nothing to do, and a repeated submission, leave no event."""
        job = self.submit(self.creates("same", 1), self.owner, idempotency_key="same")
        self.submit(self.creates("same", 1), self.owner, idempotency_key="same")
        for verb in ("start", "resume", "retry"):
            self.verb(job, verb)
        self.run_jobs()
        for verb in ("pause", "resume", "cancel", "retry"):
            self.verb(job, verb)
        self.assertEqual(self.lines(job), [("submit", "Owner", "queued"), ("end", None, "done")])

    def test_dry_run_then_for_real(self):
        """A dry run that is run for real has two runs; all operations run again."""
        job = self.submit(self.creates("trial", 2), self.owner, dry_run=True)
        self.run_jobs()
        self.verb(job, "start")
        self.run_jobs()
        self.assertEqual(
            self.counts(job),
            [
                ("submit", 0, 0, 0, 0),
                ("end", 2, 0, 0, 0),
                ("start", 0, 0, 0, 2),
                ("end", 2, 0, 0, 0),
            ],
        )
        events = self.history(job)
        self.assert_adds_up(job, events)
        self.assertEqual([one["dry_run"] for one in events], [True, True, False, False])
        self.assertEqual(
            job.event_ids.mapped("happened"),
            ["Ended: Done", "Started for real", "Ended: Done (dry run)"] + ["Submitted (dry run)"],
        )

    def test_execute_is_submitted_and_ended(self):
        """A job of `execute` was submitted, and has ended."""
        operations = [*self.creates("now", 1), FAIL]
        reply = self.rpc(self.owner, "batch.job", "execute", operations=operations)
        job = self.env["batch.job"].browse(reply.body["id"]).with_user(self.owner)
        self.assertEqual(
            self.lines(job), [("submit", "Owner", "running"), ("end", None, "partial")]
        )
        self.assertEqual(self.counts(job)[1], ("end", 1, 1, 0, 0))

    def test_limit_gives_the_latest_events(self):
        """With a limit the latest events come, oldest first."""
        job = self.submit(self.creates("limit", 1), self.owner)
        for verb in ("pause", "resume", "cancel"):
            self.verb(job, verb)
        reply = self.rpc(self.owner, "batch.job", "history", job.ids, limit=2)
        events = [one["event"] for one in reply.body["events"]]
        self.assertEqual(events, ["cancel", "end"])
        for limit in (0, 1_001, "2", True):
            reply = self.rpc(self.owner, "batch.job", "history", job.ids, limit=limit)
            self.assertEqual(reply.message, "limit is a number from 1 to 1000.")


@tagged("post_install", "-at_install")
class TestServer(HistoryCase):
    """What the server does by itself is in the history too, with its reason."""

    def assert_event(self, job, event, reason, state):
        (found,) = [one for one in self.history(job) if one["event"] == event]
        self.assertEqual((found["by"], found["state"], found["reason"]), (None, state, reason))
        self.assert_adds_up(job, self.history(job))

    def test_policy_stop_pauses_with_its_reason(self):
        """Policy `stop` pauses, and a resume runs the culprit again."""
        job = self.submit([FAIL, *self.creates("stop", 1)], self.owner, policy="stop")
        self.run_jobs()
        self.assert_event(job, "pause", "Operation 0 (row 1) failed: no", "paused")
        self.verb(job, "resume")
        self.run_jobs()
        self.verb(job, "resume", skip=True, index=0)
        self.run_jobs()
        self.assertEqual(
            self.counts(job),
            [
                ("submit", 0, 0, 0, 0),
                ("pause", 0, 1, 0, 0),
                ("resume", 0, 0, 0, 1),
                ("pause", 0, 1, 0, 0),
                ("resume", 0, 0, 0, 0),
                ("end", 1, 0, 0, 0),
            ],
        )
        self.assert_adds_up(job, self.history(job))

    def test_seconds_of_a_halted_chunk(self):
        """The seconds of a chunk that halted are counted once, though it goes on."""
        job = self.submit([FAIL, *self.creates("halted", 1)], self.owner, policy="stop")
        self.run_jobs()
        chunk = job.sudo().chunk_ids
        (_submit, pause) = self.history(job)
        self.assertGreater(pause["seconds"], 0)
        self.assertEqual(chunk.duration, 0)
        self.verb(job, "resume", skip=True)
        self.run_jobs()
        self.assertAlmostEqual(self.history(job)[-1]["seconds"], chunk.duration, places=3)

    def test_max_failures_pauses_with_its_reason(self):
        """`max_failures` pauses a job with the reason."""
        job = self.submit([FAIL] * 3, self.owner, max_failures=1)
        self.run_jobs()
        self.assert_event(job, "pause", job.status()["error"], "paused")
        self.assertIn("max_failures is 1", job.status()["error"])

    def test_archived_owner_pauses_with_the_reason(self):
        """The job of an archived owner is paused with the reason."""
        user = self.new_user(self._testMethodName)
        job = self.submit(self.creates("archived", 1), user)
        user.active = False
        self.run_jobs()
        job = job.with_user(self.manager)
        (_submit, pause) = self.history(job, self.manager)
        self.assertEqual((pause["event"], pause["by"]), ("pause", None))
        self.assertEqual(pause["reason"], job.status()["error"])

    def test_a_claim_that_fails(self):
        """So does a job with which the server cannot go on."""
        job = self.submit(self.creates("aside", 1), self.owner)
        with (
            patch.object(Claims, "fold", side_effect=ValueError),
            self.assertLogs("odoo.addons.batch_job.dispatch.claim", "ERROR"),
        ):
            self.runner().claim()
        self.assert_event(job, "pause", "The server could not go on with it: ValueError.", "paused")

    def test_time_limit_ends_with_its_reason(self):
        """A job that comes near its worker's time limit ends with the reason."""
        job = self.submit(self.creates("late", 2), self.owner, policy="all")
        runner, late = self.runner(), Deadline()
        late.is_near = lambda: True
        Work(runner.env).run(runner.claim(), Lessons(), late)
        self.assertIsNone(runner.claim())
        self.assert_event(job, "end", job.status()["error"], "failed")
        self.assertIn("came near its worker's time limit", job.status()["error"])

    def test_a_pause_before_the_chunk_has_landed(self):
        """What lands after a pause has its own event; after a resume it belongs to the next."""
        job = self.submit(self.creates("landed", 6), self.owner, chunk_size=2)
        runner = self.runner()
        claim = runner.claim()
        self.verb(job, "pause")
        runner.work(claim)
        self.assertIsNone(runner.claim())
        self.verb(job, "resume")
        claim = runner.claim()
        self.verb(job, "pause")
        self.verb(job, "resume")
        runner.work(claim)
        self.run_jobs()
        self.assertEqual(
            self.counts(job),
            [
                ("submit", 0, 0, 0, 0),
                ("pause", 0, 0, 0, 0),
                ("landed", 2, 0, 0, 0),
                ("resume", 0, 0, 0, 0),
                ("pause", 0, 0, 0, 0),
                ("resume", 0, 0, 0, 0),
                ("end", 4, 0, 0, 0),
            ],
        )

    def test_a_neutralized_copy(self):
        """A copy of the database says that it was neutralized."""
        job = self.submit(self.creates("copy", 4), self.owner, chunk_size=2)
        self.runner().step()
        self.renew()
        Claims(self.env).fold(self.locked(job))
        for query in get_neutralization_queries(["batch_job"]):
            self.cr.execute(query)
        self.commit()
        self.assert_event(
            job, "pause", "Paused because this database is a neutralized copy.", "paused"
        )
        self.verb(job, "resume")
        self.run_to_end(job)
        self.assertEqual(
            self.counts(job)[1:],
            [("pause", 2, 0, 0, 0), ("resume", 0, 0, 0, 0), ("end", 2, 0, 0, 0)],
        )


@tagged("post_install", "-at_install")
class TestRaces(HistoryCase):
    """An event is written under the lock on the job's row."""

    def test_two_verbs_and_a_runner(self):
        """A claim and a second verb wait for the first verb, and then go on: no deadlock, and the
        events are in the order of the locks. If the claim comes before the cancel, it counts what
        has landed."""
        job = self.submit(self.creates("race", 4), self.owner, chunk_size=2)
        runner = self.runner()
        runner.work(runner.claim())
        self.renew()
        job.pause()
        with self.registry.cursor() as cr:
            other = job.with_env(job.env(cr=cr))
            pid = cr.connection.info.backend_pid
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")

            def cancel():
                other.cancel()
                cr.commit()  # pylint: disable=invalid-commit

            waiting = [self.waiting(pid, cancel, keep=True)]
            waiting.append(self.waiting(runner.pid, runner.claim, keep=True))
            self.commit()
            self.assertEqual([one.result(PATIENCE) for one in waiting], [None, None])
        self.run_to_end(job)
        events = [one[0] for one in self.lines(job) if one[0] != "landed"]
        self.assertEqual(events, ["submit", "pause", "cancel", "end"])

    def test_a_user_who_is_being_deleted(self):
        """A verb does not wait for a transaction that holds the row of its user."""
        job = self.submit(self.creates("held", 1), self.owner)
        with self.registry.cursor() as cr:
            cr.execute("SELECT FROM res_users WHERE id = %s FOR UPDATE", [self.manager.id])
            self.cr.execute("SET LOCAL lock_timeout = '2s'")
            job.with_user(self.manager).pause()
            self.commit()
        self.assertEqual(self.lines(job)[1], ("pause", "Manager", "paused"))


@tagged("post_install", "-at_install")
class TestRights(HistoryCase):
    """The history is read by those who may read the job, and written by nobody."""

    def test_readers_of_a_job_read_its_history(self):
        """The owner and a manager read it, over `history` and as records; others see nothing."""
        job = self.submit(self.creates("rights", 1), self.owner)
        self.assertEqual(self.history(job), self.history(job, self.manager))
        other = self.new_user(f"{self._testMethodName}")
        domain = [("job_id", "=", job.id)]
        for user, count in ((self.owner, 1), (self.manager, 1), (other, 0)):
            found = self.rpc(user, "batch.job.event", "search_count", domain=domain)
            self.assertEqual(found, (200, count))
        self.assertEqual(self.rpc(other, "batch.job", "history", job.ids).status, 404)

    def test_nobody_writes_an_event(self):
        """Nobody, administrators included, writes, makes or deletes an event."""
        job = self.submit(self.creates("written", 1), self.owner)
        event = job.sudo().event_ids
        for user in (self.owner, self.manager, self.admin):
            for method, ids, arguments in (
                ("write", event.ids, {"vals": {"actor": "Somebody"}}),
                ("unlink", event.ids, {}),
                ("create", None, {"vals_list": [{"job_id": job.id, "event": "end"}]}),
            ):
                reply = self.rpc(user, "batch.job.event", method, ids, **arguments)
                self.assertEqual(reply.status, 403, (user.login, method))

    def test_deleted_with_its_job(self):
        """The history goes with the job."""
        job = self.submit_and_run(self.creates("gone", 1), self.owner)
        job.unlink()
        self.commit()
        query = "SELECT count(*) FROM batch_job_event WHERE job_id = %s"
        self.assertEqual(self.ask(query, job.id), (0,))
