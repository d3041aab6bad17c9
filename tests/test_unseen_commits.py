from odoo.tests import tagged

from ..execution.transaction.unseen_commits import any_newer, snapshot_of
from .key_cases import KEY, KeyCase

TABLE = "test_batch_key"
INSERT = f"INSERT INTO {TABLE} (name, active) VALUES ('other', true) RETURNING id"


@tagged("post_install", "-at_install")
class TestUnseenCommits(KeyCase):
    """Which rows a transaction may not see because they were committed since it began."""

    def setUp(self):
        super().setUp()
        self.ours, self.others, self.theirs = (self.registry.cursor() for _cursor in range(3))
        for cr in (self.ours, self.others, self.theirs):
            self.addCleanup(cr.close)

    def is_newer(self, ids, snapshot):
        """As a transaction says that begins now."""
        self.theirs.rollback()
        return any_newer(self.theirs, TABLE, ids, snapshot)

    def test_committed_since_is_newer(self):
        """A row is newer than the snapshots before its commit, and not than those after it."""
        before = snapshot_of(self.ours)
        ids = self.make({"name": "a"}).ids
        self.ours.rollback()
        self.assertTrue(self.is_newer(ids, before))
        self.assertFalse(self.is_newer(ids, snapshot_of(self.ours)))
        self.assertFalse(self.is_newer([], before))

    def test_at_work_at_the_snapshot_is_newer(self):
        """So is a row that was written before the snapshot and committed after it, by a savepoint
        too, whose id is in no snapshot."""
        self.others.execute("SELECT pg_current_xact_id()")
        with self.others.savepoint():
            self.others.execute(INSERT)
            ids = [self.others.fetchone()[0]]
        snapshot = snapshot_of(self.ours)
        self.others.commit()
        self.assertTrue(self.is_newer(ids, snapshot))

    def test_a_long_transaction_makes_no_row_newer(self):
        """While another transaction is at work, however long, nothing older than the snapshot is
        newer. When that one has ended it might have written the row: nobody can tell."""
        self.others.execute("SELECT pg_current_xact_id()")
        ids = self.make({"name": "a"}).ids
        snapshot = snapshot_of(self.ours)
        self.assertFalse(self.is_newer(ids, snapshot))
        self.others.commit()
        self.assertTrue(self.is_newer(ids, snapshot))

    def test_a_long_transaction_makes_no_conflict(self):
        """A job whose upsert breaks a unique key fails with that reason, at the first try, also
        beside a transaction that began before all this and goes on."""
        self.others.execute("SELECT pg_current_xact_id()")
        self.make({"unique_code": "taken"})
        (record,) = self.make({"code": "a"})
        operations = [
            {"op": "unlink", "model": KEY, "ids": record.ids},
            {"op": "upsert", "model": KEY, "key": ["code"]}
            | {"values": {"code": "a", "unique_code": "taken"}},
        ]
        job = self.submit_and_run(operations)
        self.assertEqual(self.states(job), ["done", "failed"])
        self.assertEqual(self.outcomes(job)[1]["error"]["type"], "unique")
        self.assertEqual(job.chunk_ids.mapped("conflicts"), [0])
