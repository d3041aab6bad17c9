from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..dispatch.admission import PARAMETERS, REQUEST_PARAMETER, Admission
from ..execution.worker.second_connection import TooBusy
from .admission_cases import AdmissionCase
from .rpc_cases import MODEL, create

USER_IS_FULL = (
    "No room for the job now: %s operations of Testadmission_User are open (%s of them in drafts), "
    "at most 10 may be, and the job needs room for %s. Nothing was stored. Try again when jobs "
    "have ended, or cancel one. A draft counts for 24 hours after its last part."
)


@tagged("post_install", "-at_install")
class TestAdmission(AdmissionCase):
    """How many operations may be open, and how many a job may have."""

    def test_at_the_limit_and_beyond(self):
        """The tenth operation of a user is taken, the eleventh is answered 429 with a sentence, and
        nothing of its job is stored; where operations are done there is room again."""
        job = self.waiting(8)
        self.assertEqual(self.send(2).status, 200)
        self.assert_no_room(self.send(1), USER_IS_FULL % (10, 0, 1))
        self.assertEqual(self.jobs(), 2)
        self.cr.execute("UPDATE batch_job SET succeeded = 3, skipped = 1 WHERE id = %s", [job.id])
        self.assert_no_room(self.send(5), USER_IS_FULL % (6, 0, 5))
        self.assertEqual(self.send(4).status, 200)
        self.assertEqual(self.jobs(), 3)

    def test_all_users_together_have_a_limit(self):
        """What all users have open together has a limit too, and the sentence names nobody."""
        self.waiting(8)
        self.assertEqual(self.send(7, self.other).status, 200)
        self.assert_no_room(
            self.send(1, self.other),
            "No room for the job now: 15 operations of all users are open, and at most 15 may be. "
            "Nothing was stored. Try again when jobs have ended.",
        )

    def test_what_is_open(self):
        """A paused job is open, because it may go on; one that is cancelled is not."""
        paused = self.waiting(8)
        paused.pause()
        self.commit()
        self.assertEqual(self.send(3).status, 429)
        paused.cancel()
        self.assertEqual(self.send(8).status, 200)

    def test_server_code_is_told_before_storing(self):
        """Server code gets the exception before anything is stored: where it goes on without the
        job, nothing of the job is committed."""
        self.waiting(8)
        jobs = self.env["batch.job"].with_user(self.user)
        with self.assertRaises(TooBusy) as refused:
            jobs.submit(self.operations(3))
        self.assertEqual(str(refused.exception), USER_IS_FULL % (8, 0, 3))
        self.assertEqual(refused.exception.context["no_room"], True)
        self.assertEqual(self.jobs(), 1)

    def test_a_job_that_can_never_be_admitted(self):
        """A job above the largest size is refused (422) with the limit, whether it is sent at once
        or in parts. A limit that is smaller than the largest size counts instead."""
        text = (
            "A job may have 8 operations, and this one would have %s. Cut it into several jobs, or "
            "have the limit raised: Settings, Batch Jobs."
        )
        reply = self.send(9)
        self.assertEqual((reply.status, reply.message), (422, text % 9))
        self.assertEqual(self.jobs(), 0)
        job = self.draft(5)
        self.assertEqual(self.send_part(job, 0, 3).status, 200)
        reply = self.send_part(job, 1, 2)
        self.assertEqual((reply.status, reply.message), (422, text % 10))
        self.assertEqual(job.status()["total"], 8)
        self.set_limits(in_all=4)
        self.assertIn("A job may have 4 operations", self.send(5).message)

    def test_two_drafts_do_not_wait_for_each_other(self):
        """A draft needs room for one operation when it is opened, and for none when a part is
        appended: two half-sent jobs both get through, beyond the limit."""
        self.waiting(4)
        first, second = self.draft(), self.draft(3)
        for part in (0, 1):
            self.assertEqual(self.send_part(first, part, 4).status, 200)
        self.assertEqual(self.send_part(second, 0, 5).status, 200)
        self.assert_no_room(self.send(0, start=False), USER_IS_FULL % (20, 16, 1))
        self.assertEqual([job.start()["state"] for job in (first, second)], ["queued"] * 2)

    def test_an_idempotency_key_of_before(self):
        """At the limit, and when the largest job is smaller now, the same submission returns its
        job; another one under the key is refused as ever."""
        job = self.waiting(8, idempotency_key="before")
        self.waiting(2)
        self.set_limits(job=5)
        reply = self.send(8, idempotency_key="before")
        self.assertEqual((reply.status, reply.body["id"]), (200, job.id))
        reply = self.send(7, idempotency_key="before")
        self.assertEqual(reply.status, 422)
        self.assertIn("belongs to job", reply.message)

    def test_retry_needs_room_for_one_operation(self):
        """A retry needs room for one operation of the job's owner; without it, nothing is pending
        again. What it opens beyond the limit is done all the same."""
        job = self.submit_and_run([{**create("x"), "values": {}}] * 8, self.user)
        self.assert_counters(job, "failed", failed=8)
        waits = [self.waiting(8), self.waiting(2)]
        reply = self.rpc(self.user, "batch.job", "retry", job.ids)
        self.assert_no_room(reply, USER_IS_FULL % (10, 0, 1))
        self.assertEqual(set(self.states(job)), {"failed"})
        waits[1].cancel()
        self.waiting(1)
        self.assertEqual(job.retry()["remaining"], 8)

    def test_a_retry_of_nothing(self):
        """A retry that would run nothing needs no room: it answers with the status, and nothing is
        queued. One that would run something is refused."""
        job = self.submit([create("x"), {**create("y"), "values": {}}], self.user, chunk_size=1)
        self.runner().step()
        self.renew()
        job.cancel()
        self.run_to_end(job)
        self.assert_counters(job, "cancelled", succeeded=1, skipped=1)
        events = job.history()["events"]
        self.waiting(8)
        self.waiting(2)
        for wanted in ({}, {"state": "failed"}, {"state": "rolled_back"}, {"indexes": [0]}):
            reply = self.rpc(self.user, "batch.job", "retry", job.ids, **wanted)
            self.assertEqual((reply.status, reply.body["state"]), (200, "cancelled"), wanted)
        self.assertEqual(job.history()["events"], events)
        for wanted in ({"cancelled": True}, {"state": "cancelled"}):
            reply = self.rpc(self.user, "batch.job", "retry", job.ids, **wanted)
            self.assert_no_room(reply, USER_IS_FULL % (10, 0, 1))

    def test_a_dry_run_for_real(self):
        """To run an ended dry run for real needs room for one operation."""
        job = self.submit_and_run(self.operations(3), self.user, dry_run=True)
        waits = [self.waiting(8), self.waiting(2)]
        reply = self.rpc(self.user, "batch.job", "start", job.ids)
        self.assert_no_room(reply, USER_IS_FULL % (10, 0, 1))
        self.assertEqual((job.status()["state"], job.status()["dry_run"]), ("done", True))
        waits[1].cancel()
        self.assertEqual(job.start()["remaining"], 3)

    def test_execute_asks_for_no_room(self):
        """`execute` is done at once: it asks for no room, and takes none."""
        self.waiting(8)
        self.waiting(2)
        operations = [create(f"{MODEL} {number}") for number in range(9)]
        reply = self.rpc(self.user, "batch.job", "execute", operations=operations)
        self.assertEqual((reply.status, reply.body["state"]), (200, "done"))

    def test_at_the_same_moment(self):
        """Submissions that do not see each other may pass the limit together; none of them meets
        a conflict."""
        with self.registry.cursor() as cr:
            jobs = self.env(cr=cr)["batch.job"].with_user(self.user)
            jobs.submit(self.operations(8), eta="2100-01-01")
            self.waiting(8)
        self.renew()
        self.assertEqual(self.jobs(), 2)
        self.assertEqual(self.send(1).status, 429)

    def test_size_of_a_request(self):
        """A request to batch jobs above the size is answered 413 with a sentence; requests to other
        models have Odoo's limit."""
        self.set_parameter(REQUEST_PARAMETER, 1)
        large = create("x" * 2**20)
        reply = self.rpc(self.user, "batch.job", "submit", operations=[large])
        self.assertEqual(
            (reply.status, reply.message),
            (
                413,
                "A request to batch jobs may have 1 MiB. Open a draft with start=False, and append "
                "the operations in parts.",
            ),
        )
        self.assertEqual(self.jobs(), 0)
        small = create("x" * (2**20 - 1000))
        self.assertEqual(self.rpc(self.user, "batch.job", "submit", operations=[small]).status, 200)
        domain = [["name", "=", "x" * 2**20]]
        self.assertEqual(self.rpc(self.user, MODEL, "search", domain=domain).status, 200)


@tagged("post_install", "-at_install")
class TestAdmissionSettings(AdmissionCase):
    """The limits on the Settings screen."""

    def save(self, **values):
        settings = self.env["res.config.settings"].with_user(self.admin)
        settings.create({f"batch_job_{name}": number for name, number in values.items()}).execute()

    def test_saved_limits_are_those_that_count(self):
        """What is saved is what counts."""
        self.save(largest_job=5, open_per_user=6, open_in_all=7, largest_request=8)
        self.assertEqual(vars(Admission(self.env).limits()), {"job": 5, "per_user": 6, "in_all": 7})
        self.renew()

    def test_nonsense_leaves_the_default_limits(self):
        """Without settings, or with nonsense, the limits are those that nobody meets by
        accident."""
        for value in ("", "0", "-4", "many"):
            for parameter in PARAMETERS.values():
                self.env["ir.config_parameter"].set_param(parameter, value)
            limits = vars(Admission(self.env).limits())
            numbers = {"job": 5_000_000, "per_user": 5_000_000, "in_all": 20_000_000}
            self.assertEqual(limits, numbers)
        settings = self.env["res.config.settings"]
        self.assertEqual(settings.default_get(["batch_job_largest_request"]).popitem()[1], 128)
        self.env["ir.config_parameter"].set_param("web.max_file_upload_size", str(300 * 2**20))
        self.assertEqual(settings.default_get(["batch_job_largest_request"]).popitem()[1], 300)
        self.renew()

    def test_another_setting_is_saved(self):
        """The size of a request stays Odoo's if nobody has changed it on the screen."""
        parameters = self.env["ir.config_parameter"]
        self.save(largest_request=7)
        self.assertEqual(parameters.get_param(REQUEST_PARAMETER), "7")
        self.save(largest_request=128)
        self.assertFalse(parameters.get_param(REQUEST_PARAMETER))
        self.save(open_per_user=11)
        self.assertFalse(parameters.get_param(REQUEST_PARAMETER))
        self.renew()

    def test_limits_that_stop_everything_are_refused(self):
        """Limits under which a job would wait for ever are refused, as is a request of nothing."""
        with self.assertRaisesRegex(ValidationError, "would wait for ever"):
            self.save(largest_job=5, open_per_user=4)
        with self.assertRaisesRegex(ValidationError, "would wait for ever"):
            self.save(largest_job=0)
        with self.assertRaisesRegex(ValidationError, "at least 1 MiB"):
            self.save(largest_request=0)
        self.renew()
