from unittest.mock import patch

from odoo.tests import tagged

from ..dispatch.claim import Claims
from .races import ITEM, RaceCase


@tagged("post_install", "-at_install")
class TestStops(RaceCase):
    """Cancel and pause against a chunk that runs."""

    def submit_and_claim(self, count, **options):
        """The claim is on record; its work has not begun."""
        job = self.submit(self.creates(self._testMethodName, count), **options)
        runner = self.runner()
        return job, runner, runner.claim()

    def assert_kept(self, count):
        """So many of this test's records exist."""
        found = self.env[ITEM].search_count([("name", "like", f"{self._testMethodName} ")])
        self.assertEqual(found, count)

    def verb(self, job, name, **arguments):
        """As a user would, in a transaction of its own; gives the state it reports."""
        self.renew()
        status = getattr(job, name)(**arguments)
        self.commit()
        return status["state"]

    def test_cancel_against_the_last_chunk(self):
        """The last chunk lands after a cancel: all is done and counted, nothing is cancelled."""
        job, runner, claim = self.submit_and_claim(4)
        self.assertEqual(self.verb(job, "cancel"), "cancelled")
        runner.work(claim)
        self.run_to_end(job)
        self.assert_counters(job, "cancelled", succeeded=4)
        self.assert_kept(4)

    def test_cancel_against_one_of_three_chunks(self):
        """The running chunk lands after a cancel, the others are cancelled."""
        job, runner, claim = self.submit_and_claim(6, chunk_size=2)
        self.verb(job, "cancel")
        runner.work(claim)
        self.run_to_end(job)
        self.assert_counters(job, "cancelled", succeeded=2, skipped=4)
        self.assertEqual(self.states(job), ["done"] * 2 + ["cancelled"] * 4)
        self.assert_kept(2)

    def test_cancel_after_the_chunk_has_landed(self):
        """A chunk that landed but was not counted yet is counted by the cancel's clean-up."""
        job, runner, claim = self.submit_and_claim(4, chunk_size=2)
        runner.work(claim)
        self.verb(job, "cancel")
        self.run_to_end(job)
        self.assert_counters(job, "cancelled", succeeded=2, skipped=2)

    def test_cancel_with_a_dead_worker(self):
        """The chunk of a dead worker does not land: its operations are cancelled with the rest."""
        job, runner, _claim = self.submit_and_claim(4, chunk_size=2)
        runner.lose_its_locks()
        self.verb(job, "cancel")
        self.run_to_end(job)
        self.assert_counters(job, "cancelled", skipped=4)
        self.assertEqual(job.chunk_ids.filtered(lambda chunk: chunk.state == "running").ids, [])
        self.assert_kept(0)

    def test_a_chunk_lands_while_a_cancel_is_under_way(self):
        """A cancel whose transaction began before the chunk landed still leaves it counted."""
        job, runner, claim = self.submit_and_claim(4, chunk_size=2)
        self.renew()
        self.assertEqual(job.status()["remaining"], 4)
        runner.work(claim)
        job.cancel()
        self.commit()
        self.run_to_end(job)
        self.assert_counters(job, "cancelled", succeeded=2, skipped=2)

    def test_pause_against_the_last_chunk(self):
        """A job paused while its last chunk runs ends when that lands."""
        job, runner, claim = self.submit_and_claim(4)
        self.assertEqual(self.verb(job, "pause"), "paused")
        runner.work(claim)
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=4)

    def test_pause_when_all_is_counted(self):
        """A job whose last chunk was counted but that has not been ended ends with the pause."""
        job, runner, claim = self.submit_and_claim(4)
        runner.work(claim)
        self.renew()
        Claims(self.env).fold(self.locked(job))
        self.commit()
        self.assertEqual(self.verb(job, "pause"), "done")
        self.assert_counters(job, "done", succeeded=4)
        self.assertFalse(job.needs_runner)

    def test_pause_then_resume(self):
        """The running chunk lands, the rest waits until resume, and each is done once."""
        job, runner, claim = self.submit_and_claim(6, chunk_size=2)
        self.verb(job, "pause")
        runner.work(claim)
        self.run_to_end(job)
        self.assert_counters(job, "paused", succeeded=2, remaining=4)
        self.assert_kept(2)
        self.verb(job, "resume")
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=6)
        self.assert_kept(6)

    def test_pause_and_resume_under_a_running_chunk(self):
        """A resume while the chunk still runs starts no second one beside it."""
        job, runner, claim = self.submit_and_claim(4, chunk_size=2)
        self.verb(job, "pause")
        self.verb(job, "resume")
        self.assertIsNone(self.runner(1).claim())
        runner.work(claim)
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=4)
        self.assert_kept(4)

    def test_pause_with_a_dead_worker(self):
        """The chunk of a dead worker waits for resume; nothing is lost."""
        job, runner, _claim = self.submit_and_claim(4)
        runner.lose_its_locks()
        self.verb(job, "pause")
        self.run_to_end(job)
        self.assert_counters(job, "paused", remaining=4)
        self.verb(job, "resume")
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=4)

    def test_cancel_against_a_stop(self):
        """A cancel while the chunk with the culprit runs: it failed, the rest is cancelled."""
        operations = self.creates(self._testMethodName, 6)
        operations[1]["values"] = {}
        job = self.submit(operations, policy="stop", chunk_size=3)
        runner = self.runner()
        claim = runner.claim()
        self.verb(job, "cancel")
        runner.work(claim)
        self.run_to_end(job)
        self.assert_counters(job, "cancelled", failed=1, skipped=5)
        self.assertEqual(self.states(job), ["cancelled", "failed", *["cancelled"] * 4])

    def test_pages_are_stable_while_the_job_runs(self):
        """Pages read between chunks hold every index once, in order, whatever lands meanwhile."""
        job, runner, claim = self.submit_and_claim(20, chunk_size=3, max_parallel=2)
        after, seen = -1, []
        while after is not None:
            page = job.results(after=after, limit=4)
            seen += [outcome["index"] for outcome in page["results"]]
            after = page["next"]
            runner.work(claim)
            claim = runner.claim()
            self.renew()
        self.assertEqual(seen, list(range(20)))


@tagged("post_install", "-at_install")
class TestSaves(RaceCase):
    """Somebody edits a job whose row a claim changes."""

    def test_a_name_is_saved_at_once(self):
        """A save of the form waits for the claim that has the job's row, then it goes on. Odoo does
        not have to repeat the call, which it does after seconds; here it never does."""
        job = self.submit(self.creates("saved", 2))
        self.key_of(self.admin)
        with patch("odoo.service.model.MAX_TRIES_ON_CONCURRENCY_FAILURE", 1):
            self.locked(job).set(rate=1.0)
            save = {"vals": {"name": "Typed"}, "specification": {"name": {}}}
            call = self.post_in_background(job, "web_save", **save)
            self.until_somebody_waits()
            self.commit()
            answer = call.result(60)
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(answer.json(), [{"id": job.id, "name": "Typed"}])
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=2)
