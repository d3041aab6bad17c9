"""What tests of upserts and references have in common."""

from odoo.exceptions import UserError

from .common import CommittedCase

# what gives the number of keys that all chunks may lock
BUDGET = "odoo.addons.batch_job.dispatch.key_shares.budget"
KEY = "test.batch.key"
DOTTED = "batch_job_tests"  # prefix of the external ids of these tests


def upsert(*key, **values):
    """An upsert by these fields."""
    return {"op": "upsert", "model": KEY, "key": list(key), "values": values}


def by_id(xml_id, **values):
    """An upsert by an external id."""
    return {"op": "upsert", "model": KEY, "xml_id": xml_id, "values": values}


def create(ref=None, model=KEY, **values):
    return {"op": "create", "model": model, "values": values, "ref": ref}


def write(ids, **values):
    return {"op": "write", "model": KEY, "ids": ids, "values": values}


def refer(name):
    return {"$ref": name}


class KeyCase(CommittedCase):
    cleans = ("test.batch.order", KEY)

    def setUp(self):
        super().setUp()
        self.addCleanup(self.remove_all)

    def remove_all(self):
        self.renew()
        self.cr.execute("DELETE FROM batch_job")
        self.cr.execute("DELETE FROM ir_model_data WHERE model LIKE 'test.batch.%' AND res_id > 0")
        self.env["test.batch.order"].search([]).unlink()
        self.records([]).unlink()
        self.commit()

    def records(self, domain):
        """All that fit, archived and secret ones too, oldest first."""
        return self._all(KEY).search(domain, order="id")

    def make(self, *values):
        """Committed records."""
        records = self.env[KEY].create(list(values))
        self.commit()
        return records

    def values_of(self, operations, **options):
        """Run a job that succeeds; give each outcome's value."""
        job = self.submit_and_run(operations, **options)
        self.assert_counters(job, "done", succeeded=len(operations))
        return [outcome["value"] for outcome in self.outcomes(job)]

    def run_one(self, operation, **options):
        """Run a job of one operation; give its outcome."""
        (outcome,) = self.outcomes(self.submit_and_run([operation], **options))
        return outcome

    def assert_failed(self, operation, error_type, *words):
        """Alone in a job it fails with this type, and each of the words is in the reason."""
        outcome = self.run_one(operation)
        self.assertEqual((outcome["state"], outcome["error"]["type"]), ("failed", error_type))
        for word in words:
            self.assertIn(word, outcome["error"]["message"])
        return outcome["error"]

    def assert_policies_decide(self, operations):
        """Of six operations in chunks of three, the third one has a key of two records. It fails,
        and the policy decides on the others, which name their records “x”."""
        ends = {
            "isolate": ["done", "done", "failed", "done", "done", "done"],
            "chunk": ["rolled_back", "rolled_back", "failed", "done", "done", "done"],
            "stop": ["pending", "pending", "failed", "pending", "pending", "pending"],
            "all": ["rolled_back", "rolled_back", "failed", *["rolled_back"] * 3],
        }
        for policy, states in ends.items():
            with self.subTest(policy=policy):
                job = self.submit_and_run(operations, policy=policy, chunk_size=3)
                self.assertEqual(self.states(job), states)
                self.assertEqual(self.outcomes(job)[2]["error"]["type"], "ambiguous_key")
                self.assertEqual(len(self.records([("name", "=", "x")])), states.count("done"))
                self.records([("name", "=", "x")]).unlink()
                self.commit()

    def assert_refused(self, operations, *words):
        """The submission is refused with these words, and nothing is stored."""
        with self.assertRaises(UserError) as refused:
            self.submit(operations)
        self.renew()
        for word in words:
            self.assertIn(word, str(refused.exception))
        self.assertEqual(self.env["batch.job"].search_count([]), 0)
