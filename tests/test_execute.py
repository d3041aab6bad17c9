from odoo.tests import tagged

from .rpc_cases import MODEL, RpcCase, create


@tagged("post_install", "-at_install")
class TestExecute(RpcCase):
    """`execute` runs now, in the call's transaction, and is kept as a finished job."""

    def test_isolate_fails_the_bad_one_alone(self):
        """A bad operation fails alone; the reply has status and results."""
        reply = self.call("execute", operations=[create("now 1"), {**create(""), "values": {}}])
        self.assertEqual(
            (reply["state"], reply["succeeded"], reply["failed"], reply["progress"]),
            ("partial", 1, 1, 100.0),
        )
        good, bad = reply["results"]
        self.assertEqual(self.env[MODEL].browse(good["ids"]).name, "now 1")
        self.assertEqual((bad["state"], bad["error"]["type"]), ("failed", "required"))
        status = self.call("status", [reply["id"]])
        results = self.call("results", [reply["id"]])
        self.assertEqual({**status, **results}, reply)

    def test_all_leaves_nothing_after_a_failure(self):
        """Under `all` a bad operation leaves nothing."""
        operations = [create("all 1"), create("all 1"), create("all 2")]
        reply = self.call("execute", operations=operations, policy="all")
        self.assertEqual((reply["state"], reply["failed"], reply["skipped"]), ("failed", 1, 2))
        self.assertEqual(
            [o["state"] for o in reply["results"]], ["rolled_back", "failed", "rolled_back"]
        )
        self.assertEqual(self.count("all "), 0)

    def test_repeated_key_gives_the_first_results(self):
        """The same key and body give the first results and do nothing; another body is refused."""
        body = {"operations": [create("twice")], "idempotency_key": "E1"}
        first = self.call("execute", **body)
        self.assertEqual(self.call("execute", **body), first)
        self.assertEqual(self.count("twice"), 1)
        message = f"The idempotency key E1 belongs to job {first['id']}, which was"
        for change in ({"operations": [create("thrice")]}, {"policy": "all"}):
            self.assertIn(message, self.refused("execute", **(body | change)))
        self.assertIn(message, self.refused("submit", **body))

    def test_errors_that_cost_no_other(self):
        """Neither a misleading error text nor a company that is not the user's costs the call."""
        made = self.env["test.batch.key"].create({"code": "known"})
        wrong = {"op": "call", "model": MODEL, "method": "write"}
        wrong |= {"ids": self.env[MODEL].create({"name": "held"}).ids}
        wrong |= {"args": [{"number": "Wrong value for foo.bar"}]}
        elsewhere = {"op": "upsert", "model": "test.batch.key", "key": ["code"]}
        elsewhere |= {"values": {"code": "known"}, "context": {"allowed_company_ids": [999]}}
        reply = self.call("execute", operations=[create("ok 1"), wrong, elsewhere, create("ok 2")])
        states = [one["state"] for one in reply["results"]]
        self.assertEqual(states, ["done", "failed", "failed", "done"])
        self.assertEqual(self.count("ok "), 2)
        made.unlink()
        self.commit()

    def test_partly_done_execute_can_be_retried(self):
        """A job that `execute` has left partly done can be retried like any other."""
        self.env[MODEL].create({"name": "in the way"})
        reply = self.call("execute", operations=[create("in the way"), create("free")])
        self.assertEqual(reply["state"], "partial")
        self.env[MODEL].search([("name", "=", "in the way")]).unlink()
        self.assertEqual(self.call("retry", [reply["id"]])["state"], "queued")
        self.run_jobs()
        self.assertEqual(self.call("status", [reply["id"]])["state"], "done")
