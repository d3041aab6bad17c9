from odoo.tools import SQL

from .base import Dispatch

# the advisory lock on a chunk has two numbers: this one and the chunk's id
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


def is_free(chunk_id: SQL) -> SQL:
    """A condition: nobody holds the advisory lock of a chunk.

    Cheaper than a look into `pg_locks`, for which PostgreSQL stops all who lock anything. A lock
    that is free is held, shared, for as long as the condition is evaluated.
    """
    return SQL(
        """
        CASE WHEN pg_try_advisory_lock_shared(%s, %s) THEN pg_advisory_unlock_shared(%s, %s)
             ELSE FALSE END
        """,
        LOCK_CLASS,
        chunk_id,
        LOCK_CLASS,
        chunk_id,
    )


class ChunkLocks(Dispatch):
    """The advisory locks on chunks. They prove that the workers of running chunks live.

    A worker lives as long as the row of its chunk, or the advisory lock on the chunk, is locked.
    PostgreSQL drops both locks when the worker dies. So a worker writes nothing to prove that it
    lives.
    """

    def lock_if_free(self, chunk_id) -> bool:
        """Lock a chunk until the transaction ends, unless another session has the lock."""
        self.env.cr.execute(SQL("SELECT pg_try_advisory_xact_lock(%s, %s)", LOCK_CLASS, chunk_id))
        return self.env.cr.fetchone()[0]

    def hold(self, chunk_id) -> bool:
        """Take the session lock on a chunk, unless another session has the lock.

        Between the claim and the work, only this lock proves that the worker lives.
        """
        self.env.cr.execute(SQL("SELECT pg_try_advisory_lock(%s, %s)", LOCK_CLASS, chunk_id))
        return self.env.cr.fetchone()[0]

    def release(self, chunk_id):
        """Release the session lock on a chunk. This session holds the lock."""
        self.env.cr.execute(SQL("SELECT pg_advisory_unlock(%s, %s)", LOCK_CLASS, chunk_id))

    def let_go(self, chunk_id):
        """Release the session lock on a chunk, if this session still holds the lock."""
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
        """Release all session locks of this connection.

        A claim that failed may hold a session lock. A rollback does not release session locks.
        """
        self.env.cr.execute("SELECT pg_advisory_unlock_all()")

    def hand_over(self, chunk_id):
        """Exchange the session lock on a chunk for a lock that ends with this transaction."""
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
        """Whether a living worker holds any chunk of this database. Takes no lock."""
        self.env.cr.execute(SQL("SELECT EXISTS (SELECT FROM pg_locks l WHERE %s)", _HELD))
        return self.env.cr.fetchone()[0]

    def held(self) -> set[int]:
        """The chunks of this database whose workers live. Takes no lock."""
        self.env.cr.execute(SQL("SELECT l.objid::bigint FROM pg_locks l WHERE %s", _HELD))
        return {row[0] for row in self.env.cr.fetchall()}

    def worked_on(self, job_ids) -> set[int]:
        """Those of some jobs that have running chunks, each held by a living worker. Takes no
        lock."""
        self.env.cr.execute(
            SQL(
                """
                SELECT c.job_id
                  FROM batch_job_chunk c
                 WHERE c.job_id = ANY(%s)
                   AND c.state = 'running'
              GROUP BY c.job_id
                HAVING bool_and(
                       EXISTS (SELECT FROM pg_locks l WHERE %s AND l.objid = c.id))
                """,
                list(job_ids),
                _HELD,
            )
        )
        return {row[0] for row in self.env.cr.fetchall()}

    def has_orphan(self, job_id) -> bool:
        """Whether a chunk of the job is recorded as running, but nobody holds its lock.

        Takes no lock.
        """
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
