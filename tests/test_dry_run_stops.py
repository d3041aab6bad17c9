from odoo.exceptions import UserError
from odoo.tests import tagged

from .races import ITEM, PATIENCE, ItemRaceCase, waits_at_gate


@tagged("post_install", "-at_install")
class TestDryRunStops(ItemRaceCase):
    """A dry run that somebody or something ends."""

    def dry(self, prefix, gate_at=None, **options):
        operations = self.creates(prefix, 30)
        if gate_at is not None:
            operations[gate_at] = waits_at_gate(f"{prefix} {gate_at}")
        return self.submit(operations, dry_run=True, chunk_size=10, **options)

    def assert_nothing_kept(self):
        self.renew()
        self.assertEqual(self.env[ITEM].search_count([]), 0)

    def test_cancel_ends_it_at_the_next_step(self):
        """Cancelled while it runs, a dry run ends at its next step; pausing it is refused. Until
        then its progress is seen."""
        job = self.dry("cancel", gate_at=15, policy="chunk")
        runner = self.runner()
        with self.stopped_at_gate(runner, runner.claim()):
            self.assertEqual(job.status()["progress"], 33.33)
            with self.assertRaisesRegex(UserError, "one transaction; cancel it"):
                job.pause()
            self.assertEqual(job.cancel()["state"], "cancelled")
            self.commit()
        self.run_jobs()
        self.assert_counters(job, "cancelled", skipped=30)
        self.assertEqual(set(self.states(job)), {"cancelled"})
        self.assert_nothing_kept()
        self.assertEqual(job.start()["state"], "cancelled")

    def test_third_death_fails_a_dry_run(self):
        """A dry run whose worker died begins anew; after the third death it has failed, says that
        nothing was kept, and where it was."""
        job = self.dry("lost", gate_at=15, policy="chunk")
        for slot in (0, 1, 2):
            runner = self.runner(slot)
            claim = runner.claim()
            self.assertEqual(claim.attempt, slot + 1)
            self.die_at_gate(runner, claim)
        self.run_jobs()
        self.assert_counters(job, "failed", failed=1, skipped=29)
        message = "The worker died 3 times, and nothing was kept; it had reached operation 10."
        self.assertEqual(self.outcomes(job)[10]["error"]["message"], message)
        self.assertEqual(job.status()["error"], message)
        self.assert_nothing_kept()

    def test_busy_job_row_repeats_nothing(self):
        """Somebody changes the job while a step begins: nobody waits, and nothing is repeated."""
        job = self.dry("busy")
        runner = self.runner()
        claim = runner.claim()
        self.renew()
        self.cr.execute("UPDATE batch_job SET priority = 5 WHERE id = %s", [job.id])
        self.in_background(runner.work, claim).result(PATIENCE)
        self.commit()
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=30)
        chunk = job.sudo().chunk_ids
        self.assertEqual((len(chunk), chunk.attempt, chunk.conflicts), (1, 1, 0))
        self.assert_nothing_kept()
