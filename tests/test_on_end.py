import json
import time

from odoo.exceptions import AccessError, UserError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import tagged

from ..dispatch.claim import Claims
from ..execution.worker.deadline import Deadline
from .on_end_cases import NOTHING, PENDING, VALUE, OnEndCase, call
from .races import ITEM


@tagged("post_install", "-at_install")
class TestOnEnd(OnEndCase):
    """A job calls its `on_end` as its owner, once after each real end."""

    def test_on_end_runs_as_the_owner(self):
        """`on_end` runs as the owner in the job's language, companies and context."""
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

    def test_dry_run_calls_no_on_end(self):
        """A dry run does not call `on_end`; the real run does."""
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
        job = self.submit_and_run(
            self.creates("value", 1), on_end=call("create_gated", name="secret")
        )
        made = self.env[ITEM].search([("name", "=", "secret")])
        self.assertEqual(self.end_of(job)["value"], made.ids)
        self.assertEqual(job.on_end_value_text, json.dumps(made.ids))
        seen = job.with_user(manager)
        self.assertEqual(seen.status()["on_end"], {"state": "done", **NOTHING})
        self.assertFalse(seen.on_end_value_text)

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
class TestMessage(OnEndCase):
    """The owner, and nobody else, is told of each end over the bus."""

    def setUp(self):
        super().setUp()
        self.cr.execute("SELECT COALESCE(max(id), 0) FROM bus_bus")
        self.last = self.cr.fetchone()[0]

    def messages(self):
        """(channel, payload) of the messages that were committed."""
        self.renew()
        query = "SELECT channel, message FROM bus_bus WHERE id > %s ORDER BY id"
        self.cr.execute(query, [self.last])
        sent = [(json.loads(channel), json.loads(text)) for channel, text in self.cr.fetchall()]
        return [(to, one["payload"]) for to, one in sent if one["type"] == "batch_job/ended"]

    def test_owner_is_told_of_each_end(self):
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
