from unittest.mock import patch

from odoo.tests import tagged

from ..dispatch import fold
from ..dispatch.chunk_lock import ChunkLocks
from ..dispatch.claim import Claims
from ..dispatch.work import Work
from ..execution.checks.lessons import Lessons
from ..execution.worker.deadline import Deadline
from .common import CommittedCase


@tagged("post_install", "-at_install")
class TestStatements(CommittedCase):
    """What a chunk costs beside its operations: each statement is a way to the database."""

    def setUp(self):
        super().setUp()
        call = {"op": "call", "model": "res.partner", "method": "search_count", "args": [[]]}
        self.job = self.submit([call] * 3, chunk_size=1)
        self.enterContext(patch.object(fold, "PUBLISH_EVERY", 3600))
        self.addCleanup(self.run_jobs)

    def test_statements_of_a_claim(self):
        """In the middle of a job that runs one chunk at a time, a claim needs 12 statements."""
        for statements in (None, 12):
            with self.registry.cursor() as cr:
                claim = Claims(self.env(cr=cr)).claim(0)
                self.assertEqual(claim.job["id"], self.job.id)
                if statements:
                    self.assertEqual(cr.sql_log_count, statements)
                Work(self.env(cr=cr)).run(claim, Lessons(), Deadline())

    def test_statements_of_a_status(self):
        """A job at work is one row, read once: for the right to it, and for all that is said."""
        user = self.new_user("looks", "base.group_user,batch_job.group_manager")
        with self.registry.cursor() as cr:
            Claims(self.env(cr=cr)).claim(0)
            for statements in (None, 1):
                cr.rollback()
                job = self.job.with_env(self.env(cr=cr, user=user.id))
                job.env.user._get_group_ids()  # Odoo keeps what a user may do
                before = cr.sql_log_count
                self.assertEqual(job.status()["state"], "running")
                if statements:
                    self.assertEqual(cr.sql_log_count - before, statements)

    def test_a_chunk_that_has_landed_has_no_lock_to_give_back(self):
        """Its last commit has released the lock, and nobody searches all locks for it."""
        with self.registry.cursor() as cr, patch.object(ChunkLocks, "let_go") as let_go:
            env = self.env(cr=cr)
            claim = Claims(env).claim(0)
            self.assertTrue(ChunkLocks(self.env).is_anyone_working())
            Work(env).run(claim, Lessons(), Deadline())
            self.assertFalse(ChunkLocks(self.env).is_anyone_working())
        let_go.assert_not_called()
