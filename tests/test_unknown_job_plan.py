"""What statements read of a large job that PostgreSQL's statistics do not know.

Autovacuum makes the statistics. It comes a minute after a job was submitted, or hours, or never.
"""

import functools

from odoo.tests import tagged

from ..dispatch.runner import Runner
from .plan_cases import PlanCase

TABLES = "batch_job, batch_job_chunk, batch_job_operation"
EXPLAIN = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON)"
QUEUED_CHUNKS = 2_000
FORGET_STATISTICS = """
    DELETE FROM pg_statistic
     WHERE starelid IN (SELECT oid FROM pg_class WHERE relname LIKE 'batch\\_job%')
"""
QUEUE_CHUNKS = """
    INSERT INTO batch_job_chunk
           (job_id, owner_id, first_position, last_position, state, attempt, lost, conflicts,
            suspect, folded, size, duration, succeeded, failed, skipped, not_before)
    SELECT %(job)s, %(user)s, %(first)s + 5 * n, %(first)s + 5 * n + 4, 'queued', 0, 0, 0,
           FALSE, FALSE, 0, 0, 0, 0, 0, now() AT TIME ZONE 'UTC' + interval '1 minute'
      FROM generate_series(0, %(queued)s - 1) n
"""


class UnknownJobCase(PlanCase):
    """Rows are counted, not seconds: those that a statement reads, whether it needs them or not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.addClassCleanup(cls.empty_tables)
        cls.empty_tables()
        cls.switch_autovacuum("false")
        cls.addClassCleanup(cls.switch_autovacuum, "true")
        cls.cr.execute(FORGET_STATISTICS)
        cls.make_statistics()
        cls.job = cls.new_job()
        cls.commit()

    @classmethod
    def make_statistics(cls):
        """None."""

    @classmethod
    def empty_tables(cls):
        """PostgreSQL then knows as little of them as of new ones."""
        cls.renew()
        cls.cr.execute(f"TRUNCATE {TABLES} CASCADE")
        cls.commit()

    @classmethod
    def switch_autovacuum(cls, on):
        for table in TABLES.split(", "):
            cls.cr.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = {on})")
        cls.commit()

    def rows_read(self, function, cr=None) -> dict[str, int]:
        """How many rows the statements of a function read, by table; it leaves nothing behind."""
        queries = self.statements(cr or self.cr, function)
        (cr or self.cr).rollback()
        self.renew()
        read = dict.fromkeys(TABLES.split(", "), 0)
        for query in queries:
            for node in self.plan(query, EXPLAIN):
                if node.get("Relation Name") in read and node["Node Type"] != "ModifyTable":
                    read[node["Relation Name"]] += _rows_of(node)
        self.renew()
        return read

    def assert_reads(self, function, most, of="batch_job_operation"):
        read = self.rows_read(function)[of]
        self.assertGreater(read, 0)
        self.assertLessEqual(read, most)


class UnknownJobTests:
    """The same in both cases."""

    def test_chunk_reads_its_operations_twice(self):
        """From the claim to the outcomes a chunk's operations are read twice: to do them, and to
        write what became of them."""
        runner = self.runner()
        read = self.rows_read(runner.step, runner.cr)
        self.assertEqual(read["batch_job_operation"], 2 * self.CHUNK)

    def test_page_reads_its_own_rows(self):
        """A page reads its own rows, and a page of one state at most those up to its last."""
        pages = (
            (None, -1, 1_001),
            (None, 150_000, 1_001),
            ("done", 50_000, 1_001),
            ("pending", self.REST - 1_000, 3_003),
        )
        for state, after, most in pages:
            with self.subTest(state=state, after=after):
                page = functools.partial(self.job.results, state, after, 1_000)
                self.assertEqual(len(page()["results"]), 1_000)
                self.assert_reads(page, most)

    def test_references_are_found_by_name(self):
        """What others refer to is found by its name, when a chunk needs it and when a part of a
        draft comes."""
        operations = self.env["batch.job.operation"]
        names = [f"ref-{number}" for number in range(self.REST, self.REST + self.CHUNK)]
        made = [f"made-{number}" for number in range(self.REST, self.REST + self.CHUNK)]
        lookups = (
            functools.partial(operations._referred, self.job.id, names),
            functools.partial(operations._waves_of, self.job.id, "ref", names),
            functools.partial(operations._waves_of, self.job.id, "makes", made),
        )
        for lookup in lookups:
            self.assertEqual(len(lookup()), self.CHUNK)
            self.assert_reads(lookup, self.CHUNK)
        self.assert_reads(functools.partial(operations._last_stored, self.job.id), 1)

    def test_only_the_culprit_is_read(self):
        """Where policy `stop` has paused: only the row of the culprit is read, to name it and to
        do it again, and no more than a few for its followers."""
        operations, position = self.env["batch.job.operation"], self.REST - 10
        self.cr.execute(
            "UPDATE batch_job_operation SET state = 'failed', error_message = 'No.'"
            " WHERE job_id = %s AND index = %s",
            [self.job.id, position],
        )
        self.commit()
        words = functools.partial(operations._error_in_words, self.job.id, position)
        self.assertEqual(words()["error"], f"Operation {position} (row {position + 1}) failed: No.")
        self.assert_reads(words, 1)
        self.assert_reads(functools.partial(operations._index_at, self.job.id, position), 1)
        follower = (self.job.id, position + 1, self.OPERATIONS)
        self.assert_reads(functools.partial(operations._record_end, *follower), 1)
        self.assert_reads(functools.partial(operations._reopen, self.job.id, position, position), 1)

    def test_row_is_found_without_others(self):
        """A row is found by its number without the others."""
        operations = self.env["batch.job.operation"].with_user(self.admin)
        domain = [("job_id", "=", self.job.id), ("row", "=", self.REST)]
        find = functools.partial(operations.search, domain, limit=80)
        self.assertEqual(find().index, self.REST - 1)
        self.assert_reads(find, 1)

    def test_name_search_reads_one_job(self):
        """A search in the rows of a job reads no row of another one; one among all jobs reads each
        row once."""
        rows = self.env["batch.job.operation"].with_user(self.admin)
        domain = [("job_id", "=", self.job.id), ("subject_text", "ilike", f"acme {self.REST}")]
        find = functools.partial(rows.search, domain, limit=80)
        self.assertEqual(find().index, self.REST)
        self.assert_reads(find, self.OPERATIONS)
        jobs = self.env["batch.job"].with_user(self.admin)
        find = functools.partial(jobs.search, [("row_name", "=", f"Acme {self.REST}")], limit=80)
        self.assertIn(self.job, find())
        # parallel workers give their counts as rounded averages
        self.assert_reads(find, len(jobs.search([])) * self.OPERATIONS + 10)

    def test_passwords_are_read_by_chunk(self):
        """The passwords of a chunk are looked for in its rows only."""
        operations, last = self.env["batch.job.operation"], self.REST - 1
        first = last - self.CHUNK + 1
        look = functools.partial(operations._ended_payloads, self.job.id, first, last)
        self.assertEqual(len(look()), self.CHUNK)
        self.assert_reads(look, self.CHUNK)

    def test_the_first_that_were_not_done(self):
        """The form looks for them in the chunks that have some."""
        self.cr.execute(
            "UPDATE batch_job_chunk SET failed = 1 WHERE job_id = %s AND first_position = %s",
            [self.job.id, self.REST - self.CHUNK],
        )
        self.commit()
        self.assert_reads(functools.partial(self.job._problem_ids, 40), self.CHUNK)

    def test_the_first_that_were_done(self):
        """The form looks for them in the chunks that have some."""
        found = self.job._done_ids(40)
        self.assertEqual(len(found), 40)
        self.assert_reads(functools.partial(self.job._done_ids, 40), self.CHUNK)

    def test_company_reads_the_first_operation(self):
        """The company of a job is that of its first operation."""
        operations = self.env["batch.job.operation"]
        self.assert_reads(functools.partial(operations._company_of, self.job.id), 1)

    def test_clean_up_reads_what_it_deletes(self):
        """What is deleted at once is read, and one row for each next range."""
        operations = self.env["batch.job.operation"]
        delete = functools.partial(operations._delete_first, [self.job.id], 1_000)
        self.assertEqual(delete(), 1_000)
        self.renew()
        self.assert_reads(delete, 1_001)

    def test_many_queued_chunks(self):
        """After a retry all chunks are queued: a runner that waits for the first one reads no
        other, nor does a claim read more than a few."""
        sizes = {"job": self.job.id, "user": self.admin.id, "first": self.REST}
        self.cr.execute(QUEUE_CHUNKS, {**sizes, "queued": QUEUED_CHUNKS})
        self.commit()
        self.addCleanup(self.commit)
        self.addCleanup(self.env["batch.job.chunk"]._drop_queued, self.job.id)
        wait = Runner(self.env, 0).wait_of_next_chunk
        self.assertEqual(round(wait().total_seconds(), -1), 60)
        self.assert_reads(wait, 2, of="batch_job_chunk")
        runner = self.runner()
        self.assertLess(self.rows_read(runner.claim, runner.cr)["batch_job_chunk"], 100)


def _rows_of(node) -> int:
    """The rows that a node has looked at: those that it gave on, and those that it removed."""
    keys = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
    return round(sum(node.get(key, 0) for key in keys) * node["Actual Loops"])


@tagged("post_install", "-at_install")
class TestJobInANewTable(UnknownJobTests, UnknownJobCase):
    """The statistics know nothing: the first large job of a database."""


@tagged("post_install", "-at_install")
class TestJobBesideAKnownOne(UnknownJobTests, UnknownJobCase):
    """The statistics know another job, so PostgreSQL expects one row of this one."""

    @classmethod
    def make_statistics(cls):
        other = cls.new_job()
        cls.cr.execute(
            "UPDATE batch_job SET state = 'cancelled', needs_runner = FALSE WHERE id = %s",
            [other.id],
        )
        cls.cr.execute(f"ANALYZE {TABLES}")

    def test_first_page_reads_its_rows(self):
        """The first page of the operations of a job is read without the others; that of all jobs
        begins with the newest one."""
        operations = self.env["batch.job.operation"].with_user(self.admin)
        for domain in ([("job_id", "=", self.job.id)], []):
            page = functools.partial(operations.search, domain, limit=80)
            self.assertEqual(page().job_id, self.job)
            self.assertEqual(page().mapped("index"), list(range(80)))
            self.assert_reads(page, 80)
