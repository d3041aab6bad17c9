from odoo.tests import tagged

from ..dispatch.claim import Claims
from ..dispatch.work import Work
from ..execution.checks.lessons import Lessons
from ..execution.worker.deadline import Deadline
from .common import CommittedCase


@tagged("post_install", "-at_install")
class TestStatements(CommittedCase):
    """What a chunk costs beside its operations: each statement is a way to the database and back."""

    def test_statements_of_a_chunk(self):
        """In the middle of a job the claim needs 11 statements, and the work 7 beside that of the
        operation; the last of them hands the lock over."""
        call = {"op": "call", "model": "res.partner", "method": "search_count", "args": [[]]}
        job = self.submit([call] * 3, chunk_size=1)
        for count in (None, (11, 8)):
            with self.registry.cursor() as cr:
                env = self.env(cr=cr)
                claim = Claims(env).claim(0)
                self.assertEqual(claim.job["id"], job.id)
                claimed = cr.sql_log_count
                Work(env).run(claim, Lessons(), Deadline())
                if count:
                    self.assertEqual((claimed, cr.sql_log_count - claimed), count)
        self.run_jobs()
        self.assertEqual(self.states(job), ["done"] * 3)
