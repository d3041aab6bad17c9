"""The same job again: a draft of its owner."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..dispatch.clean_up import CleanUp
from .rpc_cases import MODEL, AccessCase, create


@tagged("post_install", "-at_install")
class TestDuplicate(AccessCase):
    def duplicate_of(self, job):
        """A draft made by the owner, through RPC."""
        reply = self.rpc(self.owner, "batch.job", "duplicate", job.ids)
        self.assertEqual(reply.status, 200, reply.body)
        self.assertEqual(reply.body["state"], "draft")
        return self.env["batch.job"].browse(reply.body["id"])

    def rows(self, job):
        self.cr.execute(
            "SELECT index, position, op, model, ref, wave, follows, makes, payload, state"
            "  FROM batch_job_operation WHERE job_id = %s ORDER BY index",
            [job.id],
        )
        return self.cr.fetchall()

    def refused(self, job, status=422):
        reply = self.rpc(self.owner, "batch.job", "duplicate", job.ids)
        self.assertEqual(reply.status, status, reply.body)
        return reply.message

    def test_all_but_name_and_key_is_copied(self):
        """Operations, options and context are the same; the name and the key are not."""
        first = {**create("parent"), "ref": "first"}
        second = {
            "op": "write",
            "model": MODEL,
            "ids": [{"$ref": "first"}],
            "values": {"number": 2},
        }
        options = {
            "name": "Prices", "policy": "chunk", "chunk_size": 7, "max_parallel": 4, "priority": 3,
            "max_failures": "5%", "idempotency_key": "again",
            "on_end": {"model": MODEL, "method": "return_env"},
        }  # fmt: skip
        context = {"tracking_disable": True}
        jobs = self.env["batch.job"].with_user(self.owner).with_context(**context)
        job = jobs.browse(jobs.submit([first, second], **options)["id"])
        self.commit()
        before = self.rows(job)
        self.run_jobs()
        copy = self.duplicate_of(job)
        self.assertEqual(self.rows(copy), before)
        same = (
            "policy", "chunk_size", "max_parallel", "priority", "max_failures", "on_end", "outline",
            "run_context", "company_id", "has_references", "total",
        )  # fmt: skip
        job = self.env["batch.job"].browse(job.id)
        for name in same:
            self.assertEqual(copy[name], job[name], name)
        self.assertEqual((copy.name, copy.idempotency_key), ("Prices (copy)", False))
        self.assertEqual(
            (copy.user_id, copy.succeeded, copy.on_end_state), (self.owner, 0, "waiting")
        )

    def test_duplicate_ends_as_the_job_did(self):
        """The draft ends as the job did, references and waves too, and again under each name."""
        operations = [{**create(f"p{n}"), "ref": f"r{n}"} for n in range(3)]
        operations += [
            {"op": "call", "model": MODEL, "ids": [{"$ref": f"r{n}"}], "method": "add"}
            for n in range(3)
        ]
        job = self.submit_and_run(operations, self.owner, max_parallel=2, name="x" * 255)
        self.assert_counters(job, "done", succeeded=6)
        self.env[MODEL].search([("name", "=like", "p%")]).unlink()
        self.commit()
        copy = self.duplicate_of(job)
        self.assertEqual(copy.name, "x" * 255)
        copy.with_user(self.owner).start()
        self.run_jobs()
        self.assert_counters(copy, "done", succeeded=6)
        numbers = self.env[MODEL].search([("name", "=like", "p%")]).mapped("number")
        self.assertEqual(numbers, [1, 1, 1])

    def test_history_names_the_original(self):
        """The history says where it comes from."""
        job = self.submit([create("h")], self.owner, name="Origin")
        (event,) = self.duplicate_of(job).with_user(self.owner).history()["events"]
        self.assertEqual(
            (event["event"], event["by"]["id"], event["reason"]),
            ("submit", self.owner.id, f"Duplicate of job {job.id}, “Origin”."),
        )

    def test_draft_is_not_duplicated(self):
        """A draft is not duplicated: somebody may still add to it."""
        job = self.submit([create("d")], self.owner, start=False)
        self.assertIn("is a draft", self.refused(job))

    def test_nobody_duplicates_somebody_elses_job(self):
        """Nobody duplicates somebody else's job, a manager and an administrator neither."""
        job = self.submit([create("s")], self.owner)
        self.assert_unseen(self.rpc(self.other, "batch.job", "duplicate", job.ids), job)
        for user in (self.manager, self.admin):
            self.assert_forbidden(self.rpc(user, "batch.job", "duplicate", job.ids))
        self.renew()
        self.assertEqual(self.env["batch.job"].search([("id", ">=", job.id)]), job)

    def test_job_with_a_password_is_refused(self):
        """A job that holds a password, or held one, is refused; one that only sounds so is not."""
        call = {"op": "call", "model": MODEL, "method": "take_password"}
        secret = {**call, "args": ["jo", "s3cret"]}
        job = self.submit([create("passport"), secret], self.owner)
        for _time in ("before it has run", "after it was blanked"):
            message = f"Operation 1 of job {job.id} holds a password"
            self.assertIn(message, self.refused(job))
            self.run_jobs()
        job = self.submit([create("p", trail="a passing token")], self.owner)
        self.assertTrue(job.has_passwords)
        self.duplicate_of(job)

    def test_a_secret_in_the_context(self):
        """So is one whose context holds a password."""
        jobs = self.env["batch.job"].with_user(self.owner).with_context(default_password="s3cret")
        job = jobs.browse(jobs.submit([create("c")])["id"])
        self.commit()
        self.assertIn("The context of job", self.refused(job))

    def test_cleaned_up_job_is_refused(self):
        """A job whose operations were deleted is refused, and leaves no draft behind."""
        job = self.submit_and_run([create("old")], self.owner)
        self.cr.execute(
            "UPDATE batch_job SET finished_at = now() - interval '90 days' WHERE id = %s", [job.id]
        )
        self.commit()
        with self.registry.cursor() as cr:
            CleanUp(self.env(cr=cr)).delete_operations()
        self.assertIn("have been deleted since", self.refused(job))
        self.assertFalse(self.env["batch.job"].search([("id", ">", job.id)]))

    def test_a_right_that_was_lost(self):
        """Rights are checked as at a submission: 403, with the index."""
        groups = "base.group_user,base.group_partner_manager"
        user = self.new_user("duplicate_loser", groups)
        made = {"op": "create", "model": "res.partner", "values": {"name": "x"}}
        job = self.submit([create("good"), made], user)
        user.group_ids -= self.env.ref("base.group_partner_manager")
        self.commit()
        reply = self.rpc(user, "batch.job", "duplicate", job.ids)
        self.assert_forbidden(reply)
        self.assertIn("Operation 1: You are not allowed to create 'Contact'", reply.message)

    def test_duplicate_needs_room(self):
        """A duplicate needs room as a new job does."""
        job = self.submit([create("one"), create("two")], self.owner)
        self.env["ir.config_parameter"].set_param("batch_job.open_per_user", "3")
        self.addCleanup(self.remove_limit)
        self.commit()
        self.assertIn("No room for the job now", self.refused(job, status=429))

    def remove_limit(self):
        self.renew()
        self.env["ir.config_parameter"].set_param("batch_job.open_per_user", False)
        self.commit()

    def test_button_opens_the_draft(self):
        """The button opens the draft."""
        job = self.submit([create("b")], self.owner).with_user(self.owner)
        self.assertTrue(job.can_duplicate)
        action = job.action_duplicate()
        self.assertEqual(action["res_model"], "batch.job")
        self.assertEqual(job.browse(action["res_id"]).state, "draft")
        with self.assertRaises(UserError):
            job.browse(action["res_id"]).duplicate()
