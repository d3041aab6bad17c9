import json

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..dispatch.admission import PARAMETERS, REQUEST_PARAMETER
from ..engine.admission import RETRY_AFTER
from ..execution.worker.second_connection import TooBusy
from .races import ITEM, RaceCase
from .rpc_cases import create


class AdmissionCase(RaceCase):
    """Room for ten open operations of a user, fifteen in all; a job has at most eight."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = [cls.new_user(f"admission_{number}") for number in range(2)]
        rights = {"name": "items", "model_id": cls.env["ir.model"]._get_id(ITEM)}
        cls.env["ir.model.access"].create(rights | {"perm_create": True, "perm_read": True})

    def setUp(self):
        super().setUp()
        self.set_limits(per_user=10, in_all=15, job=8)

    def set_limits(self, **limits):
        for name, number in limits.items():
            self.set_parameter(PARAMETERS[name], number)

    def set_parameter(self, name, value):
        parameters = self.env["ir.config_parameter"]
        self.addCleanup(self.commit)
        self.addCleanup(parameters.set_param, name, parameters.get_param(name))
        parameters.set_param(name, str(value))
        self.commit()

    def waiting(self, count, user=None, **options):
        """A job that does not begin."""
        name = f"{self._testMethodName} {len(self.env['batch.job'].search([]))}"
        options = {"eta": "2100-01-01", **options}
        return self.submit(self.creates(name, count), user or self.users[0], **options)

    def send(self, count, user=None, **options):
        """Submit over JSON-2."""
        operations = [create(f"{self._testMethodName} {number}") for number in range(count)]
        arguments = {"operations": operations, "eta": "2100-01-01", **options}
        return self.rpc(user or self.users[0], "batch.job", "submit", **arguments)

    def assert_no_room(self, reply, text):
        self.assertEqual(reply.status, 429)
        self.assertEqual(reply.message, text)
        self.assertEqual(reply.body["context"], {"retry_after": RETRY_AFTER, "no_room": True})

    def jobs(self):
        return self.env["batch.job"].search_count([])

    def make_old(self, job, hours):
        self.cr.execute(
            "UPDATE batch_job SET write_date = write_date - make_interval(hours => %s)"
            " WHERE id = %s",
            [hours, job.id],
        )
        self.commit()


@tagged("post_install", "-at_install")
class TestAdmission(AdmissionCase):
    """How many operations may be open."""

    def test_at_the_limit_and_beyond(self):
        """The tenth operation of a user is taken, the eleventh is answered 429 with a sentence, and
        nothing of its job is stored; when operations are done there is room again."""
        job = self.waiting(8)
        self.assertEqual(self.send(2).status, 200)
        self.assert_no_room(
            self.send(1),
            "No room for the job now: 10 operations of Admission_0 are open (0 of them in drafts), "
            "at most 10 may be, and the job needs room for 1. Nothing was stored. Try again when "
            "jobs have ended, or cancel one. A draft counts for 24 hours after its last part.",
        )
        self.assertEqual(self.jobs(), 2)
        self.cr.execute("UPDATE batch_job SET succeeded = 3, skipped = 1 WHERE id = %s", [job.id])
        self.assertEqual(self.send(5).status, 429)
        self.assertEqual(self.send(4).status, 200)
        self.assertEqual(self.jobs(), 3)

    def test_all_users(self):
        """What all users have open together is limited too, and the sentence names nobody."""
        self.waiting(8)
        self.assertEqual(self.send(7, self.users[1]).status, 200)
        self.assert_no_room(
            self.send(1, self.users[1]),
            "No room for the job now: 15 operations of all users are open, and at most 15 may be. "
            "Nothing was stored. Try again when jobs have ended.",
        )

    def test_retry_after(self):
        """The answer says in a header when to come again."""
        self.waiting(8)
        self.waiting(2)
        self.assertEqual(self.send(1, headers=None).status, 429) if False else None
        body = {"operations": [create("x")]}
        self.assertEqual(self.headers_of(self.users[0], body)["Retry-After"], str(RETRY_AFTER))
