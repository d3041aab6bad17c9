"""Messages that quote a value are content: who reads them, and that nobody else can guess them."""

import json

from odoo import Command
from odoo.service.model import call_kw
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools import mute_logger

from .rpc_cases import AccessCase
from .test_hidden_columns import ONE_RECORD, of_a_column, through_a_part, through_the_job
from .view_cases import create

JOB, OPERATION, CHUNK, EVENT = (
    "batch.job",
    "batch.job.operation",
    "batch.job.chunk",
    "batch.job.event",
)
MASKED = {
    JOB: ("error", "on_end_error", "row_name"),
    OPERATION: ("error_message", "error_text", "note", "subject_text", "title", "content_table"),
    CHUNK: ("trouble",),
    EVENT: ("reason",),
}
KEY, ITEM = "test.batch.key", "test.batch.item"
VALUE = "very private"
BAD = {"op": "create", "model": KEY, "values": {"name": "x", "day": VALUE}}
SHORT = "Wrong value: Day"
FULL = "Operation 0 (row 1) failed: "


@tagged("post_install", "-at_install")
class TestMessagesOverRpc(AccessCase):
    cleans = (KEY,)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        company = cls.env["res.company"].create({"name": "Another"})
        groups = "base.group_user,batch_job.group_manager"
        at_another = {"company_id": company.id, "company_ids": [Command.set(company.ids)]}
        cls.elsewhere = cls.new_user("messages_elsewhere", groups, **at_another)

    def said(self, user, job):
        """All that RPC says of a job's errors to a user, by the method or field."""
        read = {"fields": ["error"]}
        rows = {"domain": [("job_id", "=", job.id)]}
        fields = ["error_message", "error_text", "error_field_text", "row"]
        replies = {
            "status": self.rpc(user, JOB, "status", job.ids),
            "results": self.rpc(user, JOB, "results", job.ids),
            "history": self.rpc(user, JOB, "history", job.ids),
            "job": self.rpc(user, JOB, "read", job.ids, **read),
            "rows": self.rpc(user, OPERATION, "search_read", fields=fields, **rows),
            "events": self.rpc(user, EVENT, "search_read", fields=["reason"], **rows),
        }
        return {name: reply.body for name, reply in replies.items() if reply.status == 200}

    def test_a_failed_job(self):
        """The owner and administrators read what the message quotes; a manager reads the row, the
        kind of error and the field; who may not see the job reads nothing."""
        job = self.submit_and_run([BAD], user=self.owner)
        for user in (self.owner, self.admin):
            with self.subTest(user.login):
                said = self.said(user, job)
                message = said["results"]["results"][0]["error"]["message"]
                self.assertIn(VALUE, message)
                self.assertEqual(said["status"]["error"], FULL + message)
                self.assertEqual(said["history"]["events"][-1]["reason"], FULL + message)
                self.assertEqual(said["job"][0]["error"], FULL + message)
                self.assertEqual(said["events"][0]["reason"], FULL + message)
                self.assertEqual(said["rows"][0]["error_message"], message)
                self.assertEqual(said["rows"][0]["error_text"], message)
        said = self.said(self.manager, job)
        self.assertNotIn(VALUE, json.dumps(said | {"history": without_causes(said["history"])}))
        error = {"type": "bad_value", "message": SHORT, "field": "day"}
        self.assertEqual(said["results"]["results"][0]["error"], error)
        self.assertEqual(said["status"]["error"], FULL + SHORT)
        self.assertEqual(said["history"]["events"][-1]["reason"], FULL + SHORT)
        [row] = said["rows"]
        self.assertEqual(
            (row["error_message"], row["error_text"], row["error_field_text"], row["row"]),
            (False, SHORT, "Day", 1),
        )
        for user in (self.other, self.elsewhere):
            with self.subTest(user.login):
                said = self.said(user, job)
                self.assertEqual((said.pop("rows"), said.pop("events"), said), ([], [], {}))

    def test_manager_reads_no_value_of_a_culprit(self):
        """A job that policy `stop` has paused names the culprit; a manager reads no value, and
        after the resume the reason of the next pause is not hidden."""
        job = self.submit_and_run([BAD, BAD], user=self.owner, policy="stop")
        self.assertIn(VALUE, self.rpc(self.owner, JOB, "status", job.ids).body["error"])
        said = self.rpc(self.manager, JOB, "status", job.ids).body
        self.assertEqual((said["state"], said["error"]), ("paused", FULL + SHORT))
        self.rpc(self.manager, JOB, "resume", job.ids, skip=True)
        with self.subTest("an error that quotes nothing"):
            self.locked(job).set(error="Its owner is archived.")
            self.commit()
            said = self.rpc(self.manager, JOB, "status", job.ids).body
            self.assertEqual(said["error"], "Its owner is archived.")

    def test_manager_reads_no_error_of_on_end(self):
        """Why the method at the end failed may quote a value, too."""
        on_end = {"model": ITEM, "method": "fail", "kwargs": {"text": VALUE}}
        good = {"op": "create", "model": KEY, "values": {"name": "good"}}
        job = self.submit_and_run([good], user=self.owner, on_end=on_end)
        self.run_jobs()
        said = self.rpc(self.owner, JOB, "status", job.ids).body["on_end"]
        self.assertEqual(said["state"], "failed")
        self.assertIn(VALUE, said["error"])
        said = self.rpc(self.manager, JOB, "status", job.ids).body["on_end"]
        text = "Only the owner of the job and administrators read why."
        self.assertEqual((said["state"], said["error"]), ("failed", text))

    def test_manager_reads_no_note(self):
        """A note of an import may quote a cell."""
        job = self.submit_and_run([{**BAD, "values": {"name": "noted"}}], user=self.owner)
        self.cr.execute(
            "UPDATE batch_job_operation SET note = %s WHERE job_id = %s", [VALUE, job.id]
        )
        self.commit()
        notes = [
            self.rpc(user, JOB, "results", job.ids).body["results"][0].get("note")
            for user in (self.owner, self.admin, self.manager)
        ]
        self.assertEqual(notes, [VALUE, VALUE, None])

    def test_report_of_a_dry_run(self):
        """The report of a dry run that was run for real is read by managers: it quotes nothing."""
        job = self.submit_and_run([BAD], user=self.owner, dry_run=True)
        self.rpc(self.owner, JOB, "start", job.ids)
        [report] = self.rpc(
            self.manager,
            "ir.attachment",
            "search_read",
            domain=[("res_model", "=", JOB), ("res_id", "=", job.id)],
            fields=["raw"],
        ).body
        self.renew()
        raw = self.env["ir.attachment"].browse(report["id"]).raw.decode()
        self.assertEqual(
            raw.splitlines(),
            [
                "index,state,op,model,error_type,error_field",
                f"0,failed,create,{KEY},bad_value,day",
            ],
        )


def without_causes(history):
    """Causes are another matter."""
    return [{**event, "causes": None} for event in history["events"]]


@tagged("post_install", "-at_install")
class TestNoOracle(TransactionCase):
    """Whatever a manager asks of the ORM, the answer is the same whatever the content is."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "base.group_user,base.group_partner_manager,base.group_allow_export"
        cls.owner = new_test_user(cls.env, "oracle_owner", groups)
        cls.manager = new_test_user(cls.env, "oracle_manager", f"{groups},batch_job.group_manager")
        jobs = cls.env[JOB].with_user(cls.owner)
        cls.job = jobs.browse(jobs.execute([create(name="x"), create()])["id"])
        cls.chunk = cls.env[CHUNK].sudo().search([("job_id", "=", cls.job.id)], limit=1)
        cls.ids = {
            JOB: cls.job.ids,
            OPERATION: cls.job.operation_ids.ids,
            CHUNK: cls.job.chunk_ids.ids,
            EVENT: cls.job.event_ids.ids,
        }

    def fill(self, text):
        """Let every text of the job that may quote content quote this one."""
        payload = json.dumps({"values": {"name": text}})
        self.env.cr.execute(
            """
            UPDATE batch_job SET error = %(text)s, error_masked = 'masked', on_end_error = %(text)s,
                                 on_end_state = 'failed'
             WHERE id = %(job)s;
            UPDATE batch_job_operation
               SET error_message = %(text)s, note = %(text)s, subject = %(text)s,
                   payload = %(payload)s::jsonb
             WHERE job_id = %(job)s;
            UPDATE batch_job_chunk SET trouble = %(text)s WHERE job_id = %(job)s;
            UPDATE batch_job_event SET reason = %(text)s, reason_masked = 'masked'
             WHERE job_id = %(job)s
            """,
            {"text": text, "payload": payload, "job": self.job.id},
        )
        self.env.invalidate_all()

    def ways(self):
        for model, names in MASKED.items():
            for name in names:
                yield from ((model, *way) for way in of_a_column(name))
        for name in MASKED[OPERATION]:
            yield from ((JOB, *way) for way in through_the_job(name))
        for name in MASKED[JOB]:
            for model in (OPERATION, CHUNK, EVENT):
                yield from ((model, *way) for way in through_a_part(name))

    def answer(self, user, model, method, arguments, with_ids):
        """What RPC would answer, as text; a refusal by its kind."""
        ids = self.ids[model][: 1 if method in ONE_RECORD else None]
        savepoint = self.env.cr.savepoint()
        try:
            with mute_logger("odoo.models", "odoo.addons.base.models.ir_rule", "odoo.sql_db"):
                records = self.env(user=user)[model]
                answer = call_kw(records, method, [ids] if with_ids else [], arguments)
        except Exception as error:
            return type(error).__name__
        finally:
            savepoint.close(rollback=True)
            self.env.invalidate_all()
        return json.dumps(answer, default=str, ensure_ascii=False)

    def answers(self, user):
        return [self.answer(user, *way) for way in self.ways()]

    def test_manager_cannot_tell_contents_apart(self):
        """No way of the ORM tells a manager two contents apart; the owner's do."""
        self.fill(VALUE)
        managers, owners = self.answers(self.manager), self.answers(self.owner)
        self.fill("something else")
        others, changed = self.answers(self.manager), self.answers(self.owner)
        for way, before, after in zip(self.ways(), managers, others, strict=True):
            with self.subTest(way=way):
                self.assertEqual(before, after)
                self.assertNotIn(f'"{VALUE}"', before)
        differ = sum(one != other for one, other in zip(owners, changed, strict=True))
        self.assertGreater(differ, 100)

    def test_cache_gives_a_manager_no_content(self):
        """What the owner has read, or the superuser, is not in the cache of a manager."""
        self.fill(VALUE)
        row = self.job.operation_ids[1]
        for user in (self.owner, self.env.ref("base.user_admin")):
            seen = row.with_user(user)
            self.assertEqual((seen.error_message, seen.note), (VALUE, VALUE))
        self.assertEqual(row.sudo().error_message, VALUE)
        seen = row.with_user(self.manager)
        self.assertEqual((seen.error_message, seen.note, seen.subject_text), (False, False, False))
        self.assertEqual(seen.error_text, "Required value missing: Name")
        job = self.job.with_user(self.manager)
        self.assertEqual((job.error, job.on_end_error), ("masked", False))
        self.assertEqual(job.event_ids.mapped("reason"), ["masked"] * len(job.event_ids))

    def test_sorted_and_grouped(self):
        """The owner sorts and groups by the message."""
        self.fill(VALUE)
        rows = self.env[OPERATION].with_user(self.owner)
        domain = [("job_id", "=", self.job.id)]
        self.assertEqual(len(rows.search(domain, order="error_message desc")), 2)
        [group] = rows.formatted_read_group(domain, ["error_message"], ["__count"])
        self.assertEqual((group["error_message"], group["__count"]), (VALUE, 2))
        [group] = rows.with_user(self.manager).formatted_read_group(
            domain, ["error_message"], ["__count"]
        )
        self.assertEqual((group["error_message"], group["__count"]), (False, 2))

    def test_no_view_shows_it_bare(self):
        """Views show `error_text`, which everybody may read; `error_message` is only searched."""
        for kind in ("list", "kanban", "form"):
            for model in (JOB, OPERATION):
                arch = self.env[model].get_view(view_type=kind)["arch"]
                self.assertNotIn('name="error_message"', arch, f"{kind} of {model}")
