"""A retry of the operations that failed of one cause."""

import functools

from odoo.exceptions import UserError
from odoo.tests import tagged

from .key_cases import KEY, KeyCase, create, refer
from .races import ITEM, PATIENCE, RaceCase

GONE = 2**30  # no record has such an id
KEYS = ("type", "model", "field", "constraint")
UNIQUE = {"type": "unique", "model": ITEM, "constraint": "test_batch_item_name_unique"}
REQUIRED = {"type": "required", "model": ITEM, "field": "name"}


@tagged("post_install", "-at_install")
class TestRetryCause(RaceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = cls.new_user("retry_cause_owner")
        groups = "base.group_user,batch_job.group_manager"
        cls.manager = cls.new_user("retry_cause_manager", groups)

    def setUp(self):
        super().setUp()
        self.prefix = self._testMethodName

    def failed(self, **options):
        """A job of six creates: 1, 3 and 4 fail of a taken name, 2 of a missing one. Only the names
        are free now."""
        names = [f"{self.prefix} {number}" for number in (1, 3, 4)]
        blockers = self.env[ITEM].create([{"name": name} for name in names])
        self.commit()
        operations = self.creates(self.prefix, 6)
        operations[2]["values"] = {"value": 1}
        job = self.submit(operations, user=self.owner, **options)
        self.run_to_end(job)
        blockers.unlink()
        self.commit()
        return job

    def retry(self, job, cause, **arguments):
        self.renew()
        status = job.retry(cause=cause, **arguments)
        self.commit()
        return status["state"]

    def counts(self, job):
        self.renew()
        return [(cause["type"], cause["count"], cause["distinct"]) for cause in job.causes]

    def test_only_the_cause_runs_again(self):
        """The operations of the cause run again and no others; counts and causes are right before
        and after."""
        for parallel in (1, 2, 0):
            with self.subTest(parallel=parallel):
                self.prefix = f"{self._testMethodName} {parallel}"
                job = self.failed(max_parallel=parallel, chunk_size=2)
                self.assert_counters(job, "partial", succeeded=2, failed=4)
                self.assertEqual(self.counts(job), [("unique", 3, 3), ("required", 1, None)])
                self.assertEqual(self.retry(job, UNIQUE), "queued")
                self.assert_counters(job, "queued", succeeded=2, failed=1, remaining=3)
                self.assertEqual(self.counts(job), [("required", 1, None)])
                pending = ["done", "pending", "failed", "pending", "pending", "done"]
                self.assertEqual(self.states(job), pending)
                self.run_to_end(job)
                self.assert_counters(job, "partial", succeeded=5, failed=1)
                self.assertEqual(self.states(job), ["done"] * 2 + ["failed"] + ["done"] * 3)
                self.assertEqual(self.counts(job), [("required", 1, None)])
                # each record was made once
                made = self.env[ITEM].search_count([("name", "=like", f"{self.prefix} %")])
                self.assertEqual(made, 5)

    def test_as_status_gives_it(self):
        """Each cause that status gives is one to retry, once its other keys are left out."""
        job = self.failed()
        for cause in job.status()["causes"]:
            self.retry(job, {key: cause[key] for key in KEYS})
            self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=5, failed=1)

    def test_a_part_of_a_cause(self):
        """After a retry of some operations of a cause its count is right; examples stay, and their
        number is said no more."""
        job = self.failed()
        job.retry(indexes=[3])
        self.commit()
        self.assertEqual(self.counts(job), [("unique", 2, None), ("required", 1, None)])
        self.assertEqual(len(job.causes[0]["values"]), 3)
        self.run_to_end(job)
        self.retry(job, UNIQUE)
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=5, failed=1)

    def test_the_same_again(self):
        """Sent again while the job is at work it is the same retry, and so it is when it has ended:
        nothing runs twice."""
        job = self.failed()
        for _time in range(2):
            self.assertEqual(self.retry(job, UNIQUE), "queued")
        self.run_to_end(job)
        self.assertEqual(self.retry(job, dict(reversed(UNIQUE.items()))), "partial")
        self.assert_counters(job, "partial", succeeded=5, failed=1)
        history = [one["event"] for one in job.history()["events"]]
        self.assertEqual(history, ["submit", "end", "retry", "end"])

    def test_another_one_meanwhile(self):
        """While a retry of a cause is at work another one is refused, and no other retry takes its
        place."""
        job = self.failed()
        self.retry(job, UNIQUE)
        for arguments in ({"cause": REQUIRED}, {"indexes": [2]}, {"state": "failed"}, {}):
            with self.assertRaisesRegex(UserError, f"^Job {job.id} is at work; retry these oper"):
                job.retry(**arguments)
            self.renew()
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=5, failed=1)

    def test_repeated_failures_are_counted_anew(self):
        """What fails again of its cause is counted anew, with its values."""
        job = self.failed()
        self.env[ITEM].create({"name": f"{self.prefix} 3"})
        self.commit()
        self.retry(job, UNIQUE)
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=4, failed=2)
        self.assertEqual(sorted(self.counts(job)), [("required", 1, None), ("unique", 1, 1)])
        cause = next(one for one in job.causes if one["type"] == "unique")
        self.assertEqual(cause["values"], [f"{self.prefix} 3"])

    def test_what_is_refused(self):
        """What names no cause of this job is refused in a sentence, and nothing runs."""
        job = self.failed()
        status = job.status()
        for arguments, message in (
            ({"cause": {**UNIQUE, "count": 3}}, "^cause has the key 'count'; its keys are type, m"),
            ({"cause": "unique"}, "^cause must be an object with the keys type, model, field, con"),
            ({"cause": {"model": ITEM}}, "^cause has no type, such as required"),
            ({"cause": {**UNIQUE, "field": 7}}, "^field of cause is 7; it must be a text or null."),
            ({"cause": UNIQUE, "state": "failed"}, "^Give cause alone, without cancelled, state"),
            ({"cause": UNIQUE, "indexes": [1]}, "^Give cause alone"),
            ({"cause": UNIQUE, "cancelled": True}, "^Give cause alone"),
            (
                {"cause": {**UNIQUE, "field": "name"}},
                f"^No operation of job {job.id} has failed of the cause “Name: exists already”.",
            ),
            ({"cause": {"type": "other"}}, "has failed of the cause “Other causes”"),
            ({"cause": {"type": "unique"}}, "has failed of the cause “Exists already”"),
        ):
            with self.subTest(arguments=arguments):
                with self.assertRaisesRegex(UserError, message):
                    job.retry(**arguments)
                self.renew()
        self.assertEqual(job.status(), status)

    def test_of_one_transaction(self):
        """Policy all and dry runs are all or nothing."""
        for options in ({"policy": "all"}, {"dry_run": True}):
            job = self.failed(**options)
            (cause, *_others) = job.causes
            with self.assertRaisesRegex(UserError, "retry all of it, without state, indexes and c"):
                job.retry(cause={key: cause[key] for key in KEYS})
            self.renew()

    def test_after_the_operations_have_gone(self):
        """When the clean-up has begun with the job's operations, none of a cause is retried."""
        job = self.failed()
        self.env["batch.job.operation"]._delete_first([job.id], 1)
        self.commit()
        with self.assertRaisesRegex(UserError, "have been deleted since; submit them anew"):
            job.retry(cause=UNIQUE)
        self.renew()
        self.assert_counters(job, "partial", succeeded=2, failed=4)

    def test_history_names_the_cause(self):
        """The history says which cause was retried, in words without a value, and by whom."""
        job = self.failed()
        reply = self.rpc(self.manager, "batch.job", "retry", job.ids, cause=UNIQUE)
        self.assertEqual((reply.status, reply.body["state"]), (200, "queued"))
        event = job.history()["events"][-1]
        self.assertEqual((event["event"], event["again"]), ("retry", 3))
        self.assertEqual(event["by"]["id"], self.manager.id)
        label = self.env[ITEM]._description
        words = f"Only what failed of the cause: {label}: exists already"
        self.assertEqual(event["reason"], words)
        self.assertNotIn(self.prefix, event["reason"])

    def test_button_retries_its_cause(self):
        """The button beside a cause retries it; pressed too late, it says so."""
        job = self.failed()
        self.assertIsNone(job.action_retry_cause(UNIQUE))
        self.commit()
        self.assert_counters(job, "queued", succeeded=2, failed=1, remaining=3)
        told = job.action_retry_cause(UNIQUE)
        self.assertEqual(
            told["params"]["message"], "Nothing was changed: meanwhile the job is “Queued”."
        )

    def test_two_at_once(self):
        """Two equal retries at the same moment are one; the later of two different ones is
        refused."""
        job = self.failed()
        runner = self.runner()
        runner.cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")  # as a verb by RPC
        job.retry(cause=UNIQUE)
        same = job.with_env(runner.env(user=job.env.uid))
        again = functools.partial(same.retry, cause=UNIQUE)
        repeated = self.waiting(runner.pid, again, keep=True)
        self.commit()
        self.assertEqual(repeated.result(PATIENCE)["state"], "queued")
        with self.assertRaisesRegex(UserError, "is at work"):
            same.retry(cause=REQUIRED)
        runner.close()
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=5, failed=1)


@tagged("post_install", "-at_install")
class TestRetryCauseLinked(KeyCase):
    """What belongs to the operations of a cause runs again with them."""

    def test_referrers_run_with_the_cause(self):
        """What was skipped because it refers to one of them runs too; what was skipped for another
        cause does not."""
        taker = self.make({"unique_code": "taken"})
        operations = [
            create("a", unique_code="taken"),
            create("a1", parent_id=refer("a")),
            create("b", nmae="x"),
            create("b1", parent_id=refer("b")),
        ]
        job = self.submit_and_run(operations)
        self.assert_counters(job, "failed", failed=2, skipped=2)
        taker.unlink()
        self.commit()
        (cause,) = (one for one in job.causes if one["type"] == "unique")
        job.retry(cause={key: cause[key] for key in KEYS})
        self.run_jobs()
        self.assertEqual(self.states(job), ["done", "done", "failed", "skipped"])
        self.assertEqual(
            [(one["type"], one["count"]) for one in job.causes], [("unknown_field", 1)]
        )

    def test_rows_of_a_record(self):
        """A record of several rows runs again with all of them."""
        columns = ["name", "unique_code", "child_ids/name"]
        rows = [["a", "taken", "x"], ["", "", "y"], ["b", "free", "z"]]
        taker = self.make({"unique_code": "taken"})
        load = {"op": "load", "model": KEY, "fields": columns}
        job = self.submit_and_run([{**load, "row": row} for row in rows])
        self.assert_counters(job, "partial", succeeded=1, failed=2)
        taker.unlink()
        self.commit()
        (cause,) = job.causes
        self.assertEqual(cause["count"], 2)
        job.retry(cause={key: cause[key] for key in KEYS})
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=3)
        self.assertFalse(job.causes)
        children = self.env[KEY].search([("name", "=", "a")]).child_ids.mapped("name")
        self.assertEqual(sorted(children), ["x", "y"])
