from odoo.tests import tagged

from .rpc_cases import MODEL, RpcCase

BLANKED = {"$blanked": True}


@tagged("post_install", "-at_install")
class TestPasswords(RpcCase):
    """A password is kept no longer than its operation needs it."""

    def submit_passwords(self, login, **options):
        """Three operations with a password: a good one, a bad one, a good one."""
        self.target = self.new_user(login)
        values = {"password": "S3cret-pass"}
        operations = [
            {"op": "write", "model": "res.users", "ids": [one], "values": values}
            for one in (self.target.id, 2_000_000_000, self.target.id)
        ]
        return self.submit(operations, **options)

    def payloads(self, job):
        self.cr.execute(
            "SELECT payload FROM batch_job_operation WHERE job_id = %s ORDER BY index", [job.id]
        )
        return [payload["values"]["password"] for (payload,) in self.cr.fetchall()]

    def test_ended_operation_has_no_password(self):
        """Passwords are there while an operation waits, and blanked once it has ended, well or
        badly; the operation has used the true one."""
        job = self.submit_passwords("pw_isolate")
        self.assertEqual(self.payloads(job), ["S3cret-pass"] * 3)
        before = self.target._compute_session_token("sid")
        self.run_jobs()
        self.assertEqual(self.states(job), ["done", "failed", "done"])
        self.assertEqual(self.payloads(job), [BLANKED] * 3)
        self.assertNotEqual(self.target._compute_session_token("sid"), before)

    def test_messages_quote_no_password(self):
        """A message that quotes a value quotes no password: managers read messages."""
        lines = [[0, 0, {"login": "pw_message", "password": "S3cret-pass"}], [9]]
        create = {"op": "create", "model": "res.partner"}
        job = self.submit([{**create, "values": {"name": "P", "user_ids": lines}}])
        self.run_jobs()
        self.assertEqual(self.states(job), ["failed"])
        message = job.operation_ids.error_message
        self.assertIn("pw_message", message)
        self.assertNotIn("S3cret", message + str(job.causes))

    def test_rollback_and_cancel_blank_passwords(self):
        """Passwords are blanked as well when an operation was rolled back, or cancelled."""
        for policy, states in (
            ("all", ["rolled_back", "failed", "rolled_back"]),
            ("chunk", ["rolled_back", "failed", "rolled_back"]),
        ):
            job = self.submit_passwords(f"pw_{policy}", policy=policy)
            self.run_jobs()
            self.assertEqual(self.states(job), states)
            self.assertEqual(self.payloads(job), [BLANKED] * 3)
        job = self.submit_passwords("pw_cancel")
        job.cancel()
        self.commit()
        self.assertEqual(self.states(job), ["cancelled"] * 3)
        self.assertEqual(self.payloads(job), [BLANKED] * 3)

    def test_stop_keeps_passwords_until_the_end(self):
        """What waits for a resume keeps its password, the culprit too; it has none to keep when
        the job has ended."""
        job = self.submit_passwords("pw_stop", policy="stop")
        self.run_jobs()
        for _time in range(2):
            self.assertEqual(self.states(job), ["pending", "failed", "pending"])
            self.assertEqual(self.outcomes(job)[1]["error"]["type"], "missing")
            self.assertEqual(self.payloads(job), ["S3cret-pass"] * 3)
            job.resume()
            self.run_jobs()
        job.resume(skip=True)
        self.run_jobs()
        self.assertEqual(self.states(job), ["done", "failed", "done"])
        self.assertEqual(self.payloads(job), [BLANKED] * 3)

    def test_retry_of_a_blanked_operation_fails(self):
        """A retry of a blanked operation fails and says to submit it anew."""
        job = self.submit_passwords("pw_retry", policy="chunk")
        self.run_jobs()
        job.retry()
        self.run_jobs()
        (outcome, *_rest) = self.outcomes(job)
        self.assertEqual(outcome["state"], "failed")
        self.assertEqual(
            outcome["error"]["message"],
            "Its password was blanked when the operation ended and cannot be used again: "
            "submit the operation anew.",
        )

    def test_execute_blanks_passwords(self):
        """`execute` blanks passwords too."""
        operation = {"op": "write", "model": "res.users", "values": {"password": "S3cret-pass"}}
        operation["ids"] = self.new_user("pw_execute").ids
        jobs = self.env["batch.job"].with_user(self.admin)
        job = jobs.browse(jobs.execute([operation])["id"])
        self.assertEqual(self.payloads(job), [BLANKED])

    def test_other_names_of_passwords_are_known(self):
        """Passwords go by other names, and lie deep in a payload."""
        hidden = {"smtp_pass": "a", "api_key": "b", "client_secret": "c", "list": [{"token": "d"}]}
        call = {"op": "call", "model": MODEL, "method": "return_env", "kwargs": {"x": hidden}}
        job = self.submit_and_run([call])
        self.cr.execute("SELECT payload FROM batch_job_operation WHERE job_id = %s", [job.id])
        found = self.cr.fetchone()[0]["kwargs"]["x"]
        self.assertEqual(
            found,
            {
                "smtp_pass": BLANKED,
                "api_key": BLANKED,
                "client_secret": BLANKED,
                "list": [{"token": BLANKED}],
            },
        )

    def test_positional_password_is_known(self):
        """A password among positional arguments is known by the name of the method's parameter."""
        call = {"op": "call", "model": "test.batch.value", "method": "take_password"}
        mixed = {**call, "args": ["jo", "S3cret"], "kwargs": {"again": 1}}
        plain = {**call, "method": "return_text", "args": [3]}
        too_many = {**call, "args": ["jo", "S3cret", 1, 2]}
        job = self.submit([mixed, plain, too_many], idempotency_key="by position")
        again = self.submit([mixed, plain, too_many], idempotency_key="by position")
        self.assertEqual(again, job)
        self.run_jobs()
        outcomes = self.outcomes(job)
        self.assertEqual([one["value"] for one in outcomes], ["jo 6 1", "ééé", None])
        self.assertIn("positional argument", outcomes[2]["error"]["message"])
        self.cr.execute(
            "SELECT payload FROM batch_job_operation WHERE job_id = %s ORDER BY index", [job.id]
        )
        first, second, _third = (payload for (payload,) in self.cr.fetchall())
        self.assertEqual(first["kwargs"], {"login": "jo", "password": BLANKED, "again": 1})
        self.assertEqual(second["args"], [3])

    def test_arguments_named_like_a_row(self):
        """Arguments that are called `fields` and `row`, and are no row to load, do not keep an
        operation with a password from ending."""
        arguments = {"fields": ["a", "b"], "row": [1], "token": "t"}
        call = {"op": "call", "model": MODEL, "method": "return_env", "kwargs": arguments}
        job = self.submit_and_run([call])
        self.assert_counters(job, "failed", failed=1)
        self.cr.execute("SELECT payload FROM batch_job_operation WHERE job_id = %s", [job.id])
        self.assertEqual(self.cr.fetchone()[0]["kwargs"], {**arguments, "token": BLANKED})
