"""The time limits of a cron worker: who begins when, and what ends before its worker does."""

import time
from unittest.mock import patch

from odoo.tests import BaseCase, tagged

from ..dispatch.slots import Slots
from ..dispatch.work import Work
from ..execution.checks.lessons import Lessons
from ..execution.worker import deadline as deadlines
from ..execution.worker.deadline import Deadline
from .races import GATE
from .time_cases import TimeCase, calls


class Clock:
    """Stands still until it is moved on."""

    def __init__(self):
        self.now = time.monotonic()

    def __call__(self):
        return self.now


@tagged("post_install", "-at_install")
class TestDeadline(BaseCase):
    """How much of a pass may be gone."""

    def setUp(self):
        super().setUp()
        deadlines.forget_passes()
        self.addCleanup(deadlines.forget_passes)

    def aged(self, part, **options):
        """A deadline of which a part of the time is gone."""
        seconds = Deadline().seconds
        return Deadline(time.monotonic() - part * seconds, **options)

    def test_a_pass_of_unknown_age(self):
        """A thread that has not seen the runner yet may have slept for a minute: nothing that needs
        time begins. The next turn is in a later pass, and knows it."""
        first = Deadline.of_turn("runner")
        self.assertFalse(first.allows_to_begin())
        self.assertTrue(first.asks_at_once)
        first.end_turn()
        second = Deadline.of_turn("runner")
        self.assertTrue(second.allows_to_begin())
        self.assertFalse(second.asks_at_once or second.is_near())

    def test_another_runner_tells_nothing(self):
        """Two runners may have their turns in the same pass."""
        Deadline.of_turn("runner").end_turn()
        self.assertFalse(Deadline.of_turn("other").allows_to_begin())

    def test_many_runners_in_one_thread(self):
        """The first runner of a pass has all its time, however long the turns of the pass before
        were. The last runner has what the others of this pass have left."""
        names, turn = [f"runner {number}" for number in range(4)], 0.09 * Deadline().seconds
        clock = Clock()
        deadlines._passes().begun = clock.now - Deadline().seconds
        with patch.object(deadlines.time, "monotonic", clock):
            begins = []
            for name in [*names, *names]:
                deadline = Deadline.of_turn(name)
                begins.append(deadline.allows_to_begin())
                clock.now += turn
                deadline.end_turn()
        self.assertEqual(begins[4:], [True, True, True, False])

    def test_age_of_the_pass_decides(self):
        """Work begins while a tenth of a pass is gone, a quarter after a vain question, and ends at
        three quarters."""
        self.assertTrue(self.aged(0.08).allows_to_begin())
        self.assertFalse(self.aged(0.12).allows_to_begin())
        self.assertTrue(self.aged(0.22, has_asked=True).allows_to_begin())
        late = self.aged(0.3, has_asked=True)
        self.assertFalse(late.allows_to_begin())
        self.assertFalse(late.asks_at_once, "other work comes before the next question")
        self.assertFalse(self.aged(0.7).is_near())
        self.assertTrue(self.aged(0.8).is_near())

    def test_cron_thread_knows_its_start(self):
        """Odoo tells a cron thread when its pass began."""
        thread = deadlines.threading.current_thread()
        self.addCleanup(setattr, thread, "start_time", getattr(thread, "start_time", None))
        thread.start_time = time.time() - 2
        self.assertTrue(Deadline.of_turn("runner").allows_to_begin())
        thread.start_time = time.time() - 100
        self.assertTrue(Deadline.of_turn("runner").is_near())

    def test_cpu_time_counts_as_clock_time(self):
        """CPU time counts as the clock does: what other scheduled actions have used is gone."""
        usage = deadlines.resource.getrusage(deadlines.resource.RUSAGE_SELF)
        used = usage.ru_utime + usage.ru_stime
        for left, near in ((50, False), (10, True)):
            limits = (used + left, -1)
            with patch.object(deadlines.resource, "getrlimit", return_value=limits):
                self.assertEqual(Deadline().is_near(), near)


@tagged("post_install", "-at_install")
class TestFreshPass(TimeCase):
    """What cannot be put back half-done begins in a pass that has its time before it."""

    def age(self, part, has_asked=False):
        """The next pass is one of which this part of the time may be gone."""
        passes, name = deadlines._passes(), (self.cr.dbname, 0)
        passes.in_pass.add(name)
        passes.ended = time.monotonic() - part * Deadline().seconds
        if has_asked:
            passes.asked.add(name)

    def test_begins_in_the_next_pass(self):
        """A job of policy `all`, a dry run and a chunk of a given size ask for a new pass, and run
        in it; no attempt is counted for that."""
        for options in ({"policy": "all"}, {"dry_run": True}, {"policy": "chunk", "chunk_size": 4}):
            with self.subTest(**options):
                deadlines.forget_passes()
                job = self.submit(self.creates("pass", 4), **options)
                self.waiting_triggers().unlink()
                self.run_action()
                self.assert_counters(job, "queued", remaining=4)
                slot = Slots(self.env).slot(0)
                self.assertEqual(self.waiting_triggers().cron_id, slot)
                self.run_action()
                self.assert_counters(job, "done", succeeded=4)
                self.assertEqual(job.sudo().chunk_ids.mapped("attempt"), [1])
                self.remove_items()

    def test_others_do_not_wait_for_it(self):
        """Where each pass is old when the runner's turn comes, other jobs are done in it."""
        whole = self.submit(self.creates("whole", 2), policy="all", priority=1)
        other = self.submit(self.creates("other", 2))
        self.submit(calls("urgent", 1), priority=0)
        self.age(0.5, has_asked=True)
        self.run_action()
        self.assert_counters(whole, "queued", remaining=2)
        self.assert_counters(other, "done", succeeded=2)
        self.run_action()
        self.assert_counters(whole, "done", succeeded=2)

    def test_an_old_pass_gets_one_chunk(self):
        """A runner that does not know how old the pass is does one chunk in it, and comes back:
        after a minute's sleep two turns may be too much for it."""
        self.age(0.8)
        job = self.submit(self.creates("old", 6), chunk_size=2)
        self.run_action()
        self.assertEqual(self.states(job), [*["done"] * 2, *["pending"] * 4])
        self.run_action()
        self.assert_counters(job, "done", succeeded=6)

    def test_after_a_lost_worker(self):
        """Before an operation is given up, it has had a worker's whole time."""
        job = self.submit(calls("lost", 1))
        runner = self.runner()
        runner.claim()
        runner.lose_its_locks()
        self.run_action()
        self.assert_counters(job, "running", remaining=1)
        self.assertEqual(job.sudo().chunk_ids.mapped("lost"), [1])
        self.run_action()
        self.assert_counters(job, "done", succeeded=1)

    def test_notices_the_limit_within_a_step(self):
        """Slow operations that came together in one step end before the worker does; the words
        blame none."""
        job = self.submit(calls("step", 5), policy="all")
        runner, late = self.runner(), Deadline()
        late.is_near = iter((False, False, True)).__next__
        Work(runner.env).run(runner.claim(), Lessons(), late)
        self.run_jobs()
        self.assert_counters(job, "failed", failed=1, skipped=4)
        error = self.outcomes(job)[2]["error"]
        self.assertEqual(error["type"], "time_limit")
        message = (
            "The job came near its worker's time limit (120 s real time, 60 s CPU time) and ended "
            "itself; nothing was kept. Operation 2 is not at fault: it was the next one. Raise the "
            "limit, submit fewer operations at once, or use a policy other than all."
        )
        self.assertEqual(error["message"], message)
        self.assertEqual(job.status()["error"], message)
        self.assertEqual(self.names(), [])

    def test_a_chunk_of_a_given_size(self):
        """It ends by itself the first time, and not after a worker was lost for it."""
        job = self.submit(calls("given", 6), policy="chunk", chunk_size=3)
        runner, late = self.runner(), Deadline()
        late.is_near = iter((False, True)).__next__
        Work(runner.env).run(runner.claim(), Lessons(), late)
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=3, failed=1, skipped=2)
        error = self.outcomes(job)[2]["error"]
        self.assertEqual(error["type"], "time_limit")
        self.assertEqual(job.sudo().chunk_ids.mapped("lost"), [0, 0])
        self.assertEqual(self.names(), [f"given {number}" for number in (3, 4, 5)])

    def test_killed_by_the_limit(self):
        """A job whose workers died after as long as a worker may live blames the limit."""
        operations = calls("limit", 3)
        operations[1]["kwargs"]["before"] = GATE
        job = self.submit(operations, policy="all")
        for _death in range(3):
            self.die_at_gate(self.runner())
        earlier = "started_at = started_at - interval '100 s'"
        self.cr.execute(f"UPDATE batch_job_chunk SET {earlier} WHERE job_id = %s", [job.id])
        self.run_jobs()
        self.assert_counters(job, "failed", failed=1, skipped=2)
        (failed,) = job.results("failed")["results"]
        self.assertEqual(failed["error"]["type"], "time_limit")
        self.assertIn("its time limit (120 s real time", failed["error"]["message"])
        self.assertIn("need not be at fault", failed["error"]["message"])
        self.assertEqual(job.status()["error"], failed["error"]["message"])
