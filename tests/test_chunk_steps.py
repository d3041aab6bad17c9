from odoo.tests import tagged
from odoo.tools import mute_logger

from ..dispatch import work
from .races import ITEM, RaceCase, waits_at_gate

SIZE = 1000
BAD = range(3, SIZE, 7)
AT = 650  # the operation at the gate; its tenth of the chunk is tried only when 600 are settled


@tagged("post_install", "-at_install")
class TestChunkSteps(RaceCase):
    """A chunk with many failures commits in several steps, and may lose its worker between them."""

    def submit_thousand(self):
        existing = self.items("exists", 1)
        operations = self.creates("step", SIZE)
        for index in BAD:
            operations[index] = {
                "op": "call",
                "model": ITEM,
                "ids": existing.ids,
                "method": "fail",
                "args": [f"bad {index}"],
            }
        operations[AT] = waits_at_gate(f"step {AT}")
        return self.submit(operations, chunk_size=SIZE)

    def assert_effects_are_outcomes(self, job):
        """What exists is what is recorded as done, each record once; gives how many."""
        self.renew()
        done = {o["index"]: o["ids"] for o in self.outcomes(job) if o["state"] == "done"}
        items = self.env[ITEM].search([("name", "like", "step ")])
        self.assertEqual(sorted(items.mapped("name")), sorted(f"step {index}" for index in done))
        by_id = {item.id: item.name for item in items}
        for index, ids in done.items():
            if index != AT:
                self.assertEqual(by_id[ids[0]], f"step {index}")
        return len(done)

    def test_killed_between_two_commits(self):
        """Whenever it dies, effects and outcomes are the same; in the end each operation is done
        once or has failed with its own reason."""
        # on a busy machine the chunk would be handed back before it comes to the gate
        self.patch(work, "hands_back", lambda _seconds: False)
        job = self.submit_thousand()
        runner = self.runner()
        with self.shut_gate(), mute_logger("odoo.sql_db"):
            step = self.waiting_step(runner)
            landed = self.assert_effects_are_outcomes(job)
            self.end_session(runner, step)
        self.assertGreater(landed, 400)
        self.assertLess(landed, AT)
        self.assertEqual(self.assert_effects_are_outcomes(job), landed)
        self.run_to_end(job)
        self.assert_effects_are_outcomes(job)
        self.assert_counters(job, "partial", succeeded=SIZE - len(BAD), failed=len(BAD))
        failed = {o["index"]: o["error"]["message"] for o in job.results("failed")["results"]}
        self.assertEqual(failed, {index: f"bad {index}" for index in BAD})
        self.assertEqual(sum(cause["count"] for cause in job.causes), len(BAD))
