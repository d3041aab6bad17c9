from odoo.tests import tagged

from .common import CommittedCase

ITEM = "test.batch.item"
REPAIR = "test.batch.repair"


def create(model, **values):
    return {"op": "create", "model": model, "values": values}


@tagged("post_install", "-at_install")
class TestUniqueKeys(CommittedCase):
    """Once a key was violated, the others that meet it are known without trying them."""

    cleans = (ITEM, REPAIR, "res.country")

    def test_known_keys_are_not_tried(self):
        """Creates of keys that exist fail by the rule's own words and cost no attempt each."""
        self.env[ITEM].create([{"name": f"k {number}"} for number in range(100)])
        operations = [create(ITEM, name=f"k {number}") for number in range(200)]
        outcomes = self.outcomes(self.submit_and_run(operations, chunk_size=100))
        bad, good = outcomes[:100], outcomes[100:]
        failure = {
            "type": "unique",
            "message": "An item of this name exists already.",
            "field": None,
        }
        self.assertEqual([outcome["error"] for outcome in bad], [failure] * 100)
        first = good[0]["ids"][0]
        self.assertEqual([one["ids"] for one in good], [[first + n] for n in range(100)])
        # an insert takes a number even when it fails: the first of the attempt that taught the
        # key did, and no other
        before = max(self.env[ITEM].search([("name", "in", ["k 0", "k 99"])]).ids)
        self.assertEqual(first - before, 2)

    def test_a_key_given_twice(self):
        """Of two creates of a new key the first lands, in a chunk that knows the key."""
        self.env[ITEM].create({"name": "taken"})
        names = ["taken", "new", "new", "taken", "other"]
        job = self.submit_and_run([create(ITEM, name=name) for name in names])
        self.assertEqual(self.states(job), ["failed", "done", "failed", "failed", "done"])

    def test_a_free_key_after_a_delete(self):
        """A key that an earlier operation of the chunk gives free is not taken for one in use."""
        (taken,) = self.env[ITEM].create({"name": "freed"}).ids
        operations = [
            create(ITEM, name="freed"),
            {"op": "unlink", "model": ITEM, "ids": [taken]},
            create(ITEM, name="freed"),
        ]
        self.assertEqual(self.states(self.submit_and_run(operations)), ["failed", "done", "done"])

    def test_a_model_that_changes_what_it_is_given(self):
        """Where a model's own create may give another key, a suspect is tried before it fails."""
        self.cr.execute(
            """INSERT INTO res_country (name, code) VALUES ('{"en_US": "Small"}', 'zx')"""
        )
        operations = [
            create("res.country", name="Second Belgium", code="BE"),
            create("res.country", name="Capital", code="zx"),  # res.country writes ZX
        ]
        outcomes = self.outcomes(self.submit_and_run(operations))
        self.assertEqual([outcome["state"] for outcome in outcomes], ["failed", "done"])
        country = self.env["res.country"].browse(outcomes[1]["ids"])
        self.assertEqual(country.code, "ZX")

    def test_a_detail_names_its_own_key(self):
        """Where Odoo's words hold the key, each failure has that of its operation."""
        self.cr.execute("CREATE UNIQUE INDEX test_batch_own_key ON test_batch_repair (number)")
        self.addCleanup(self.drop_index)
        self.env[REPAIR].create([{"name": "r", "number": 901}, {"name": "r", "number": 902}])
        numbers = (901, 902, 903)
        operations = [create(REPAIR, name="r", number=number) for number in numbers]
        errors = [one["error"] for one in self.outcomes(self.submit_and_run(operations))]
        self.assertIn("Key (number)=(901) already exists.", errors[0]["message"])
        self.assertIn("Key (number)=(902) already exists.", errors[1]["message"])
        self.assertIsNone(errors[2])

    def drop_index(self):
        self.renew()
        self.cr.execute("DROP INDEX test_batch_own_key")
        self.commit()
