from odoo.tests import tagged

from ..dispatch.work import Work
from ..execution.checks.lessons import Lessons
from ..execution.worker.deadline import Deadline
from .races import ITEM, ItemRaceCase, waits_at_gate

HOW_FAR = (
    "The dry run came near its worker's time limit (120 s real time, 60 s CPU time) and ended "
    "itself; nothing was kept. Operations that were tried: %s of %s; skipped: %s. A retry tries "
    "the rest in a new transaction, which does not see what the first ones would have made. To try "
    "all in one, raise the limit."
)
APART = (
    "Tried in several transactions, each rolled back: an operation did not see what those of an "
    "earlier transaction would have made. So two of them with one key may both seem good, and one "
    "that names a record of an earlier transaction may fail, though the real run would do it."
)
NOT_TRIED = {
    "type": "time_limit",
    "message": "Not tried: the time of the dry run was over. A retry tries it.",
    "field": None,
}


class OverAt(Deadline):
    """Its time is over as soon as a dry run has come to a position."""

    def __init__(self, ask, position):
        super().__init__()
        self.reached = lambda: ask("SELECT COALESCE(max(step_position), 0) FROM batch_job")[0]
        self.position = position

    def is_near(self):
        return self.reached() >= self.position


class OverAfter(Deadline):
    """Its time is over after so many looks at the clock."""

    def __init__(self, looks):
        super().__init__()
        self.looks = looks

    def is_near(self):
        self.looks -= 1
        return self.looks < 0


@tagged("post_install", "-at_install")
class TestDryRunTime(ItemRaceCase):
    """A dry run for which the time of its worker does not suffice."""

    def dry(self, operations, **options):
        options = {"policy": "chunk", "chunk_size": 10, **options}
        return self.submit(operations, dry_run=True, **options)

    def work(self, deadline):
        runner = self.runner()
        Work(runner.env).run(runner.claim(), Lessons(), deadline)
        runner.close()
        self.run_jobs()

    def work_until(self, position):
        self.work(OverAt(self.ask, position))

    def assert_nothing_kept(self):
        self.renew()
        self.assertEqual(self.env[ITEM].search_count([]), 0)

    def test_what_was_tried_stays(self):
        """What was tried keeps its outcome, nothing is failed for the limit, the rest is skipped;
        the job says how many of how many were tried. It may be run for real all the same."""
        operations = self.creates("limit", 30)
        operations[3]["values"] = {}
        job = self.dry(operations)
        self.work_until(20)
        self.assert_counters(job, "partial", succeeded=10, failed=1, skipped=19)
        tried = [*["rolled_back"] * 3, "failed", *["rolled_back"] * 6, *["done"] * 10]
        self.assertEqual(self.states(job), [*tried, *["skipped"] * 10])
        outcomes = self.outcomes(job)
        self.assertEqual(outcomes[3]["error"]["type"], "required")
        self.assertEqual([one["error"] for one in outcomes[20:]], [NOT_TRIED] * 10)
        status = job.status()
        self.assertEqual((status["untried"], status["error"]), (10, HOW_FAR % (20, 30, 10)))
        self.assertEqual([cause["count"] for cause in job.causes], [1])
        self.assert_nothing_kept()
        job.start()
        self.run_jobs()
        self.assert_counters(job, "partial", succeeded=20, failed=1, skipped=9)
        self.assertEqual((job.status()["untried"], job.status()["error"]), (0, None))

    def test_in_the_midst_of_a_step(self):
        """Under `isolate` each operation that was reached has its outcome; of a chunk under `chunk`
        none has, since nobody knows whether a later one would have undone it."""
        calls = [
            {"op": "call", "model": ITEM, "method": "create_gated", "kwargs": {"name": f"{n}"}}
            for n in range(30)
        ]
        for policy, tried, state in (("isolate", 3, "partial"), ("chunk", 0, "failed")):
            with self.subTest(policy=policy):
                job = self.dry(calls, policy=policy)
                self.work(OverAfter(3))
                self.assert_counters(job, state, succeeded=tried, skipped=30 - tried)
                self.assertEqual(job.status()["error"], HOW_FAR % (tried, 30, 30 - tried))
                self.assert_nothing_kept()

    def test_all_and_stop(self):
        """Without a failure, what was tried is done under these policies too."""
        for policy in ("all", "stop"):
            with self.subTest(policy=policy):
                self.forget_jobs()
                job = self.dry(self.creates(policy, 30), policy=policy)
                self.work_until(1)
                tried = 5 if policy == "all" else 10
                self.assert_counters(job, "partial", succeeded=tried, skipped=30 - tried)

    def test_the_end_is_no_limit(self):
        """If the time is over when all has been tried, nothing is missing."""
        job = self.dry(self.creates("end", 30))
        self.work_until(29)
        self.assert_counters(job, "done", succeeded=30)
        self.assertEqual((job.status()["untried"], job.status()["error"]), (0, None))

    def test_rate_counts_what_was_tried(self):
        """What was not tried does not count for the speed."""
        job = self.dry(self.creates("rate", 30))
        self.work_until(10)
        seconds = (job.finished_at - job.started_at).total_seconds()
        self.assertGreater(job.rate, 0)
        self.assertLess(job.rate * seconds, 20)

    def test_rows_of_one_record(self):
        """Rows that continue a record are skipped and counted with it."""
        columns = {"op": "load", "model": "res.partner", "fields": ["name", "child_ids/name"]}
        rows = [{**columns, "row": [f"p {n}" if n % 3 == 0 else "", f"c {n}"]} for n in range(30)]
        job = self.dry(rows, chunk_size=9)
        self.work_until(9)
        self.assert_counters(job, "partial", succeeded=9, skipped=21)
        self.assertEqual(job.status()["untried"], 21)

    def test_retry_tries_the_rest(self):
        """A retry tries what was not tried, in a new transaction, and leaves the other outcomes and
        their causes as they are; in the end the job says what such a trial does not see."""
        operations = self.creates("rest", 30)
        operations[3]["values"] = operations[28]["values"] = {}
        operations[25] = waits_at_gate("rest 25")
        job = self.dry(operations)
        self.work_until(20)
        before = self.outcomes(job)[:20]
        self.assertEqual(job.retry()["remaining"], 10)
        self.commit()
        runner = self.runner()
        with self.stopped_at_gate(runner, runner.claim()):
            self.assertEqual(job.status()["progress"], 66.67)
        self.run_jobs()
        self.assertEqual(self.outcomes(job)[:20], before)
        states = [*["rolled_back"] * 8, "failed", "rolled_back"]
        self.assertEqual(self.states(job)[20:], states)
        self.assert_counters(job, "partial", succeeded=10, failed=2, skipped=18)
        self.assertEqual([cause["count"] for cause in job.causes], [2])
        self.assertEqual((job.status()["untried"], job.status()["error"]), (0, APART))
        self.assert_nothing_kept()

    def test_the_rest_in_two(self):
        """Where the time of the retry is over too, the next retry goes on; one after that tries
        everything anew, in one transaction."""
        job = self.dry(self.creates("two", 30))
        for position, tried in ((10, 10), (20, 20)):
            self.work_until(position)
            self.assert_counters(job, "partial", succeeded=tried, skipped=30 - tried)
            error = HOW_FAR % (tried, 30, 30 - tried)
            self.assertEqual(job.status()["error"], error if tried == 10 else f"{error} {APART}")
            job.retry()
            self.commit()
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=30)
        self.assertEqual(job.status()["error"], APART)

    def test_references_to_what_was_tried_before(self):
        """An operation that refers to one of an earlier transaction cannot be tried: it is skipped,
        not failed, and says why."""
        operations = self.creates("refer", 30)
        operations[2]["ref"], operations[24]["ref"] = "early", "late"
        for place, name in ((25, "early"), (26, "late")):
            ids = {"$ref": name}
            operations[place] = {"op": "write", "model": ITEM, "ids": ids, "values": {"value": 1}}
        job = self.dry(operations, policy="isolate", chunk_size=10)
        self.work_until(1)
        job.retry()
        self.run_jobs()
        self.assert_counters(job, "partial", succeeded=29, skipped=1)
        message = (
            "Not tried: its reference 'early', operation 2, was tried in an earlier transaction of "
            "the dry run, and rolled back."
        )
        error = {"type": "reference", "message": message, "field": None}
        self.assertEqual(self.outcomes(job)[25]["error"], error)
