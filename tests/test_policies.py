from odoo.tests import tagged

from .common import CommittedCase

MODEL = "res.partner.category"
REASONS = {
    150: (
        "unknown_field",
        "colour",
        f"{MODEL} has no field 'colour'. Correct the name or leave it out.",
    ),
    199: ("required", "name", f"Name (name) is required on {MODEL}, and no value was given."),
    850: ("foreign_key", "parent_id", f"parent_id: there is no {MODEL} with id 999999999."),
}


@tagged("post_install", "-at_install")
class TestPolicies(CommittedCase):
    """1,000 creates in chunks of 100; three are bad: 150 and 199, the edge, in one chunk; 850."""

    cleans = (MODEL, "test.batch.value")

    def submit_thousand(self, policy):
        operations = [
            {"op": "create", "model": MODEL, "values": {"name": f"{policy} {index}"}}
            for index in range(1000)
        ]
        operations[150]["values"]["colour"] = 1
        operations[199]["values"] = {}
        operations[850]["values"]["parent_id"] = 999_999_999
        return self.submit_and_run(operations, policy=policy, chunk_size=100)

    def assert_end(self, job, done, failed, rest=None):
        """Exactly the operations of `done` took effect, those of `failed` say why, all others are
        in state `rest`; each outcome's id is its record's."""
        names = {r.id: r.name for r in self.env[MODEL].search([("name", "like", f"{job.policy} ")])}
        found = {}
        for outcome in self.outcomes(job):
            index, error = outcome["index"], outcome["error"]
            found[index] = outcome["state"]
            if outcome["state"] == "done":
                self.assertEqual(names.pop(outcome["ids"][0]), f"{job.policy} {index}")
            if outcome["state"] == "failed":
                self.assertEqual((error["type"], error["field"], error["message"]), REASONS[index])
            else:
                self.assertIsNone(error)
        self.assertEqual(names, {}, "records without an outcome")
        expected = dict.fromkeys(range(1000), rest)
        expected |= dict.fromkeys(done, "done") | dict.fromkeys(failed, "failed")
        self.assertEqual(found, expected)

    def test_isolate_fails_each_culprit_alone(self):
        """Under `isolate` each bad operation fails alone."""
        job = self.submit_thousand("isolate")
        self.assert_counters(job, "partial", succeeded=997, failed=3)
        self.assert_end(job, set(range(1000)) - REASONS.keys(), REASONS)

    def test_isolate_all_bad(self):
        """A job in which nothing succeeded failed, and says what its first operation met."""
        operations = [{"op": "create", "model": MODEL, "values": {}} for _number in range(3)]
        operations[0]["values"]["colour"] = 1
        job = self.submit_and_run(operations)
        self.assert_counters(job, "failed", failed=3)
        self.assertEqual(job.status()["error"], f"Operation 0 (row 1) failed: {REASONS[150][2]}")

    def test_chunk_rolls_back_chunk_mates(self):
        """Under `chunk` the first culprit of a chunk fails, its chunk-mates are rolled back, and
        the next chunks go on."""
        job = self.submit_thousand("chunk")
        self.assert_counters(job, "partial", succeeded=800, failed=2, skipped=198)
        good = {*range(100), *range(200, 800), *range(900, 1000)}
        self.assert_end(job, good, {150, 850}, rest="rolled_back")

    def test_all_keeps_nothing_after_one_culprit(self):
        """Under `all` one culprit leaves nothing."""
        job = self.submit_thousand("all")
        self.assert_counters(job, "failed", failed=1, skipped=999)
        self.assert_end(job, (), {150}, rest="rolled_back")
        self.assertEqual(
            job.status()["error"], f"Operation 150 (row 151) failed: {REASONS[150][2]}"
        )

    def test_reasons_are_the_same(self):
        """A value that does not fit is named with its field, whatever the policy."""
        good = {"op": "create", "model": MODEL, "values": {"name": "good"}}
        for field, value, kind in (("color", "blue", "integer"), ("parent_id", "Foo", "many2one")):
            bad = {**good, "values": {"name": "bad", field: value}}
            for policy in ("isolate", "chunk", "stop", "all"):
                with self.subTest(field=field, policy=policy):
                    job = self.submit_and_run([good, bad, good], policy=policy)
                    error = self.outcomes(job)[1]["error"]
                    self.assertEqual((error["type"], error["field"]), ("bad_value", field))
                    self.assertIn(f"{value!r} is not a valid {kind}", error["message"])

    def test_all_lands_when_all_is_good(self):
        """Under `all` everything lands when everything is good."""
        operations = [
            {"op": "create", "model": MODEL, "values": {"name": f"all good {index}"}}
            for index in range(450)
        ]
        job = self.submit_and_run(operations, policy="all")
        self.assert_counters(job, "done", succeeded=450)
        self.assertEqual(self.env[MODEL].search_count([("name", "like", "all good ")]), 450)

    def test_stop_pauses_at_each_culprit(self):
        """Under `stop` the culprit pauses the job, its chunk-mates are pending again; resuming runs
        it again, and with skip leaves it failed."""
        job = self.submit_thousand("stop")
        before = set(range(100))
        self.assert_stopped(job, 150, before, {150})
        self.go_on(job, skip=False)
        self.assert_stopped(job, 150, before, {150})
        self.go_on(job, skip=True, index=150)
        self.assert_stopped(job, 199, before, {150, 199})
        # the same request once more, as after a lost response
        self.go_on(job, skip=True, index=150)
        self.assert_stopped(job, 199, before, {150, 199})
        self.go_on(job, skip=True)
        before = set(range(800)) - {150, 199}
        self.assert_stopped(job, 850, before, {150, 199, 850})
        self.go_on(job, skip=True)
        self.assert_counters(job, "partial", succeeded=997, failed=3)
        self.assert_end(job, set(range(1000)) - REASONS.keys(), REASONS)

    def assert_stopped(self, job, culprit, done, failed):
        remaining = 1000 - len(done) - len(failed)
        self.assert_counters(job, "paused", len(done), len(failed), remaining=remaining)
        self.assertEqual(
            job.status()["error"],
            f"Operation {culprit} (row {culprit + 1}) failed: {REASONS[culprit][2]}",
        )
        self.assert_end(job, done, failed, rest="pending")

    def go_on(self, job, skip, index=None):
        job.resume(skip=skip, index=index)
        self.run_jobs()

    def test_stop_and_mend(self):
        """Under `stop` a culprit whose cause is gone succeeds when the job is resumed."""
        blocker = self.env["test.batch.value"].create({"name": "mend 1"})
        operations = [
            {"op": "create", "model": "test.batch.value", "values": {"name": f"mend {index}"}}
            for index in range(3)
        ]
        job = self.submit_and_run(operations, policy="stop")
        self.assert_counters(job, "paused", failed=1, remaining=2)
        self.assertEqual(self.states(job), ["pending", "failed", "pending"])
        blocker.unlink()
        self.go_on(job, skip=False)
        self.assert_counters(job, "done", succeeded=3)
        self.assertFalse(job.causes)
        self.assertIsNone(job.status()["error"])
