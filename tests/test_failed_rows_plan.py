"""The failed operations of a large job, and those of one cause, are found without the others."""

import functools

from odoo.tests import tagged

from ..engine.outcomes import Outcome
from .test_unknown_job_plan import TABLES, UnknownJobCase

EVERY = 40  # every 40th operation has failed, in turn of one of four causes
FIELDS = ("name", "value", "x" * 300)  # the last one is longer than what the index keeps
FAIL = """
    UPDATE batch_job_operation
       SET state = 'failed',
           error_type = CASE WHEN index %% 160 = 120 THEN 'unique' ELSE 'bad_value' END,
           error_model = 'test.batch.item', error_message = 'No.',
           error_field = (%(fields)s::text[])[1 + index %% 160 / 40],
           error_constraint = CASE WHEN index %% 160 = 120 THEN 'test_batch_item_name_unique' END
     WHERE job_id = %(job)s AND index %% 40 = 0
"""
END = """
    UPDATE batch_job
       SET state = 'partial', needs_runner = FALSE, failed = total / 40,
           succeeded = total - total / 40, next_position = total
     WHERE id = %(job)s
"""


def cause_of(field):
    constraint = None if field else "test_batch_item_name_unique"
    kind = "bad_value" if field else "unique"
    return {"type": kind, "model": "test.batch.item", "field": field, "constraint": constraint}


class FailedRowsCase(UnknownJobCase):
    FAILED = UnknownJobCase.OPERATIONS // EVERY
    OF_A_CAUSE = FAILED // 4

    @classmethod
    def new_job(cls):
        job = super().new_job()
        cls.cr.execute(FAIL, {"job": job.id, "fields": list(FIELDS)})
        cls.cr.execute(END, {"job": job.id})
        return job


class FailedRowsTests:
    PAGE = 80  # rows that a page of 80 reads; None: PostgreSQL may read all and sort them

    def test_address_of_a_file_of_failed_rows(self):
        """Whether there are rows for a file takes one of them, of a cause or of all that failed."""
        for arguments in ((), ("failed", cause_of(None)), ("failed", cause_of(FIELDS[0]))):
            for kind in ("csv", "xlsx"):
                self.assert_reads(functools.partial(self.job.rows_address, kind, *arguments), 1)

    def test_rows_of_a_cause(self):
        """A page of *Rows*, and their number, read the operations of the cause and no other."""
        for field in (*FIELDS, None):
            with self.subTest(field=field):
                page, count = self.opened(self.job.action_open_cause(cause_of(field)))
                found = page()
                self.assertEqual(len(found), 80)
                self.assertEqual(set(found.mapped("error_field")), {field or False})
                self.assertEqual(found.mapped("index"), sorted(found.mapped("index")))
                self.assertEqual(count(), self.OF_A_CAUSE)
                self.assert_reads(page, self.PAGE or self.OF_A_CAUSE)
                self.assert_reads(count, self.OF_A_CAUSE)

    def test_failed_rows_are_read_without_others(self):
        """A page of all failed operations, and their number, read these. So do those that were
        not done, if the others failed."""
        for action in (self.job.action_open_failed(), self.job.action_open_not_done()):
            page, count = self.opened(action)
            self.assertEqual(page().mapped("index"), list(range(0, 80 * EVERY, EVERY)))
            self.assertEqual(count(), self.FAILED)
            self.assert_reads(page, self.PAGE or self.FAILED)
            self.assert_reads(count, self.FAILED)

    def opened(self, action):
        """The first page of the list that a button opens, and the number of its rows."""
        operations = self.env["batch.job.operation"].with_user(self.admin)
        operations = operations.with_context(**action["context"])
        page = functools.partial(operations.search, action["domain"], limit=80)
        return page, functools.partial(operations.search_count, action["domain"], limit=10_001)

    def test_retry_of_a_cause(self):
        """A retry reads the operations of its cause a few times, and no other one."""
        retry = functools.partial(self.job.retry, cause=cause_of("value"))
        self.assertEqual(retry()["remaining"], self.OF_A_CAUSE)
        self.renew()
        self.assert_reads(retry, 6 * self.OF_A_CAUSE + 10)


@tagged("post_install", "-at_install")
class TestFailedRowsInANewTable(FailedRowsTests, FailedRowsCase):
    """The statistics know nothing."""

    PAGE = None

    def test_outcomes_are_updated_in_place(self):
        """The index of failures costs what succeeds nothing: all outcomes of a chunk are written
        in place (HOT), and so are those of a second try."""
        operations, first = self.env["batch.job.operation"], self.REST + 1
        positions = range(first, first + EVERY - 1)
        updated = (
            "SELECT pg_stat_get_xact_tuples_updated(oid), pg_stat_get_xact_tuples_hot_updated(oid)"
            " FROM pg_class WHERE relname = 'batch_job_operation'"
        )
        before = self.ask(updated)
        operations._record(self.job.id, [Outcome(at, "done", ids=[at]) for at in positions])
        self.cr.execute(updated)
        after = self.cr.fetchone()
        written = tuple(now - then for now, then in zip(after, before, strict=True))
        self.assertEqual(written, (len(positions),) * 2)


@tagged("post_install", "-at_install")
class TestFailedRowsBesideAKnownJob(FailedRowsTests, FailedRowsCase):
    """The statistics know another job, so PostgreSQL expects one row of this one."""

    @classmethod
    def make_statistics(cls):
        cls.new_job()
        cls.cr.execute(f"ANALYZE {TABLES}")
