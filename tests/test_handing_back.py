"""A chunk looks at the clock between groups of operations that are done together."""

from unittest.mock import patch

from odoo.tests import tagged

from ..dispatch import work
from ..dispatch.slots import Slots
from ..engine import chunk_size
from .races import ITEM
from .time_cases import TimeCase, calls


@tagged("post_install", "-at_install")
class TestHandBack(TimeCase):
    """A chunk that has been at work for long lands what is done; the rest is queued again."""

    cleans = (ITEM, "test.batch.row")

    def setUp(self):
        super().setUp()
        # each look at the clock says that it has been long enough
        self.startPatcher(patch.object(chunk_size, "HAND_BACK_AFTER", -1.0))

    def assert_handed_back(self, policy, **options):
        job = self.submit(calls(policy, 12), policy=policy, **options)
        self.runner().step()
        self.assertEqual(self.names(), [f"{policy} 0"])
        landed, *queued = self.chunks(job)
        self.assertEqual(landed, (0, 0, 1, 0, 0, 1))
        self.assertEqual((queued[0][0], queued[-1][1]), (1, 11))
        self.assertEqual({chunk[2:] for chunk in queued}, {(0, 0, 0, 0)})
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=12)
        self.assertEqual(self.names(), [f"{policy} {number}" for number in range(12)])
        self.assertEqual({chunk[2:5] for chunk in self.chunks(job)}, {(1, 0, 0)})
        self.assertEqual(sum(chunk[5] for chunk in self.chunks(job)), 12)

    def test_isolate_hands_back_the_rest(self):
        """What is done lands at once, the rest is done once and in order; no try is counted."""
        self.assert_handed_back("isolate")

    def test_isolate_with_a_chunk_size(self):
        """A given size is the most that a chunk holds, and not the least."""
        self.assert_handed_back("isolate", chunk_size=12)

    def test_stop_keeps_the_good_ones(self):
        """The good ones before a culprit are kept, as those of an earlier chunk are."""
        self.assert_handed_back("stop")

    def test_chunk_may_end_early(self):
        """Where the server chooses where chunks end, it may end one early."""
        self.assert_handed_back("chunk")

    def test_chunk_with_a_chunk_size(self):
        """What the submitter has put together stays together."""
        job = self.submit(calls("whole", 8), policy="chunk", chunk_size=4)
        self.run_to_end(job)
        self.assertEqual(self.chunks(job), [(0, 3, 1, 0, 0, 4), (4, 7, 1, 0, 0, 4)])

    def test_a_bad_one_first(self):
        """A bad operation, and what is learnt of it, does not keep the others from being done."""
        operations = calls("bad", 6)
        for index in (0, 3):
            operations[index]["kwargs"]["name"] = False
        job = self.submit(operations)
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=4, failed=2)
        self.assertEqual(self.states(job), ["failed", "done", "done"] * 2)
        self.assertEqual(self.names(), [f"bad {number}" for number in (1, 2, 4, 5)])

    def test_a_culprit_under_stop(self):
        """The job pauses at the culprit, and what comes after it is pending."""
        operations = calls("culprit", 6)
        operations[3]["kwargs"]["name"] = False
        job = self.submit(operations, policy="stop")
        self.run_to_end(job)
        self.assert_counters(job, "paused", succeeded=3, failed=1, remaining=2)
        self.assertEqual(self.states(job), [*["done"] * 3, "failed", "pending", "pending"])
        job.resume(skip=True)
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=5, failed=1)

    def test_waves_and_references(self):
        """What was handed back comes before the wave that refers to it."""
        first = [{**call, "ref": f"r{n}"} for n, call in enumerate(calls("wave", 6))]
        write = {"op": "write", "model": ITEM, "values": {"value": 1}}
        second = [{**write, "ids": [{"$ref": f"r{n}"}]} for n in range(6)]
        job = self.submit([*first, *second], max_parallel=2)
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=12)
        self.assertEqual(self.env[ITEM].search([]).mapped("value"), [1] * 6)

    def test_rows_of_one_record(self):
        """Rows that continue a record are never cut from it."""
        fields = ["name", "line_ids/name"]
        load = {"op": "load", "model": "test.batch.row", "fields": fields}
        job = self.submit(
            [
                # of another context, or the records would be made together
                {**load, "row": [name, f"line of {number}"], "context": {"mode": f"{number}"}}
                for number in range(4)
                for name in (f"record {number}", "")
            ]
        )
        self.runner().step()
        self.renew()
        self.assertEqual(self.chunks(job)[0], (0, 1, 1, 0, 0, 2))
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=8)
        records = self.env["test.batch.row"].search([], order="id")
        self.assertEqual([len(record.line_ids) for record in records], [2] * 4)

    def test_suspects_stay_suspects(self):
        """What a suspect chunk gives back may kill a worker too: it is a suspect as well."""
        job = self.submit(calls("suspect", 6))
        runner = self.runner()
        claim = runner.claim()
        self.cr.execute("UPDATE batch_job_chunk SET suspect = TRUE WHERE job_id = %s", [job.id])
        self.commit()
        runner.work(claim)
        self.renew()
        suspect = job.sudo().chunk_ids.mapped("suspect")
        self.assertEqual((len(suspect) > 1, set(suspect)), (True, {True}))

    def test_other_runners_are_woken(self):
        """A runner that found no second chunk has left: it is called for what was given back."""
        job = self.submit(calls("woken", 6), max_parallel=2)
        runner = self.runner()
        claim = runner.claim()
        slots = Slots(self.env).all()
        self.env["ir.cron.trigger"].search([("cron_id", "in", slots.ids)]).unlink()
        self.commit()
        runner.work(claim)
        self.renew()
        self.assertEqual(self.waiting_triggers().cron_id, slots.filtered("active"))
        job.cancel()
        self.commit()

    def test_a_server_that_stops(self):
        """Then no operation is begun any more, however little time has gone by."""
        job = self.submit(calls("stopping", 6))
        runner = self.runner()
        claim = runner.claim()
        with (
            patch.object(chunk_size, "HAND_BACK_AFTER", 60.0),
            patch.object(work, "is_stopping", lambda: True),
        ):
            runner.work(claim)
        self.assertEqual(self.names(), ["stopping 0"])
        self.assertEqual(self.chunks(job)[0], (0, 0, 1, 0, 0, 1))

    def test_rest_of_a_cancelled_job_is_cancelled(self):
        """What goes back to a job that was cancelled meanwhile ends as cancelled."""
        job = self.submit(calls("cancelled", 5))
        runner = self.runner()
        claim = runner.claim()
        self.renew()
        job.cancel()
        self.commit()
        runner.work(claim)
        self.run_to_end(job)
        self.assert_counters(job, "cancelled", succeeded=1, skipped=4)
        self.assertEqual(self.states(job), ["done", *["cancelled"] * 4])

    def test_the_next_size(self):
        """The next chunk is as small as this one turned out to be, though its rest is queued."""
        job = self.submit(calls("size", 60), max_parallel=2)
        self.runner().step()
        self.renew()
        slow = "UPDATE batch_job_chunk SET duration = 3 WHERE job_id = %s AND size > 0"
        self.cr.execute(slow, [job.id])
        self.commit()
        self.assertEqual(self.env["batch.job.chunk"]._size_by_history(self.locked(job).row), 1)


@tagged("post_install", "-at_install")
class TestFirstSteps(TimeCase):
    """What a chunk tries together when nobody knows yet how long its operations take."""

    def merged(self, job):
        """How many records each merged create of the next chunk made."""
        sizes, model = [], type(self.env[ITEM])
        original = model.create

        def create(records, values):
            sizes.append(len(values))
            return original(records, values)

        with patch.object(model, "create", create):
            self.runner().step()
        self.renew()
        return sizes

    def test_small_steps_first(self):
        """The first chunk of a job tries five operations, whatever size it was given."""
        for options in ({}, {"chunk_size": 50}, {"policy": "stop"}):
            with self.subTest(**options):
                job = self.submit(self.creates(f"first {options}", 60), **options)
                sizes = self.merged(job)
                self.assertEqual((sizes[0], sum(sizes)), (5, 50))
                self.assertEqual(len(self.merged(job)), 1, "its speed is known by now")
