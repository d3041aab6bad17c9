from odoo.exceptions import UserError
from odoo.tests import TransactionCase, new_test_user, tagged

from .on_end_cases import VALUE, call
from .races import FAIL, ITEM


@tagged("post_install", "-at_install")
class TestExecuteSubmitted(TransactionCase):
    """A test of another addon runs a submitted job inside its own transaction."""

    def setUp(self):
        super().setUp()
        self.user = new_test_user(self.env, "tester", groups="base.group_user")
        self.jobs = self.env["batch.job"].with_user(self.user)

    def submit(self, operations, **options):
        return self.jobs.browse(self.jobs.submit(operations, **options)["id"])

    def creates(self, *names):
        return [{"op": "create", "model": ITEM, "values": {"name": name}} for name in names]

    def states(self, job):
        return [one["state"] for one in job.results()["results"]]

    def test_each_policy(self):
        """A bad operation costs what the policy of the job says, and the rest is kept."""
        operations = [*self.creates("a", "b"), FAIL, *self.creates("c", "d")]
        kept = {
            "isolate": ["done", "done", "failed", "done", "done"],
            "chunk": ["done", "done", "failed", "rolled_back", "done"],
            "all": ["rolled_back", "rolled_back", "failed", "rolled_back", "rolled_back"],
        }
        for policy, states in kept.items():
            job = self.submit(operations, policy=policy, chunk_size=2 if policy == "chunk" else 0)
            job._execute_now()
            self.assertEqual(self.states(job), states, policy)
            done = states.count("done")
            counts = (job.succeeded, job.failed, job.skipped)
            self.assertEqual(counts, (done, 1, 4 - done), policy)
            self.assertEqual(job.state, "partial" if done else "failed")
            self.assertFalse(job.needs_runner)
            self.env[ITEM].search([]).unlink()

    def test_references_and_on_end(self):
        """An operation gets the record of an earlier one, and then `on_end` is called as the owner,
        with what it returns."""
        first, second = self.creates("parent", "child")
        first["ref"] = "one"
        second["values"]["value"] = 7
        operations = [first, {**second, "ref": "two"}]
        operations.append(
            {"op": "write", "model": ITEM, "ids": [{"$ref": "one"}], "values": {"value": 3}}
        )
        job = self.submit(operations, on_end=call("return_env", model=VALUE))
        job._execute_now()
        items = self.env[ITEM].search([("name", "in", ("parent", "child"))], order="id")
        self.assertEqual(items.mapped("value"), [3, 7])
        end = job.status()["on_end"]
        self.assertEqual(
            (end["state"], end["value"][0], end["value"][1]), ("done", self.user.id, False)
        )
        self.assertEqual([one["event"] for one in job.history()["events"]], ["submit", "end"])

    def test_refusals_name_the_reason(self):
        """What only a runner can do is refused: a job that was begun, a dry run, policy stop."""
        ended = self.submit(self.creates("once"))
        ended._execute_now()
        cases = (
            (ended, "Only a job that is queued"),
            (self.submit(self.creates("dry"), dry_run=True), "needs a runner"),
            (self.submit(self.creates("stop"), policy="stop"), "needs a runner"),
            (self.submit(self.creates(*map(str, range(1001)))), "more than 1000 operations"),
        )
        for job, words in cases:
            with self.assertRaisesRegex(UserError, words):
                job._execute_now()
        self.assertEqual(self.env[ITEM].search_count([]), 1)
