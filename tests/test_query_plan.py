import functools
import json

from odoo.tests import tagged

from ..dispatch.admission import Admission
from ..engine.outcomes import Outcome
from .plan_cases import OURS, PlanCase

OLD_JOBS = 20_000
FILL_OLD_JOBS = """
    WITH old AS (
        INSERT INTO batch_job (name, user_id, policy, state, total, succeeded, failed, skipped,
                               needs_runner, next_position, parts, max_parallel, chunk_size,
                               priority, rate, finished_at)
        SELECT 'old', %(user)s, 'isolate', 'done', 1, 1, 0, 0, FALSE, 1, 0, 1, 0, 10, 0.0, now()
          FROM generate_series(1, %(old)s)
     RETURNING id)
    INSERT INTO batch_job_chunk
           (job_id, owner_id, first_position, last_position, state, attempt, lost, conflicts,
            suspect, folded, size, duration, succeeded, failed, skipped)
    SELECT id, %(user)s, 0, 0, 'done', 1, 0, 0, FALSE, TRUE, 1, 0.5, 1, 0, 0
      FROM old
"""


@tagged("post_install", "-at_install")
class TestQueryPlan(PlanCase):
    """A job of 200,000 operations, half done, among 20,000 old jobs: what runs often stays fast."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.job = cls.new_job()
        cls.cr.execute(FILL_OLD_JOBS, {"user": cls.admin.id, "old": OLD_JOBS})
        cls.cr.execute("ANALYZE batch_job, batch_job_chunk, batch_job_operation")
        cls.commit()

    def assert_indexed(self, queries, tables):
        """No plan reads a table from end to end, none expects many rows of one; together they
        touch `tables`."""
        touched = set()
        for query in queries:
            for node in self.plan(query):
                if OURS.fullmatch(node.get("Relation Name", "")):
                    touched.add(node["Relation Name"])
                    self.assertNotEqual(node["Node Type"], "Seq Scan", query)
                    self.assertLess(node["Plan Rows"], 5_000, json.dumps(node) + query)
        self.assertEqual(touched, tables)

    def test_claim(self):
        """Nothing that a claim asks or writes needs more than an index."""
        runner = self.runner()
        queries = self.statements(runner.cr, runner.claim)
        self.assertGreater(len(queries), 8)
        self.assert_indexed(queries, {"batch_job", "batch_job_chunk"})

    def test_admission(self):
        """What is open is added up from the rows of open jobs."""
        queries = self.statements(self.cr, lambda: Admission(self.env)._open(self.admin.id))
        self.assertEqual(len(queries), 1)
        self.assert_indexed(queries, {"batch_job"})

    def test_read_and_write_of_a_chunk(self):
        """The operations of a chunk in the midst of the job are found by their positions, and so
        they are when their outcomes are written."""
        operations, first = self.env["batch.job.operation"], self.REST + self.CHUNK
        positions = range(first, first + self.CHUNK)
        outcomes = [Outcome(position, "done", ids=[position]) for position in positions]

        def work():
            pending = operations._pending(self.job.id, positions[0], positions[-1])
            self.assertEqual([operation.position for operation in pending], list(positions))
            operations._record(self.job.id, outcomes)

        queries = self.statements(self.cr, work)
        self.assertEqual(len(queries), 2)
        self.assert_indexed(queries, {"batch_job_operation"})

    def test_stages(self):
        """Where a stage ends, and what kinds a chunk holds, is found by the positions of one
        chunk."""
        operations, first = self.env["batch.job.operation"], self.REST

        def look():
            starts = operations._stage_starts(self.job.id, first - 1, first + self.CHUNK)
            self.assertEqual([position for position, _kind, _model in starts], [first - 1])
            kinds = operations._kinds_of(self.job.id, first, first + self.CHUNK - 1)
            self.assertEqual(kinds, [(starts[0][1], "test.batch.item")])

        queries = self.statements(self.cr, look)
        self.assertEqual(len(queries), 2)
        self.assert_indexed(queries, {"batch_job_operation"})

    def test_status(self):
        """Status reads the job's row and looks for chunks that nobody works on; it counts nothing
        and does not touch the operations."""
        self.renew()
        self.cr.execute(
            "UPDATE batch_job SET last_claimed_at = NULL, last_folded_at = NULL,"
            " queued_at = queued_at - interval '1 hour' WHERE id = %s",
            [self.job.id],
        )
        queries = self.statements(self.cr, self.job.status)
        self.assert_indexed(queries, {"batch_job", "batch_job_chunk"})
        self.assertEqual([query for query in queries if "count(" in query.lower()], [])

    def test_results(self):
        """A page of results, also one filtered by state, is found by its first index."""
        for state, after in ((None, -1), (None, 150_000), ("pending", 99_990), ("done", 50_000)):
            with self.subTest(state=state, after=after):
                page = functools.partial(self.job.results, state, after, 1000)
                queries = self.statements(self.cr, page)
                queries = [query for query in queries if "batch_job_operation" in query]
                # the second one where the first rows are of another state
                self.assertEqual(len(queries), 2 if after == 99_990 else 1)
                for query in queries:
                    kinds = [node["Node Type"] for node in self.plan(query)]
                    self.assertEqual(kinds, ["Limit", "Index Scan"])
