"""What somebody sends to `onchange` lies over what is stored, an owner as well: rights do not come
from there."""

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .rpc_cases import MODEL, AccessCase, create

PRIVATE = "very private"
NUMBER = 987_654  # of a record that does not exist
TEXTS = ("payload_text", "value_text", "title", "can_open")


@tagged("post_install", "-at_install")
class TestForgedValues(AccessCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        call = {"op": "call", "model": MODEL, "method": "return_text", "args": [5]}
        cls.done = cls().submit_and_run([create(PRIVATE), call], user=cls.owner)
        change = {"op": "write", "model": MODEL, "ids": [NUMBER], "values": {"name": PRIVATE}}
        cls.waiting = cls().submit([change], user=cls.owner, start=False)

    def assert_nothing_private(self, text):
        for private in (PRIVATE, "ééé", str(NUMBER)):
            self.assertNotIn(private, str(text))

    def onchange(self, user, job, forged, field):
        """Over JSON-2: forge values of the operations, ask for what they carry."""
        commands = [Command.update(one, forged) for one in self.operations.ids]
        return self.rpc(
            user,
            "batch.job",
            "onchange",
            job.ids,
            values={"operation_ids": [], field: commands},
            field_names=[],
            fields_spec={
                "problem_ids": {},
                "operation_ids": {"fields": {name: {} for name in TEXTS}},
            },
        )

    def test_forged_owner_reads_no_content(self):
        """Whoever makes themselves the owner of a job's operations in a form sees no content of
        them: not a manager, nor who draws them into a job of their own."""
        own = self.submit([create("own")], user=self.other)
        for job in (self.done, self.waiting):
            self.operations = job.operation_ids
            for field in ("problem_ids", "operation_ids"):
                for user, form, forged in (
                    (self.manager, job, {"owner_id": self.manager.id}),
                    (self.manager, job, {"owner_id": self.manager.id, "op": "write", "index": 9}),
                    (self.other, own, {"owner_id": self.other.id}),
                    (self.other, own, {"owner_id": self.other.id, "job_id": own.id}),
                ):
                    with self.subTest(field=field, user=user.login, forged=forged):
                        reply = self.onchange(user, form, forged, field)
                        self.assert_nothing_private(reply.body)

    def test_operation_texts_follow_the_stored_owner(self):
        """The texts of an operation depend on its stored owner, whatever a form says."""
        for job in (self.done, self.waiting):
            for operation in job.operation_ids:
                for user in (self.manager, self.other):
                    forged = {"owner_id": user.id, "op": operation.op, "model": MODEL}
                    forged |= {"job_id": job.id, "index": operation.index, "record_ids": False}
                    seen = operation.with_user(user).new(forged, origin=operation)
                    found = [seen[name] for name in TEXTS]
                    self.assertEqual((found[:2], found[3]), ([False, False], False))
                    self.assert_nothing_private(found)
        mine = self.done.operation_ids[0].with_user(self.owner)
        self.assertIn(PRIVATE, mine.new({}, origin=mine).payload_text)

    def test_job_rights_follow_the_stored_owner(self):
        """Whose a job is does not depend on a form either, and what was not done is listed for
        readers of the job only."""
        job = self.done.with_user(self.manager).sudo(False)
        with self.assertRaisesRegex(AccessError, "Only its owner may change"):
            job.new({"user_id": self.manager.id}, origin=job)._check_owner()
        bad = self.submit_and_run([create("bad", nmae=1)], user=self.owner)
        self.assertEqual(bad.with_user(self.manager).problem_ids, bad.operation_ids)
        unreadable = bad.with_user(self.other)
        forged = {"user_id": self.other.id, "failed": 1, "skipped": 0}
        self.assertEqual(unreadable.new(forged, origin=unreadable).problem_ids.ids, [])

    def test_why_it_waits_in_a_form(self):
        """A job that waits long says why in a form that was changed, too."""
        job = self.submit([create("waits")], user=self.owner)
        self.cr.execute(
            "UPDATE batch_job SET queued_at = now() - interval '1 h' WHERE id = %s", [job.id]
        )
        job.invalidate_recordset()
        self.assertTrue(job.stalled_reason)
        self.assertEqual(job.new({}, origin=job).stalled_reason, job.stalled_reason)

    def test_report_of_a_dry_run(self):
        """A manager reads the report of another's dry run, and neither changes nor deletes it, nor
        adds a file to the job."""
        job = self.submit_and_run([create("dry")], user=self.owner, dry_run=True)
        job.start()
        self.commit()
        files = self.env["ir.attachment"].with_user(self.manager)
        report = files.search([("res_model", "=", "batch.job"), ("res_id", "=", job.id)])
        self.assertEqual(len(report), 1)
        self.assertIn(b"done", report.raw)
        with self.assertRaises(AccessError):
            report.name = "forged"
        with self.assertRaises(AccessError):
            report.unlink()
        with self.assertRaises(AccessError):
            files.create({"name": "forged", "res_model": "batch.job", "res_id": job.id})
