from odoo.tools import SQL

from .base import Dispatch

# first key of the advisory locks on chunks; the second is the chunk's id
LOCK_CLASS = 1_785_202_034
_HELD = SQL(
    """
    l.locktype = 'advisory'
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.classid = %s
    AND l.objsubid = 2
    """,
    LOCK_CLASS,
)


class ChunkLocks(Dispatch):
    """The advisory locks of chunks, the proof that their workers live.

    A running chunk's worker is alive as long as the chunk's row or its advisory lock is locked:
    PostgreSQL drops both when the worker dies, so nothing has to be written to stay alive.
    """

    def lock_if_free(self, chunk_id) -> bool:
        self.env.cr.execute(SQL("SELECT pg_try_advisory_xact_lock(%s, %s)", LOCK_CLASS, chunk_id))
        return self.env.cr.fetchone()[0]

    def hold(self, chunk_id) -> bool:
        """Take the session lock that proves life between the claim and the work."""
        self.env.cr.execute(SQL("SELECT pg_try_advisory_lock(%s, %s)", LOCK_CLASS, chunk_id))
        return self.env.cr.fetchone()[0]

    def let_go(self, chunk_id):
        """Give the session lock back; not held any more is no error."""
        self.env.cr.execute(
            SQL(
                """
                SELECT pg_advisory_unlock(%s, %s)
                  FROM pg_locks l
                 WHERE %s
                   AND l.objid = %s
                   AND l.pid = pg_backend_pid()
                 LIMIT 1
                """,
                LOCK_CLASS,
                chunk_id,
                _HELD,
                chunk_id,
            )
        )

    def let_all_go(self):
        """A claim that came to nothing may hold a session lock: a rollback does not release it."""
        self.env.cr.execute("SELECT pg_advisory_unlock_all()")

    def hand_over(self, chunk_id):
        """Exchange the session lock for one that ends with this transaction."""
        self.env.cr.execute(
            SQL(
                "SELECT pg_advisory_xact_lock(%s, %s), pg_advisory_unlock(%s, %s)",
                LOCK_CLASS,
                chunk_id,
                LOCK_CLASS,
                chunk_id,
            )
        )

    def is_anyone_working(self) -> bool:
        """Whether any chunk of this database is held by a living worker (a plain look)."""
        self.env.cr.execute(SQL("SELECT EXISTS (SELECT FROM pg_locks l WHERE %s)", _HELD))
        return self.env.cr.fetchone()[0]

    def is_abandoned(self, job_id) -> bool:
        """Whether a chunk is recorded as running while nobody holds its lock (a plain look)."""
        self.env.cr.execute(
            SQL(
                """
                SELECT EXISTS (
                    SELECT FROM batch_job_chunk c
                     WHERE c.job_id = %s
                       AND c.state = 'running'
                       AND NOT EXISTS (
                           SELECT FROM pg_locks l WHERE %s AND l.objid = c.id))
                """,
                job_id,
                _HELD,
            )
        )
        return self.env.cr.fetchone()[0]
