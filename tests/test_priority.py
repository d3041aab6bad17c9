from odoo.tests import tagged

from .rpc_cases import MODEL, AccessCase, create


@tagged("post_install", "-at_install")
class TestPriority(AccessCase):
    """Nobody makes others wait without the right to do so."""

    cleans = (MODEL,)
    REFUSAL = (
        "A priority below 0 puts the job before those of everybody, which takes the right Batch "
        "Jobs / Manager; use 0 to 1000."
    )

    def setUp(self):
        super().setUp()
        self.cr.execute("DELETE FROM batch_job")
        self.commit()

    def refused(self, reply):
        self.assert_forbidden(reply)
        self.assertEqual(reply.message, self.REFUSAL)

    def order_run(self, *jobs):
        """The numbers of the jobs in the order of their chunks."""
        self.run_jobs()
        ran = self.env["batch.job.chunk"].search([], order="started_at, id").mapped("job_id.id")
        return [[job.id for job in jobs].index(one) for one in ran]

    def test_urgent_submission_needs_a_manager(self):
        """A priority below 0 takes a manager, at submission."""
        body = {"operations": [create("before all")], "priority": -1}
        self.refused(self.rpc(self.owner, "batch.job", "submit", **body))
        self.assertEqual(self.env["batch.job"].search_count([]), 0)
        self.assertEqual(self.rpc(self.manager, "batch.job", "submit", **body).status, 200)
        zero = self.rpc(self.owner, "batch.job", "submit", **{**body, "priority": 0})
        self.assertEqual(zero.status, 200)

    def test_only_managers_write_urgent_priorities(self):
        """A priority below 0 takes a manager, later on as well."""
        for user, status in ((self.owner, 403), (self.manager, 200)):
            job = self.submit([create("later")], user=user, start=False)
            reply = self.rpc(user, "batch.job", "write", job.ids, vals={"priority": -1000})
            self.assertEqual(reply.status, status)
            self.renew()
            self.assertEqual(job.priority, 10 if status == 403 else -1000)

    def test_submitted_before_it_took_a_right(self):
        """A submission that was stored once is found by its key, whatever right it takes now."""
        body = {"operations": [create("stored")], "priority": -5, "idempotency_key": "stored"}
        group = self.env.ref("batch_job.group_manager")
        user = self.new_user("was_manager", "base.group_user,batch_job.group_manager")
        first = self.rpc(user, "batch.job", "submit", **body)
        user.group_ids -= group
        again = self.rpc(user, "batch.job", "submit", **body)
        self.assertEqual((again.status, again.body["id"]), (200, first.body["id"]))
        self.refused(self.rpc(user, "batch.job", "submit", **{**body, "idempotency_key": "new"}))

    def test_priority_orders_jobs_of_its_owner(self):
        """From 0 to 10 a priority orders the jobs of its owner only; below 0 and above 10 it counts
        among all."""
        jobs = [
            self.submit([create(f"order {number}")], user=user, priority=priority)
            for number, (user, priority) in enumerate(
                (
                    (self.owner, 20),
                    (self.owner, 10),
                    (self.owner, 0),
                    (self.other, 10),
                    (self.owner, 5),
                    (self.manager, -1),
                )
            )
        ]
        self.assertEqual(self.order_run(*jobs), [5, 2, 3, 4, 1, 0])
