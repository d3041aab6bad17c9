from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.tests import tagged

from .races import PATIENCE, RaceCase


@tagged("post_install", "-at_install")
class TestCleanUpRace(RaceCase):
    """The daily clean-up and a verb that wants the same job's operations, both orders."""

    def setUp(self):
        super().setUp()
        self.cleaner, self.caller = (self.session() for _which in range(2))

    def session(self):
        """The environment of a process of its own, in a fresh transaction."""
        cr = self.registry.cursor()
        self.addCleanup(cr.close)
        cr.execute("SET lock_timeout = '5s'")
        cr.commit()  # pylint: disable=invalid-commit  # the setting shall stay
        return api.Environment(cr, SUPERUSER_ID, {})

    def old_job(self, **options):
        """It ended a year ago: two operations done, one failed."""
        operations = self.creates(self._testMethodName, 3)
        operations[1]["values"] = {}
        job = self.submit_and_run(operations, **options)
        query = "UPDATE batch_job SET finished_at = finished_at - interval '1 year' WHERE id = %s"
        self.cr.execute(query, [job.id])
        self.commit()
        return job

    def clean_up(self):
        return self.cleaner["batch.job"]._gc_operations()

    def call(self, verb, job):
        """As over RPC: what was committed meanwhile is seen."""
        self.caller.cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        return getattr(self.caller["batch.job"].browse(job.id), verb)()["state"]

    def assert_left_alone(self, verb, job):
        """The verb has the job: the clean-up does not wait, and leaves all of it."""
        self.assertEqual(self.call(verb, job), "queued")
        self.assertEqual(self.clean_up(), (0, False))
        self.cleaner.cr.commit()
        self.caller.cr.commit()
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=2, failed=1)
        self.assertEqual(self.states(job), ["done", "failed", "done"])

    def assert_refused(self, verb, job):
        """The clean-up has the job: the verb waits for it, then finds nothing to run."""
        before = job.status()
        self.assertEqual(self.clean_up(), (4, False))
        pid = self.caller.cr.connection.info.backend_pid
        calling = self.waiting(pid, self.call, verb, job)
        self.cleaner.cr.commit()
        message = f"^The operations of job {job.id} have been deleted since; submit them anew.$"
        with self.assertRaisesRegex(UserError, message):
            calling.result(PATIENCE)
        self.caller.cr.rollback()
        self.renew()
        self.assertEqual(job.status(), before)

    def test_clean_up_leaves_a_retried_job(self):
        """A job that is being retried keeps every operation, also those that are done."""
        self.assert_left_alone("retry", self.old_job())

    def test_clean_up_before_a_retry(self):
        """A retry that comes upon the clean-up is refused; no job is queued without operations."""
        self.assert_refused("retry", self.old_job())

    def test_start_of_a_dry_run_first(self):
        """So it is with a dry run that is started for real."""
        self.assert_left_alone("start", self.old_job(dry_run=True))

    def test_clean_up_before_the_start_of_a_dry_run(self):
        """And when the clean-up comes first."""
        self.assert_refused("start", self.old_job(dry_run=True))
