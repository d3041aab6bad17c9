"""Locks on the keys of upserts and loads, so that parallel jobs never create a record twice."""

import hashlib
from contextlib import contextmanager, suppress

import psycopg2
from psycopg2 import errors as pg

from odoo.tools import SQL

from ...engine.canonical import canonical_json
from ...engine.coalesce import coalesce
from ...engine.messages import _lt
from ...engine.operations import Operation
from ..transaction.quiet_log import quiet_queries
from ..transaction.transient import TransientError
from ..transaction.unseen_commits import snapshot_of
from ..worker.second_connection import SecondCursor
from .keys_ahead import finder_and_keys, keys_ahead

MOST_KEYS_OF_A_CALL = 200  # of `execute`: each HTTP worker may be at work on such a call
PATIENCE = "3s"  # after this wait the chunk is put back, and its runner does other work
LOST = (psycopg2.InterfaceError, psycopg2.OperationalError)


class KeysTaken(TransientError):
    """Another job works on the same keys.

    A chunk waits for its turn, and no conflict is counted. `execute` answers 429.
    """


class KeyLocks:
    """Session locks on (model, key values).

    Whoever locks keys of a model also locks the model shared. Whoever locks a whole model locks the
    model exclusively. Every session locks models first, then keys, both in the order of lock
    numbers, so there is no deadlock.

    The locks last until after the commit, so the snapshot of the next holder sees the new records.
    """

    def __init__(self, cr):
        self.cr = cr
        self.taken = False

    def take(self, env, operations: list[Operation], most: int):
        """Lock the keys of operations.

        The transaction's snapshot is then older than the locks: the caller begins a new transaction
        before it looks for records.

        :param most: the most keys to lock one by one; more keys lock whole models
        :raises KeysTaken: another session holds a lock for too long
        """
        keys, whole = keys_ahead(env, operations)
        if len(keys) > most:
            whole |= {model for model, _key in keys}
        models = {model for model, _key in keys} | whole
        if not models:
            return
        self.taken = True
        self.cr.execute(SQL("SET LOCAL lock_timeout = %s", PATIENCE))
        self._lock({_number([model]): model in whole for model in models})
        self._lock({_number([*name]): True for name in keys if name[0] not in whole})

    def release(self):
        if self.taken:
            # This also releases the chunk's session lock. The chunk has landed or was put back, so
            # nobody needs the lock.
            self.cr.execute("SELECT pg_advisory_unlock_all()")
            self.taken = False

    def _held_by_the_chunk(self) -> set[int]:
        return set()

    def _lock(self, alone: dict[int, bool]):
        """
        :param alone: lock number -> whether the lock is exclusive; otherwise it is shared
        """
        if not alone:
            return
        held = self._held_by_the_chunk()
        numbers = sorted(number for number in alone if number not in held)
        query = SQL(
            """
            SELECT CASE WHEN alone THEN pg_advisory_lock(number)
                        ELSE pg_advisory_lock_shared(number) END
              FROM unnest(%s::bigint[], %s::bool[]) AS wanted(number, alone)
            """,
            numbers,
            [alone[number] for number in numbers],
        )
        try:
            self.cr.execute(query, log_exceptions=False)
        except pg.LockNotAvailable as error:
            raise KeysTaken(_lt("Another job is at work on records with the same keys.")) from error


class LocksBeside(KeyLocks):
    """Key locks for a transaction that has already begun, on a second connection.

    The snapshot of such a transaction may be older than the locks. Records that earlier holders
    made may be missing in the snapshot, so the second connection looks for those.
    """

    NAME = "batch_job_locks_beside"

    def __init__(self, second: SecondCursor, pid: int):
        """
        :param pid: the process id of the transaction's PostgreSQL backend
        """
        super().__init__(second.cr)
        self.pid = pid
        self._second = second

    @classmethod
    def of(cls, env) -> "LocksBeside":
        """The locks of a transaction. A transaction has one connection for its locks: two
        connections would wait for each other.

        :raises NoConnection: the server has no connection to spare
        """
        hooks = env.cr.postcommit
        if cls.NAME not in hooks.data:
            locks = hooks.data[cls.NAME] = cls(
                SecondCursor(env.registry), env.cr.connection.get_backend_pid()
            )
            hooks.add(locks.end)
            env.cr.postrollback.add(locks.end)
        return hooks.data[cls.NAME]

    def take_beside(self, env, operations: list[Operation], most: int):
        """Lock the keys of operations on the second connection.

        :raises KeysTaken: another session holds a lock for too long
        """
        with self._unless_lost():
            try:
                self.take(env(cr=self.cr), operations, most)
            finally:
                if not self.cr.closed:
                    # session locks survive the rollback; the next query takes a new snapshot
                    self.cr.rollback()

    def refuse_made_beside(self, env, operations: list[Operation]):
        """Raise if another transaction has first made a record that this one has created too.
        Call this before the commit.

        :param operations: the operations that have created records by key
        :raises TransientError: another transaction made such a record, or the locks are lost
        """
        if not operations:
            return
        snapshot = snapshot_of(env.cr)
        with self._unless_lost():
            # do not wait for ever: our own transaction may have locked the whole table
            self.cr.execute(SQL("SET LOCAL lock_timeout = %s", PATIENCE))
            # group operations by look-up only: the effects of x2many commands do not matter here
            groups = coalesce(operations, lambda _model, _field: None)
            found = [self._finds_newer(env, group, snapshot) for group in groups]
            self.cr.rollback()
        if any(found):
            raise TransientError(_lt("A record with one of the keys was made meanwhile."))

    def _finds_newer(self, env, group, snapshot) -> bool:
        model = env(cr=self.cr)[group.model].with_context(**group.context)
        finder, keys = finder_and_keys(model, group.operations)
        return bool(keys) and finder.finds_newer(keys, snapshot)

    def _held_by_the_chunk(self) -> set[int]:
        """The locks of the chunk, if this call is an operation of a chunk. The chunk holds its
        locks until its commit, so this call need not take them."""
        self.cr.execute(
            SQL(
                """
                SELECT (classid::bigint << 32) | objid::bigint
                  FROM pg_locks
                 WHERE locktype = 'advisory' AND objsubid = 1 AND mode = 'ExclusiveLock'
                   AND granted AND pid = %s
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """,
                self.pid,
            )
        )
        return {number for (number,) in self.cr.fetchall()}

    @contextmanager
    def _unless_lost(self):
        """Turn a lost connection into TransientError: without locks the transaction must end."""
        try:
            with quiet_queries():
                yield
        except LOST as error:
            text = _lt("The connection with the key locks is in trouble.")
            if self.cr.closed:
                text = _lt("The connection with the key locks was lost.")
            raise TransientError(text) from error

    def end(self):
        with suppress(*LOST), quiet_queries():  # the locks end with their session
            if not self.cr.closed:
                self.cr.rollback()  # after a lock timeout the transaction is broken
                self.release()
                self.cr.close()
        self._second.free_place()

    def __copy__(self):
        return self  # `repairing_savepoint` copies the data of hooks; there is one connection

    def __del__(self):
        # Odoo's test cases drop the hooks of a transaction without calling them
        self.end()


def _number(name: list) -> int:
    """The 64-bit lock number for a name."""
    digest = hashlib.sha256(canonical_json(name).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
