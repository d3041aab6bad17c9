import functools
import json
import re

from odoo.tests import tagged

from ..engine.outcomes import Outcome
from .races import RaceCase

OPERATIONS = 200_000
CHUNK = 500
OLD_JOBS = 20_000
STATEMENT = re.compile(r"^\s*(SELECT|UPDATE|INSERT|DELETE|WITH)\b")
OURS = re.compile(r"\bbatch_job(_operation|_chunk)?\b")

FILL_OPERATIONS = """
    INSERT INTO batch_job_operation
           (job_id, owner_id, index, position, op, model, payload, state, record_ids)
    SELECT %(job)s, %(user)s, n, n, 'create', 'test.batch.item', '{"values": {"name": "Acme"}}',
           CASE WHEN n < %(done)s THEN 'done' ELSE 'pending' END, to_jsonb(ARRAY[n])
      FROM generate_series(0, %(total)s - 1) n
"""
FILL_CHUNKS = """
    INSERT INTO batch_job_chunk
           (job_id, owner_id, first_position, last_position, state, attempt, lost, conflicts,
            suspect, folded, size, duration, succeeded, failed, skipped)
    SELECT %(job)s, %(user)s, n, n + %(chunk)s - 1, 'done', 1, 0, 0,
           FALSE, TRUE, %(chunk)s, 0.5, %(chunk)s, 0, 0
      FROM generate_series(0, %(done)s - 1, %(chunk)s) n
"""
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
class TestQueryPlan(RaceCase):
    """A job of 200,000 operations, half done, among 20,000 old jobs: what runs often stays fast."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        jobs = cls.env["batch.job"].with_user(cls.admin)
        first = {"op": "create", "model": "test.batch.item", "values": {"name": "x"}}
        cls.job = jobs.browse(jobs.submit([first], chunk_size=CHUNK)["id"])
        sizes = {
            "job": cls.job.id,
            "user": cls.admin.id,
            "total": OPERATIONS,
            "done": OPERATIONS // 2,
            "chunk": CHUNK,
            "old": OLD_JOBS,
        }
        cls.cr.execute("DELETE FROM batch_job_operation WHERE job_id = %(job)s", sizes)
        cls.cr.execute(FILL_OPERATIONS, sizes)
        cls.cr.execute(FILL_CHUNKS, sizes)
        cls.cr.execute(FILL_OLD_JOBS, sizes)
        cls.cr.execute(
            "UPDATE batch_job SET total = %(total)s, succeeded = %(done)s, state = 'running',"
            " next_position = %(done)s WHERE id = %(job)s",
            sizes,
        )
        cls.cr.execute("ANALYZE batch_job, batch_job_chunk, batch_job_operation")
        cls.commit()

    def forget_jobs(self):
        """All of it serves every test of the class."""

    def statements(self, cr, function):
        """What a function asks of our tables, as PostgreSQL got it."""
        seen, execute = [], cr.execute

        def listen(*args, **kwargs):
            result = execute(*args, **kwargs)
            seen.append(cr.query.decode())
            return result

        cr.execute = listen
        try:
            function()
        finally:
            del cr.execute
        return [query for query in seen if STATEMENT.match(query) and OURS.search(query)]

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

    def plan(self, query):
        """The nodes of a query's plan, from the top."""
        self.cr.execute(f"EXPLAIN (FORMAT JSON) {query}")
        ((plan,),) = self.cr.fetchone()
        return list(nodes(plan["Plan"]))

    def test_claim(self):
        """Nothing that a claim asks or writes needs more than an index."""
        runner = self.runner()
        queries = self.statements(runner.cr, runner.claim)
        self.assertGreater(len(queries), 8)
        self.assert_indexed(queries, {"batch_job", "batch_job_chunk"})

    def test_read_and_write_of_a_chunk(self):
        """The operations of a chunk in the midst of the job are found by their positions, and so
        they are when their outcomes are written."""
        operations, first = self.env["batch.job.operation"], OPERATIONS // 2 + CHUNK
        positions = range(first, first + CHUNK)
        outcomes = [Outcome(position, "done", ids=[position]) for position in positions]

        def work():
            pending = operations._pending(self.job.id, positions[0], positions[-1])
            self.assertEqual([operation.position for operation in pending], list(positions))
            operations._record(self.job.id, outcomes)

        queries = self.statements(self.cr, work)
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
                (query,) = [query for query in queries if "batch_job_operation" in query]
                kinds = [node["Node Type"] for node in self.plan(query)]
                self.assertEqual(kinds, ["Limit", "Index Scan"])


def nodes(plan):
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)
