"""Passwords in the context of a submission: kept as long as its job may need them."""

import json

from odoo.exceptions import UserError
from odoo.tests import tagged

from .rpc_cases import MODEL, RpcCase, create

BLANKED = {"$blanked": True}
SECRET = "S3cret-pass"
CONTEXT = {
    "password": SECRET,
    "nested": {"list": [{"api_key": SECRET, "name": "n"}]},
    "default_kind": "a",
    "no_reset_password": True,
    "tracking_disable": True,
}
KEPT = {
    **CONTEXT,
    "password": BLANKED,
    "nested": {"list": [{"api_key": BLANKED, "name": "n"}]},
}
LOOK = {"op": "call", "model": MODEL, "method": "return_env"}
BAD = create("bad", nmae=1)
WORDS = "held a password, which was blanked when the job ended and cannot be used again"


@tagged("post_install", "-at_install")
class TestContextPasswords(RpcCase):
    def submit_with_password(self, *operations, context=CONTEXT, **options):
        status = self.call("submit", operations=list(operations), context=context, **options)
        return self.env["batch.job"].with_user(self.user).browse(status["id"])

    def kept(self, job):
        """What is kept of the context that was sent."""
        self.cr.execute("SELECT run_context FROM batch_job WHERE id = %s", [job.id])
        context = self.cr.fetchone()[0]
        return {name: context.get(name) for name in CONTEXT}

    def assert_nowhere(self, job):
        """Neither the job nor its chunks, operations and files hold the password."""
        for table, column in (
            ("batch_job", "id"),
            ("batch_job_chunk", "job_id"),
            ("batch_job_operation", "job_id"),
        ):
            self.cr.execute(f"SELECT t::text FROM {table} t WHERE {column} = %s", [job.id])
            for (row,) in self.cr.fetchall():
                self.assertNotIn(SECRET, row, table)
        files = [("res_model", "=", "batch.job"), ("res_id", "=", job.id)]
        for file in self.env["ir.attachment"].search(files):
            self.assertNotIn(SECRET, file.raw.decode())

    def test_password_is_gone_when_done(self):
        """The operations see the true password; when the job is done it is gone, nested ones as
        well, and everything else is kept."""
        job = self.submit_with_password(LOOK, create("done"))
        self.assertEqual(self.kept(job), CONTEXT)
        self.run_jobs()
        context = self.outcomes(job)[0]["value"][5]
        self.assertEqual({name: context[name] for name in CONTEXT}, CONTEXT)
        self.assertEqual(self.env[MODEL].search([("name", "=", "done")]).kind, "a")
        self.assertEqual(self.kept(job), KEPT)

    def test_every_end_takes_the_password(self):
        """The password is gone as well when the job ended partly done, failed or cancelled. A retry
        is refused then, and changes nothing."""
        partial = self.submit_with_password(create("partial"), BAD)
        failed = self.submit_with_password(create("rolled back"), BAD, policy="all")
        cancelled = self.submit_with_password(create("cancelled"), eta="2999-01-01")
        draft = self.submit_with_password(create("draft"), start=False)
        self.call("cancel", cancelled.ids)
        self.call("cancel", draft.ids)
        self.run_jobs()
        for job, state in ((partial, "partial"), (failed, "failed"), (cancelled, "cancelled")):
            self.assertEqual((job.status()["state"], self.kept(job)), (state, KEPT))
            self.assert_nowhere(job)
            before = self.states(job)
            self.assertIn(WORDS, self.refused("retry", job.ids, cancelled=True))
            self.assertEqual((job.status()["state"], self.states(job)), (state, before))
        self.assertEqual(self.kept(draft), KEPT)
        self.assert_nowhere(draft)

    def test_while_it_may_be_needed(self):
        """What is paused keeps it, by a person or at a culprit: the rest runs with it."""
        paused = self.submit_with_password(LOOK, eta="2999-01-01")
        self.call("pause", paused.ids)
        stopped = self.submit_with_password(create("one"), BAD, LOOK, policy="stop")
        self.run_jobs()
        self.assertEqual((self.kept(paused), self.kept(stopped)), (CONTEXT, CONTEXT))
        self.call("resume", stopped.ids, skip=True)
        self.run_jobs()
        self.assertEqual(self.outcomes(stopped)[2]["value"][5]["password"], SECRET)
        self.assertEqual(self.kept(stopped), KEPT)

    def test_dry_run_keeps_the_password(self):
        """A dry run that has ended keeps it for the real run, and loses it with that."""
        job = self.submit_with_password(create("dry"), BAD, dry_run=True)
        self.run_jobs()
        self.assertEqual(self.kept(job), CONTEXT)
        self.call("start", job.ids)
        self.run_jobs()
        self.assertEqual(self.states(job), ["done", "failed"])
        self.assertEqual(self.kept(job), KEPT)
        self.assert_nowhere(job)

    def test_cancelled_dry_run(self):
        """A dry run that was cancelled is never run for real: the password is gone."""
        job = self.submit_with_password(create("dry"), dry_run=True, eta="2999-01-01")
        self.call("cancel", job.ids)
        self.assertEqual(self.kept(job), KEPT)
        self.assert_nowhere(job)

    def test_clean_up_takes_old_passwords(self):
        """The daily clean-up takes the password of a dry run that nobody ran for real; until its
        operations are deleted too, it refuses to run without."""
        old, young = (
            self.submit_with_password(create("dry"), dry_run=True, idempotency_key=key)
            for key in ("old", "young")
        )
        self.run_jobs()
        old_moment = "UPDATE batch_job SET finished_at = now() - interval '31 d' WHERE id = %s"
        self.cr.execute(old_moment, [old.id])
        runner = self.env["batch.job"]
        self.assertTrue(type(runner)._gc_contexts._autovacuum)
        runner._gc_contexts()
        self.commit()
        self.assertEqual((self.kept(old), self.kept(young)), (KEPT, CONTEXT))
        self.assertIn(WORDS, self.refused("start", old.ids))
        self.assertEqual(self.states(old), ["done"])
        self.assert_nowhere(old)

    def test_execute_takes_the_password(self):
        """After `execute` the password is gone as well."""
        answer = self.call("execute", operations=[LOOK, create("now")], context=CONTEXT)
        self.assertEqual(answer["results"][0]["value"][5]["password"], SECRET)
        self.assertEqual(self.kept(self.env["batch.job"].browse(answer["id"])), KEPT)

    def test_context_of_an_operation(self):
        """A password in the context of one operation goes when that has ended, and its retry fails
        and says so; the others run again."""
        own = {**BAD, "context": {"nested": [{"token": SECRET}], "no_reset_password": True}}
        switch = {**BAD, "context": {"no_reset_password": True}}
        job = self.submit_with_password(own, switch, context={})
        self.run_jobs()
        self.assert_nowhere(job)
        self.cr.execute(
            "SELECT payload->'context' FROM batch_job_operation WHERE job_id = %s ORDER BY index",
            [job.id],
        )
        (first,), (second,) = self.cr.fetchall()
        self.assertEqual(first, {"nested": [{"token": BLANKED}], "no_reset_password": True})
        self.assertEqual(second, {"no_reset_password": True})
        self.call("retry", job.ids)
        self.run_jobs()
        messages = [outcome["error"]["message"] for outcome in self.outcomes(job)]
        self.assertIn("Its password was blanked when the operation ended", messages[0])
        self.assertIn("nmae", messages[1])

    def test_retry_without_a_password(self):
        """A job whose context has no password is retried as before."""
        context = {"default_kind": "a", "no_reset_password": True}
        job = self.submit_with_password(create("fine"), BAD, context=context)
        self.run_jobs()
        self.assertEqual(self.call("retry", job.ids)["state"], "queued")

    def test_server_code_cannot_retry_without_password(self):
        """Server code that retries is refused by the same words, before anything is changed."""
        job = self.submit_with_password(BAD)
        self.run_jobs()
        with self.assertRaisesRegex(UserError, WORDS):
            job.retry()
        self.commit()
        self.assertEqual((self.states(job), job.state), (["failed"], "failed"))
        self.assertNotIn(SECRET, json.dumps(self.kept(job)))
