import json
import time
from datetime import timedelta

import psycopg2

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import tagged

from ..dispatch.claim import Claims
from ..dispatch.on_end_call import OnEndCall
from ..dispatch.runner import Runner
from ..execution.worker.deadline import Deadline
from .races import GATE, ITEM, PATIENCE, RaceCase

REPAIR = "test.batch.repair"
VALUE = "test.batch.value"
PENDING = {"state": "pending", "value": None, "error": None}
NOTHING = {"value": None, "error": None}


def call(method, ids=(), model=ITEM, **kwargs):
    return {"model": model, "method": method, "ids": list(ids), "kwargs": kwargs}


class OnEndCase(RaceCase):
    cleans = (ITEM, REPAIR)

    def setUp(self):
        super().setUp()
        self.addCleanup(self.remove_items)

    def remove_items(self):
        self.renew()
        self.env[ITEM].search([]).unlink()
        self.commit()

    def counting(self, count, item, **options):
        """A job of creates whose end increments an item: its value tells how often it ended."""
        name = self._testMethodName
        return self.submit(self.creates(name, count), on_end=call("increment", item.ids), **options)

    def item(self):
        return self.items(f"{self._testMethodName} counter", 1)

    def end_of(self, job):
        """What the status says of `on_end`."""
        self.renew()
        return job.status()["on_end"]

    def ended(self, job, runner=None):
        """Do the chunks of a job up to its end; gives the claim of its `on_end`."""
        runner = runner or self.runner()
        while True:
            claim = runner.claim()
            if claim.on_end:
                self.assertEqual(claim.job["id"], job.id)
                return claim
            runner.work(claim)


@tagged("post_install", "-at_install")
class TestOnEnd(OnEndCase):
    """A job calls its `on_end` as its owner, once after each real end."""

    def test_environment(self):
        """It runs as the owner in the job's language, companies and context, and knows its job."""
        user = self.new_user("end_owner", tz="Europe/Brussels")
        jobs = self.env["batch.job"].with_user(user).with_context(note="kept", batch_job_id=1)
        on_end = call("return_env", model=VALUE)
        job = jobs.browse(jobs.submit(self.creates("env", 1), on_end=on_end)["id"])
        self.assertEqual(job.status()["on_end"], {"state": "waiting", **NOTHING})
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=1)
        end = self.end_of(job)
        uid, su, _lang, tz, companies, context = end["value"]
        self.assertEqual([uid, su, tz], [user.id, False, "Europe/Brussels"])
        self.assertEqual(companies, user.company_ids.ids)
        self.assertEqual((context["note"], context["batch_job_id"]), ("kept", job.id))
        self.assertEqual((end["state"], end["error"]), ("done", None))
        self.assertFalse(job.needs_runner)

    def test_after_each_end(self):
        """It is called after the end of the job and after that of each retry, not before."""
        item, operations = self.item(), self.creates("retried", 2)
        operations[1]["values"] = {"name": "retried 0"}
        job = self.submit(operations, on_end=call("increment", item.ids))
        for ends in (1, 2):
            self.assertEqual(item.value, ends - 1)
            self.run_jobs()
            self.assertEqual((item.value, self.end_of(job)["state"]), (ends, "done"))
            self.assert_counters(job, "partial", succeeded=1, failed=1)
            job.retry()
            self.commit()
            self.assertEqual(self.end_of(job), {"state": "waiting", **NOTHING})

    def test_after_a_cancel(self):
        """A job that had begun calls it after a cancel, when its last chunk has landed."""
        item = self.item()
        job = self.counting(4, item, chunk_size=2)
        runner = self.runner()
        claim = runner.claim()
        job.cancel()
        self.commit()
        self.assertEqual(self.end_of(job)["state"], "waiting")
        runner.work(claim)
        self.run_jobs()
        self.assertEqual((item.value, self.end_of(job)["state"]), (1, "done"))
        self.assert_counters(job, "cancelled", succeeded=2, skipped=2)

    def test_after_a_cancel_of_a_paused_job(self):
        """A verb that ends a job has a runner called."""
        item = self.item()
        job = self.counting(4, item, chunk_size=2)
        self.runner().step()
        self.renew()
        job.pause()
        self.run_jobs()
        self.env["ir.cron.trigger"].search([]).unlink()
        job.cancel()
        self.assertEqual(job.status()["on_end"], PENDING)
        self.assertTrue(self.env["ir.cron.trigger"].search_count([]))
        self.run_jobs()
        self.assertEqual(item.value, 1)

    def test_what_never_began(self):
        """A cancelled draft and a job cancelled in the queue never call it."""
        item = self.item()
        for options in ({"start": False}, {}):
            job = self.counting(1, item, **options)
            job.cancel()
            self.run_jobs()
            self.assertEqual((item.value, self.end_of(job)["state"]), (0, "skipped"))
            self.assertFalse(job.needs_runner)
        job.retry(cancelled=True)
        self.run_jobs()
        self.assertEqual((item.value, self.end_of(job)["state"]), (1, "done"))

    def test_dry_run(self):
        """A dry run does not call it; the real run does."""
        item = self.item()
        job = self.counting(2, item, dry_run=True)
        self.run_jobs()
        self.assertEqual((item.value, self.end_of(job)["state"]), (0, "waiting"))
        job.start()
        self.run_jobs()
        self.assertEqual((item.value, self.end_of(job)["state"]), (1, "done"))
        cancelled = self.counting(1, item, dry_run=True)
        cancelled.cancel()
        self.run_jobs()
        self.assertEqual((item.value, self.end_of(cancelled)["state"]), (1, "skipped"))

    def test_a_failing_one(self):
        """Its error is on the job; its effect is undone, and the job's outcome stays."""
        for method, kwargs, error in (
            ("commit_then_fail", {"name": "no"}, "It called cr.commit(): an operation of a batch"),
            ("create", {"vals_list": [{"name": "failing 0"}]}, "An item of this name exists"),
            ("create", {"vals_list": [{"name": "kept"}, {"name": False}]}, "Name (name) is req"),
            ("no_arguments", {}, "TypeError"),
        ):
            with self.subTest(method=method, **kwargs):
                self.env[ITEM].search([]).unlink()
                on_end = call(method, **kwargs)
                if method == "no_arguments":
                    on_end = call("create", wrong=1)
                job = self.submit_and_run(self.creates("failing", 1), on_end=on_end)
                end = self.end_of(job)
                self.assertEqual((end["state"], end["value"]), ("failed", None))
                self.assertIn(error, end["error"])
                self.assert_counters(job, "done", succeeded=1)
                self.assertIsNone(job.status()["error"])
                self.assertEqual(self.env[ITEM].search([]).mapped("name"), ["failing 0"])

    def test_rights_are_checked_again(self):
        """An owner who has lost the right since the submission is told so, and so is one whose
        record is gone."""
        user = self.new_user("end_rights", "base.group_user,base.group_partner_manager")
        partner = self.env["res.partner"].create({"name": "Gone"})
        self.commit()
        on_end = call("write", partner.ids, "res.partner", vals={"name": "Changed"})
        lost = self.submit(self.creates("rights", 1), user, on_end=on_end)
        user.group_ids -= self.env.ref("base.group_partner_manager")
        partner_id = partner.id
        self.run_to_end(lost)
        self.assertIn("not allowed to modify 'Contact'", self.end_of(lost)["error"])
        gone = self.submit(self.creates("rights 2", 1), on_end=on_end)
        partner.unlink()
        self.run_to_end(gone)
        text = f"res.partner: no record with id {partner_id} exists (any more)."
        self.assertEqual(self.end_of(gone)["error"], text)

    def test_an_archived_owner(self):
        """It is not called for an owner who was archived since the end, and the job says so."""
        user, item = self.new_user("end_archived"), self.item()
        job = self.submit(self.creates("archived", 1), user, on_end=call("increment", item.ids))
        runner = self.runner()
        claim = self.ended(job, runner)
        user.active = False
        self.commit()
        runner.work(claim)
        self.assertIn("the owner of the job is archived", self.end_of(job)["error"])
        self.assert_counters(job, "done", succeeded=1)
        self.assertEqual(item.value, 0)

    def test_its_value_is_the_owners(self):
        """A manager sees how it ended and not what it returned; the owner sees both."""
        manager = self.new_user("end_manager", "base.group_user,batch_job.group_manager")
        item = self.item()
        job = self.submit_and_run(
            self.creates("value", 1), on_end=call("create_gated", name="secret")
        )
        made = self.env[ITEM].search([("name", "=", "secret")])
        self.assertEqual(self.end_of(job)["value"], made.ids)
        self.assertEqual(job.on_end_value_text, json.dumps(made.ids))
        seen = job.with_user(manager)
        self.assertEqual(seen.status()["on_end"], {"state": "done", **NOTHING})
        self.assertFalse(seen.on_end_value_text)
        self.assertTrue(item)

    def test_a_value_that_is_lost(self):
        """A return value that is no JSON is left out with a note."""
        job = self.submit_and_run(self.creates("odd", 1), on_end=call("give_new"))
        end = self.end_of(job)
        self.assertEqual(end["state"], "done")
        job = self.submit_and_run(
            self.creates("long", 1), on_end=call("return_text", model=VALUE, length=70_000)
        )
        self.assertIn("The return value was cut", self.end_of(job)["note"])

    def test_not_while_it_is_pending(self):
        """Until it was called, the job is neither retried nor deleted."""
        operations = self.creates("still", 2)
        operations[1]["values"] = {"name": "still 0"}
        job = self.submit(operations, on_end=call("increment", self.item().ids))
        runner = self.runner()
        claim = self.ended(job, runner)
        self.assertEqual(self.end_of(job), PENDING)
        with self.assertRaisesRegex(UserError, "has not yet called its on_end; retry"):
            job.retry()
        with self.assertRaisesRegex(UserError, "has not yet called its on_end; delete"):
            job.unlink()
        self.renew()
        runner.work(claim)
        self.renew()
        job.retry()

    def test_no_job_waits_for_it(self):
        """It takes its turn like a chunk: a job of higher priority goes first."""
        slow = self.counting(1, self.item())
        urgent = self.submit(self.creates("urgent", 2), chunk_size=1, priority=1)
        self.cr.execute("UPDATE batch_job SET priority = 0 WHERE id = %s", [slow.id])
        self.commit()
        runner, order = self.runner(), []
        runner.step()
        self.cr.execute("UPDATE batch_job SET priority = 20 WHERE id = %s", [slow.id])
        self.commit()
        while claim := runner.step():
            order.append((claim.job["id"], claim.on_end))
        self.assertEqual(order, [(urgent.id, False), (urgent.id, False), (slow.id, True)])

    def test_it_begins_early_in_a_pass(self):
        """Nothing of it can be handed back: a runner whose worker has used up much of its time
        limit asks for a new pass first."""
        job = self.counting(1, self.item())
        runner = self.runner()
        runner.step()
        late = Deadline(time.monotonic() - 60)
        self.assertIsNone(Claims(runner.env).claim(0, late))
        self.assertTrue(late.wants_new_pass)
        self.assertEqual(self.end_of(job), PENDING)
        self.assertTrue(runner.claim().on_end)

    def test_a_neutralized_copy(self):
        """A staging copy does not call what was pending in production."""
        item = self.item()
        job = self.counting(1, item)
        runner = self.runner()
        self.ended(job, runner)
        runner.lose_its_locks()
        for query in get_neutralization_queries(["batch_job"]):
            self.renew()
            self.cr.execute(query)
        self.commit()
        self.assertIsNone(self.runner(1).claim())
        self.assertEqual((item.value, self.end_of(job)["state"]), (0, "skipped"))


@tagged("post_install", "-at_install")
class TestSubmission(OnEndCase):
    def test_what_call_refuses_is_refused(self):
        """Models, methods and rights: the sentence is that of an operation `call`."""
        user = self.new_user("end_submitter")
        jobs = self.env["batch.job"].with_user(user)
        count = self.env["batch.job"].search_count([])
        for kind, model, method in (
            (UserError, "no.such.model", "create"),
            (UserError, "batch.job", "cancel"),
            (UserError, "ir.cron", "method_direct_trigger"),
            (UserError, "res.users", "authenticate"),
            (UserError, ITEM, "no_such_method"),
            (AccessError, ITEM, "_sign"),
            (AccessError, "ir.config_parameter", "get_param"),
        ):
            with self.subTest(model=model, method=method):
                target = {"model": model, "method": method}
                with self.assertRaises(kind) as of_call:
                    jobs.submit([{"op": "call", **target}])
                with self.assertRaises(kind) as of_end:
                    jobs.submit(self.creates("no", 1), on_end=target)
                sentence = str(of_call.exception).removeprefix("Operation 0: ")
                self.assertEqual(str(of_end.exception), f"on_end: {sentence}")
        self.assertEqual(self.env["batch.job"].search_count([]), count)

    def test_it_is_part_of_the_submission(self):
        """The same key with another `on_end` is another submission; with the same it is found."""
        first, other = call("increment", [1]), call("increment", [2])
        job = self.submit(self.creates("key", 1), idempotency_key="end", on_end=first)
        again = self.submit(self.creates("key", 1), idempotency_key="end", on_end=dict(first))
        self.assertEqual(again, job)
        for on_end in (other, None):
            with self.assertRaisesRegex(UserError, "belongs to job"):
                self.submit(self.creates("key", 1), idempotency_key="end", on_end=on_end)


@tagged("post_install", "-at_install")
class TestOnceOnly(OnEndCase):
    """Effect and outcome of `on_end` are committed together, once per end, whatever dies."""

    def assert_once(self, job, item):
        self.run_to_end(job)
        self.assertEqual((item.value, self.end_of(job)["state"]), (1, "done"))
        self.assert_counters(job, "done", succeeded=job.total)

    def test_a_worker_dies_before_it(self):
        """Dead between the claim and the call: another runner calls it, and the first, should it
        live after all, does nothing."""
        item = self.item()
        job = self.counting(1, item)
        dead, other = self.runner(0), self.runner(1)
        lost = self.ended(job, dead)
        self.assertIsNone(other.claim())
        dead.lose_its_locks()
        claim = other.claim()
        self.assertEqual((claim.on_end, claim.attempt, claim.lost), (True, 2, 1))
        other.work(claim)
        dead.work(lost)
        self.assert_once(job, item)

    def test_a_worker_dies_in_it(self):
        """Its effect is rolled back with the worker's transaction, and made again once."""
        item = self.item()
        on_end = call("write_gated", item.ids, values={"value": 1}, after=GATE)
        job = self.submit(self.creates("within", 1), on_end=on_end)
        dead, other = self.runner(0), self.runner(1)
        claim = self.ended(job, dead)
        with self.shut_gate():
            work = self.in_background(dead.work, claim)
            self.until_it_waits(dead.pid)
            self.assertIsNone(other.claim())
            self.cr.execute("SELECT pg_terminate_backend(%s)", [dead.pid])
            with self.assertRaises(psycopg2.Error):
                work.result(PATIENCE)
        self.assertEqual((self.end_of(job), item.value), (PENDING, 0))
        self.assert_once(job, item)
        self.assertEqual(job.chunk_ids.filtered("on_end").mapped("lost"), [1])

    def test_three_deaths(self):
        """After three dead workers it is failed, and the job keeps its outcome."""
        item = self.item()
        job = self.counting(1, item)
        self.ended(job, runner := self.runner())
        for _death in range(2):
            runner.lose_its_locks()
            self.assertTrue(runner.claim().on_end)
        runner.lose_its_locks()
        self.assertIsNone(runner.claim())
        end = self.end_of(job)
        self.assertEqual(end["state"], "failed")
        self.assertRegex(end["error"], "Its worker died 3 times, at the last within 0 s")
        self.assert_counters(job, "done", succeeded=1)
        self.assertEqual((item.value, job.needs_runner), (0, False))

    def test_a_conflict(self):
        """A record that somebody changes meanwhile: it is called again and its effect is made
        once. So it is if its own job is renamed."""
        item = self.item()
        job = self.counting(1, item)
        self.ended(job, runner := self.runner())
        runner.lose_its_locks()
        claim = runner.claim()
        self.meanwhile(runner, claim, "UPDATE test_batch_item SET value = 0 WHERE id = %s", item.id)
        chunk = job.chunk_ids.filtered("on_end")
        self.assertEqual((chunk.state, chunk.conflicts, chunk.lost), ("queued", 1, 1))
        self.assertIn("could not serialize", chunk.trouble)
        self.assertTrue(chunk.not_before)
        self.assert_once(job, item)

    def meanwhile(self, runner, claim, query, *params):
        """Do the work of a claim; when its snapshot is taken, commit something else."""
        original = OnEndCall.run

        def run(call, *args):
            OnEndCall.run = original
            self.cr.execute(query, params)
            self.commit()
            return original(call, *args)

        OnEndCall.run = run
        self.addCleanup(setattr, OnEndCall, "run", original)
        runner.work(claim)
        self.renew()

    def test_a_renamed_job(self):
        """An owner who renames the job while it is called is not kept waiting: it is called anew,
        and both hold."""
        item = self.item()
        job = self.counting(1, item)
        claim = self.ended(job, runner := self.runner())
        self.meanwhile(runner, claim, "UPDATE batch_job SET name = 'new' WHERE id = %s", job.id)
        self.assertEqual((item.value, self.end_of(job)), (0, PENDING))
        self.assert_once(job, item)
        self.assertEqual(job.name, "new")

    def test_conflicts_without_end(self):
        """After five conflicts it is failed, and the job keeps its outcome."""
        item = self.item()
        job = self.counting(1, item)
        claim = self.ended(job, runner := self.runner())
        for conflict in range(5):
            self.meanwhile(
                runner, claim, "UPDATE test_batch_item SET value = 0 WHERE id = %s", item.id
            )
            self.cr.execute("UPDATE batch_job_chunk SET not_before = NULL")
            self.commit()
            claim = runner.claim()
            self.assertEqual(bool(claim), conflict < 4)
        end = self.end_of(job)
        self.assertEqual(end["state"], "failed")
        self.assertRegex(end["error"], "^It met a conflict 5 times: could not serialize access")
        self.assert_counters(job, "done", succeeded=1)

    def test_it_waits_within_the_turn(self):
        """A runner knows that a call that was put back will be ready soon."""
        job = self.counting(1, self.item())
        self.ended(job, self.runner())
        soon = fields.Datetime.now() + timedelta(seconds=2)
        self.cr.execute(
            "UPDATE batch_job_chunk SET state = 'queued', not_before = %s WHERE on_end", [soon]
        )
        self.commit()
        self.assertGreater(Runner(self.env, 0).wait_of_next_chunk(), timedelta(0))

    def test_what_ends_the_transaction(self):
        """A call that ends its transaction behind our back is failed, never called again."""
        on_end = call("end_transaction", model=REPAIR, name="ends", how="unseen")
        job = self.submit(self.creates("ends", 1), on_end=on_end)
        with self.assertLogs("odoo.addons.batch_job.dispatch.work", "ERROR"):
            self.run_jobs()
        end = self.end_of(job)
        self.assertEqual(end["state"], "failed")
        self.assertEqual(
            end["error"], "It ended the transaction. What was kept of it is not known: look."
        )
        self.assert_counters(job, "done", succeeded=1)
        self.assertEqual(self.env[REPAIR].search_count([("name", "=", "ends")]), 1)

    def test_a_claim_that_fails(self):
        """A claim that meets an unexpected error fails the call and leaves the job as it ended."""
        job = self.counting(1, self.item())
        runner = self.runner()
        self.ended(job, runner)
        runner.lose_its_locks()
        chunks = type(self.env["batch.job.chunk"])
        original = chunks._orphans
        self.addCleanup(setattr, chunks, "_orphans", original)
        chunks._orphans = lambda *_args: 1 / 0
        with self.assertLogs("odoo.addons.batch_job.dispatch.claim", "ERROR"):
            self.assertIsNone(runner.claim())
        chunks._orphans = original
        self.assertEqual(
            self.end_of(job)["error"], "The server could not go on with it: ZeroDivisionError."
        )
        self.assertIsNone(self.runner(1).claim())
        self.assert_counters(job, "done", succeeded=1)


@tagged("post_install", "-at_install")
class TestMessage(OnEndCase):
    """The owner, and nobody else, is told of each end over the bus."""

    def setUp(self):
        super().setUp()
        self.cr.execute("SELECT COALESCE(max(id), 0) FROM bus_bus")
        self.last = self.cr.fetchone()[0]

    def messages(self):
        """(channel, payload) of the messages that were committed."""
        self.renew()
        self.cr.execute("SELECT channel, message FROM bus_bus WHERE id > %s", [self.last])
        sent = [(json.loads(channel), json.loads(text)) for channel, text in self.cr.fetchall()]
        return [(to, one["payload"]) for to, one in sent if one["type"] == "batch_job/ended"]

    def test_each_end(self):
        """One message at the end and one at that of a retry, also of a dry run and after a cancel;
        none for a cancelled draft."""
        user = self.new_user("end_hearer")
        operations = self.creates("told", 2)
        operations[1]["values"] = {"name": "told 0"}
        job = self.submit(operations, user, name="Told")
        channel = [self.cr.dbname, "res.partner", user.partner_id.id]
        told = {
            "id": job.id,
            "name": "Told",
            "state": "partial",
            "total": 2,
            "succeeded": 1,
            "failed": 1,
            "skipped": 0,
            "dry_run": False,
        }
        self.assertEqual(self.messages(), [])
        self.run_jobs()
        self.assertEqual(self.messages(), [(channel, told)])
        job.retry()
        self.run_jobs()
        self.assertEqual(self.messages(), [(channel, told)] * 2)
        self.submit(self.creates("draft", 1), user, start=False).cancel()
        self.commit()
        self.assertEqual(len(self.messages()), 2)
        tried = self.submit_and_run(self.creates("dry", 1), user, dry_run=True)
        gone = self.submit(self.creates("gone", 1), user)
        gone.with_user(self.admin).cancel()
        self.commit()
        found = [(one["id"], one["state"], one["dry_run"]) for _to, one in self.messages()[2:]]
        self.assertEqual(found, [(tried.id, "done", True), (gone.id, "cancelled", False)])
        self.assertEqual({tuple(to) for to, _one in self.messages()}, {tuple(channel)})
