"""Policy `chunk` with a chunk size: what is in a chunk stands or falls together, whatever dies."""

from odoo.tests import tagged

from ..dispatch.one_transaction import OneTransaction
from ..dispatch.work import Work
from ..engine.retry import CONFLICT_BUDGET, LOST_BUDGET
from ..execution.checks.lessons import Lessons
from ..execution.worker.deadline import Deadline
from .races import ITEM, PATIENCE, ItemRaceCase, waits_at_gate


@tagged("post_install", "-at_install")
class TestWholeChunks(ItemRaceCase):
    def gated(self, prefix, count, gate_at):
        """Creates, one of which waits for the gate."""
        operations = self.creates(prefix, count)
        operations[gate_at] = waits_at_gate(f"{prefix} {gate_at}")
        return operations

    def kill_at_gate(self, times):
        """Workers that die one after another, each while the operation at the gate is at work."""
        for _death in range(times):
            self.die_at_gate(self.runner())

    def names(self):
        self.renew()
        return self.env[ITEM].search([], order="id").mapped("name")

    def test_killer_fails_with_its_chunk(self):
        """The operation that was at work each time fails, its mates are rolled back, and the other
        chunks land."""
        operations = self.gated("killer", 12, gate_at=6)
        job = self.submit(operations, policy="chunk", chunk_size=4, max_parallel=2)
        self.runner().step()
        self.kill_at_gate(LOST_BUDGET)
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=8, failed=1, skipped=3)
        states = [*["done"] * 4, *["rolled_back"] * 2, "failed", "rolled_back", *["done"] * 4]
        self.assertEqual(self.states(job), states)
        self.assertEqual(len(self.names()), 8)
        error = self.outcomes(job)[6]["error"]
        self.assertEqual(error["type"], "worker_lost")
        self.assertEqual(
            error["message"],
            "Its worker died 3 times, at the last while this operation was at work; nothing of "
            "its chunk was kept.",
        )

    def test_a_worker_that_merely_died(self):
        """After two deaths that were nobody's fault the chunk lands whole, in one piece."""
        job = self.submit(self.gated("death", 4, gate_at=2), policy="chunk", chunk_size=4)
        self.kill_at_gate(LOST_BUDGET - 1)
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=4)
        self.assertEqual(self.names(), [f"death {number}" for number in range(4)])
        self.assertEqual(job.sudo().chunk_ids.mapped("attempt"), [3])

    def test_a_death_makes_it_no_slower(self):
        """Until the last try it is done in merged steps, and not one by one."""
        job = self.submit(self.gated("merged", 8, gate_at=7), policy="chunk", chunk_size=8)
        steps = []
        original = OneTransaction._publish_position
        self.patch(
            OneTransaction,
            "_publish_position",
            lambda model, side, row, position: (
                steps.append(position),
                original(model, side, row, position),
            ),
        )
        self.kill_at_gate(1)
        self.assertEqual(steps, [])
        self.kill_at_gate(1)
        self.assertLess(len(steps), 6, "steps, whose sizes depend on the clock")
        steps.clear()
        self.run_to_end(job)
        self.assertEqual(steps, list(range(8)))
        self.assert_counters(job, "done", succeeded=8)

    def test_a_position_waits_for_others(self):
        """A claim of another runner locks the job's row for a moment: the position is published all
        the same, or the next death would be that of the wrong operation."""
        job = self.submit(self.creates("position", 4), policy="chunk", chunk_size=4)
        holder, runner = self.runner(), self.runner(1)
        row = {"id": job.id, "policy": "chunk", "dry_run": False}
        publish = OneTransaction(runner.env)._publish_position

        def publish_and_commit():
            publish(runner.cr, row, 3)
            runner.cr.commit()

        holder.cr.execute("SELECT FROM batch_job WHERE id = %s FOR UPDATE", [job.id])
        published = self.waiting(runner.pid, publish_and_commit)
        holder.close()
        published.result(PATIENCE)
        self.assertEqual(
            self.ask("SELECT step_position FROM batch_job WHERE id = %s", job.id), (3,)
        )

    def test_a_bad_mate_after_a_death(self):
        """The mates of a bad operation are rolled back after a death as they are without one."""
        operations = self.gated("mates", 4, gate_at=1)
        operations[3]["values"] = {"name": False}
        job = self.submit(operations, policy="chunk", chunk_size=4)
        self.kill_at_gate(1)
        self.run_to_end(job)
        self.assert_counters(job, "failed", failed=1, skipped=3)
        self.assertEqual(self.states(job), [*["rolled_back"] * 3, "failed"])
        self.assertEqual(self.names(), [])

    def test_without_a_chunk_size(self):
        """A chunk whose size the server chose may become smaller."""
        job = self.submit(self.gated("free", 20, gate_at=19), policy="chunk")
        self.kill_at_gate(1)
        runner = self.runner()
        claim = runner.claim()
        self.assertEqual((claim.first, claim.last), (0, 1))
        runner.work(claim)
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=20)

    def test_a_conflict_that_persists(self):
        """After five tries the whole chunk fails; the others land."""
        records = self.items("conflict", 4)
        operations = [
            {"op": "call", "model": ITEM, "method": "increment", "ids": [one]}
            for one in records.ids
        ]
        job = self.submit(operations, policy="chunk", chunk_size=2)
        holder = self.hold(records[1])
        self.conflict(CONFLICT_BUDGET)
        holder.close()
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=2, failed=1, skipped=1)
        self.assertEqual(records.mapped("value"), [0, 0, 1, 1])
        error = self.outcomes(job)[0]["error"]
        self.assertEqual(error["type"], "conflict")
        words = "It or another operation of its chunk met a conflict 5 times: "
        self.assertEqual(error["message"][: len(words)], words)

    def test_a_conflict_under_stop(self):
        """Policy `stop`: what was given up after five tries has five again when it is resumed."""
        (record,) = self.items("conflict", 1)
        job = self.submit(self.increments(record), policy="stop")
        holder = self.hold(record)
        self.conflict(CONFLICT_BUDGET)
        self.run_jobs()
        self.assert_counters(job, "paused", failed=1)
        job.resume()
        self.commit()
        self.conflict(1)
        self.assertEqual(job.chunk_ids.mapped(lambda c: (c.state, c.conflicts)), [("queued", 1)])
        holder.close()
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=1)

    def hold(self, record):
        """A session that has locked a record until it is closed."""
        holder = self.runner()
        holder.cr.execute("SELECT FROM test_batch_item WHERE id = %s FOR UPDATE", [record.id])
        return holder

    def conflict(self, times):
        """Tries of the first chunk that come to nothing, one after the other."""
        runner = self.runner()
        runner.cr.execute("SET lock_timeout = '20ms'")
        runner.cr.commit()
        for _try in range(times):
            self.assertEqual(runner.step().first, 0)
            self.renew()
            self.cr.execute("UPDATE batch_job_chunk SET not_before = NULL")
            self.commit()
        runner.close()

    def test_chunk_ends_before_its_worker_dies(self):
        """A chunk that has lost a worker ends by itself before the next one is killed."""
        job = self.submit(self.gated("limit", 6, gate_at=1), policy="chunk", chunk_size=3)
        self.kill_at_gate(1)
        runner, over = self.runner(), Deadline()
        over.seconds = 1e-9
        Work(runner.env).run(runner.claim(), Lessons(), over)
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=3, failed=1, skipped=2)
        error = self.outcomes(job)[0]["error"]
        self.assertEqual(error["type"], "time_limit")
        self.assertIn("Operation 0 is not at fault: it was the next one.", error["message"])
        self.assertEqual(self.names(), [f"limit {number}" for number in (3, 4, 5)])

    def test_a_killer_under_stop(self):
        """Policy `stop`: an operation that the engine gives up pauses the job as any other."""
        job = self.submit(self.gated("stop", 3, gate_at=1), policy="stop", chunk_size=1)
        self.runner().step()
        self.kill_at_gate(LOST_BUDGET)
        self.run_jobs()
        self.assert_counters(job, "paused", succeeded=1, failed=1, remaining=1)
        self.assertIn("Operation 1 (row 2) failed: Its worker died 3 times", job.status()["error"])
        job.resume()
        self.commit()
        self.kill_at_gate(LOST_BUDGET - 1)
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=3)
        self.assertEqual(self.names(), [f"stop {number}" for number in range(3)])
