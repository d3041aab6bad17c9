from odoo.tests import tagged

from .rpc_cases import MODEL, AccessCase, create


@tagged("post_install", "-at_install")
class TestContent(AccessCase):
    """What operations carry and return is read by the owner and administrators only."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        call = {"op": "call", "model": MODEL, "method": "return_text", "args": [5]}
        cls.job = cls().submit_and_run([create("very private"), call], user=cls.owner)

    def operation_fields(self, user):
        domain = [("job_id", "=", self.job.id)]
        fields = ["index", "state", "payload_text", "value_text"]
        return self.rpc(
            user, "batch.job.operation", "search_read", domain=domain, fields=fields
        ).body

    def test_owner_and_administrator(self):
        """The owner and administrators see payloads and values."""
        for user in (self.owner, self.admin):
            secret, call = self.operation_fields(user)
            self.assertIn("very private", secret["payload_text"])
            self.assertEqual(call["value_text"], '"ééééé"')
            results = self.rpc(user, "batch.job", "results", self.job.ids).body["results"]
            self.assertEqual(results[1]["value"], "ééééé")

    def test_manager_reads_no_payload_and_value(self):
        """A manager sees states and errors, no payload and no value."""
        for operation in self.operation_fields(self.manager):
            self.assertEqual(operation["state"], "done")
            self.assertFalse(operation["payload_text"] or operation["value_text"])
        results = self.rpc(self.manager, "batch.job", "results", self.job.ids).body["results"]
        self.assertEqual([outcome["value"] for outcome in results], [None, None])

    def test_default_read_has_no_payload(self):
        """Reading all fields gives no payload to a manager."""
        domain = [("job_id", "=", self.job.id)]
        rows = self.rpc(self.manager, "batch.job.operation", "search_read", domain=domain).body
        self.assertEqual(len(rows), 2)
        self.assertNotIn("very private", str(rows))
        self.assertNotIn("ééééé", str(rows))
