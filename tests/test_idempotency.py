import functools
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..dispatch.locked_job import LockedJob
from .common import Reply
from .races import ITEM, PATIENCE, RaceCase

AT_ONCE = 10


@tagged("post_install", "-at_install")
class TestIdempotency(RaceCase):
    """The same submission again is the same job, however often and however close together."""

    def at_once(self, method, **arguments):
        """Ten equal calls over HTTP that begin together; gives the ten bodies."""
        self.key_of(self.admin)
        barrier = Barrier(AT_ONCE)

        def call(_number):
            barrier.wait(PATIENCE)
            path = f"/json/2/batch.job/{method}"
            return Reply.of(self.request(self.admin, path, json=arguments))

        self.commit()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            replies = list(pool.map(call, range(AT_ONCE)))
        self.renew()
        self.assertEqual([reply for reply in replies if reply.status != 200], [])
        return [reply.body for reply in replies]

    def job_count(self):
        return self.env["batch.job"].search_count([])

    def assert_refused(self, message, method, *args, **kwargs):
        with self.assertRaises(UserError) as caught:
            method(*args, **kwargs)
        self.assertEqual(str(caught.exception), message)
        self.renew()

    def jobs(self, user=None):
        return self.env["batch.job"].with_user(user or self.admin)

    def test_ten_submissions_at_once(self):
        """One job, ten equal answers."""
        bodies = self.at_once("submit", operations=self.creates("ten", 3), idempotency_key="ten")
        self.assertEqual(bodies, [bodies[0]] * AT_ONCE)
        self.assertEqual((bodies[0]["state"], bodies[0]["total"]), ("queued", 3))
        self.assertEqual(self.job_count(), 1)
        self.assertEqual(self.ask("SELECT count(*) FROM batch_job_operation"), (3,))

    def test_ten_executions_at_once(self):
        """One job, ten equal answers with its results, each record created once."""
        operations = self.creates("now", 3)
        bodies = self.at_once("execute", operations=operations, idempotency_key="now")
        self.assertEqual(bodies, [bodies[0]] * AT_ONCE)
        items = self.env[ITEM].search([("name", "like", "now ")], order="name")
        self.assertEqual(
            [outcome["ids"] for outcome in bodies[0]["results"]], [[i.id] for i in items]
        )
        self.assertEqual(items.mapped("name"), ["now 0", "now 1", "now 2"])
        self.assertEqual((bodies[0]["state"], self.job_count()), ("done", 1))

    def test_ten_equal_parts_at_once(self):
        """One part appended, ten equal answers."""
        draft = self.submit([], start=False)
        bodies = self.at_once("append", ids=draft.ids, operations=self.creates("part", 3), part=0)
        self.assertEqual(bodies, [bodies[0]] * AT_ONCE)
        self.assertEqual((bodies[0]["total"], bodies[0]["parts"]), (3, 1))

    def test_the_loser_of_a_race_gets_the_winner(self):
        """The second of two submissions waits for the first, and is told to try again only if that
        one committed."""
        self.renew()
        first = self.jobs().submit(self.creates("race", 1), idempotency_key="race")
        other = self.runner()
        jobs = other.env["batch.job"].with_user(self.admin.id)
        submit = functools.partial(jobs.submit, self.creates("race", 1), idempotency_key="race")
        waiting = self.waiting(other.pid, submit, keep=True)
        self.renew()  # the first is rolled back
        self.assertNotEqual(waiting.result(PATIENCE)["id"], first["id"])

    def test_another_body_is_refused(self):
        """The same key with other operations names the job that has it, and stores nothing."""
        job = self.submit(self.creates("body", 2), idempotency_key="body")
        refusal = (
            f"The idempotency key body belongs to job {job.id}, which was submitted with other "
            "operations, another name or other options. Use another key, or send exactly the same."
        )
        submit, execute = self.jobs().submit, self.jobs().execute
        self.assert_refused(refusal, submit, self.creates("body", 1), idempotency_key="body")
        self.assert_refused(refusal, execute, self.creates("body", 2), idempotency_key="body")
        self.assertEqual(self.job_count(), 1)

    def test_every_option_is_part_of_the_body(self):
        """The same operations with any other option are another body."""
        operations, key = self.creates("option", 2), {"idempotency_key": "option"}
        job = self.submit(operations, **key)
        for option in (
            {"name": "other"},
            {"policy": "chunk"},
            {"chunk_size": 7},
            {"max_parallel": 2},
            {"priority": 11},
            {"eta": "2030-01-01"},
            {"start": False},
        ):
            with self.subTest(option=option), self.assertRaisesRegex(UserError, f"job {job.id},"):
                self.jobs().submit(operations, **key, **option)
        self.renew()
        self.assertEqual(self.jobs().submit(operations, **key)["id"], job.id)

    def test_order_of_keys_is_no_other_body(self):
        """A client may write the same JSON object in any order of its keys."""
        one = {"op": "create", "model": ITEM, "values": {"name": "k", "value": 1}}
        other = {"values": {"value": 1, "name": "k"}, "model": ITEM, "op": "create"}
        job = self.submit([one], idempotency_key="keys")
        self.assertEqual(self.submit([other], idempotency_key="keys"), job)

    def test_the_key_outlives_the_run(self):
        """A repetition after the end gives the ended job; it is not run again."""
        operations = self.creates("outlive", 2)
        job = self.submit_and_run(operations, idempotency_key="outlive")
        self.assertEqual(self.submit_and_run(operations, idempotency_key="outlive"), job)
        self.assert_counters(job, "done", succeeded=2)
        self.assertEqual(self.env[ITEM].search_count([("name", "like", "outlive ")]), 2)

    def test_a_deleted_job_frees_its_key(self):
        """The key holds as long as the job exists."""
        job = self.submit_and_run(self.creates("freed", 1), idempotency_key="freed")
        job.unlink()
        self.commit()
        again = self.submit(self.creates("freed again", 1), idempotency_key="freed")
        self.assertNotEqual(again.id, job.id)

    def test_a_key_is_its_users_own(self):
        """Two users may use the same key; neither sees the other's job by it."""
        user = self.new_user("key_user")
        job = self.submit(self.creates("own", 1), idempotency_key="own")
        other = self.submit(self.creates("own other", 1), user, idempotency_key="own")
        self.assertNotEqual(other.id, job.id)

    def test_without_a_key_every_submission_is_new(self):
        """No key, no promise: two equal submissions are two jobs."""
        operations = self.creates("no key", 1)
        for key in ({}, {"idempotency_key": ""}, {"idempotency_key": None}):
            self.submit(operations, **key)
        self.assertEqual(self.job_count(), 3)

    def test_parts_come_in_order_and_once(self):
        """A repeated part changes nothing, also after the start; a gap is refused with the part
        that is expected, another body with the part that has it."""
        draft = self.submit([], start=False)
        parts = [self.creates(f"p{number}", 2) for number in range(3)]
        self.assert_refused("Part 1 does not follow; send part 0.", draft.append, parts[1], 1)
        self.assertEqual(draft.append(parts[0], 0)["total"], 2)
        self.assertEqual(draft.append(parts[1], 1)["total"], 4)
        self.assertEqual(draft.append(parts[0], 0)["total"], 4)
        self.commit()
        refusal = (
            f"Part 1 was appended to job {draft.id} before with other operations. Send exactly the "
            "same, or submit the others under another idempotency key."
        )
        self.assert_refused(refusal, draft.append, parts[2], 1)
        draft.start()
        self.commit()
        self.assertEqual(draft.append(parts[1], 1)["total"], 4)
        refusal = f"Job {draft.id} is no draft any more; submit a new one."
        self.assert_refused(refusal, draft.append, parts[2], 2)
        self.run_jobs()
        self.assert_counters(draft, "done", succeeded=4)
        self.assertEqual([outcome["index"] for outcome in self.outcomes(draft)], [0, 1, 2, 3])

    def test_a_keyed_draft_is_found_again(self):
        """A client that lost the answer to its draft gets the same draft, with its parts."""
        draft = self.submit([], start=False, idempotency_key="draft")
        draft.append(self.creates("kept", 2), 0)
        self.commit()
        again = self.jobs().submit([], start=False, idempotency_key="draft")
        self.assertEqual((again["id"], again["parts"], again["total"]), (draft.id, 1, 2))

    def test_a_default_name_is_no_part_of_the_body(self):
        """Who gives no name, or the default one, means the job whatever it is called; the default
        may come with the context, as the name of a file does."""
        operations, key = self.creates("named", 1), {"idempotency_key": "named"}
        job = self.submit(operations, name="clients.csv", **key)
        corrected = self.jobs().with_context(batch_job_default_name="clients corrected.csv")
        self.assertEqual(corrected.submit(operations, **key)["id"], job.id)
        for name in (None, "", "Batch job", "clients.csv"):
            self.assertEqual(self.jobs().submit(operations, name=name, **key)["id"], job.id)
        self.assertEqual(job.name, "clients.csv")
        self.assert_refused(
            f"The idempotency key named belongs to job {job.id}, which was submitted with other "
            "operations, another name or other options. Use another key, or send exactly the same.",
            self.jobs().submit,
            operations,
            name="other.csv",
            **key,
        )

    def test_a_default_name_of_the_caller(self):
        """A job without a name gets the one of the context; operations never see it."""
        named = self.jobs().with_context(batch_job_default_name="clients.csv")
        operations, key = self.creates("default", 1), {"idempotency_key": "default"}
        job = named.submit(operations, **key)
        self.assertEqual(job["name"], "clients.csv")
        self.assertEqual(self.jobs().submit(operations, **key)["id"], job["id"])
        self.assertEqual(named.submit(operations, name="Batch job", **key)["id"], job["id"])
        context = LockedJob.lock(self.env, job["id"])["run_context"]
        self.assertNotIn("batch_job_default_name", context)
        for odd in ({}, ["a"], "x" * 256, "\0", 5):
            odd_jobs = self.jobs().with_context(batch_job_default_name=odd)
            self.assertEqual(odd_jobs.submit(self.creates("odd", 1))["name"], "Batch job")
