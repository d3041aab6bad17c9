"""Locks on the keys that operations look up before they create: what keeps jobs that run at once
from making the same record twice."""

import hashlib
from contextlib import contextmanager, suppress

import psycopg2
from psycopg2 import errors as pg

from odoo.tools import SQL

from ..engine.canonical import canonical_json
from ..engine.coalesce import coalesce
from ..engine.external_ids import external_ids_made
from ..engine.operations import Operation
from ..engine.outcomes import Failure
from ..engine.references import references_in
from .second_connection import SecondCursor
from .snapshots import oldest_unseen
from .transaction.quiet_log import quiet_queries
from .transaction.transient import TransientError, is_transient
from .upsert import finder_of

# by all runners together: PostgreSQL's lock table holds some 6,400 unless set up otherwise, and is
# full for everybody
MOST_KEYS = 4_000
MOST_KEYS_OF_A_CALL = 200  # of `execute`: as many calls at once as there are HTTP workers
PATIENCE = "3s"  # then the chunk is put off, and its runner does other work
LOST = (psycopg2.InterfaceError, psycopg2.OperationalError)


class KeysTaken(TransientError):
    """Others are at work on the same keys: that is a queue, and no conflict to be counted."""


def share_of_keys(runners: int) -> int:
    """How many keys one runner may lock; with more, it locks whole models."""
    return MOST_KEYS // runners


class KeyLocks:
    """Session locks on (model, key values). Models first, then keys, each in one order everywhere,
    so nobody waits in a circle; held until after the commit, so the next holder's snapshot sees
    what was made."""

    def __init__(self, cr):
        self.cr = cr
        self.taken = False

    def take(self, env, operations: list[Operation], most: int):
        """The transaction's snapshot is older than the locks: begin a new one before looking.

        :param most: keys; with more, whole models are locked
        :raises KeysTaken: somebody holds one for too long
        """
        keys, whole = _keys(env, operations), _models_of_unknown_keys(operations)
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
            # the chunk's own lock goes too, by now handed over or given up
            self.cr.execute("SELECT pg_advisory_unlock_all()")
            self.taken = False

    def _held_by_its_transaction(self) -> set[int]:
        return set()

    def _lock(self, alone: dict[int, bool]):
        """
        :param alone: number -> whether nobody else may hold it
        """
        if not alone:
            return
        held = self._held_by_its_transaction()
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
            raise KeysTaken("Another job is at work on records with the same keys.") from error


class LocksBeside(KeyLocks):
    """Key locks on a connection of their own, for a transaction that has begun already: its
    snapshot may be older than what others made before they gave up the locks."""

    NAME = "batch_job_locks_beside"

    def __init__(self, second: SecondCursor, pid: int):
        """
        :param pid: of the backend of the transaction
        """
        super().__init__(second.cr)
        self.pid = pid
        self._second = second

    @classmethod
    def of(cls, env) -> "LocksBeside":
        """Those of a transaction: a second connection would wait for the first.

        :raises NoConnection: the server has none to spare
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
        """
        :raises KeysTaken: somebody holds one for too long
        """
        with self._unless_lost():
            try:
                self.take(env(cr=self.cr), operations, most)
            finally:
                if not self.cr.closed:
                    self.cr.rollback()  # a new snapshot, now that the locks are held

    def refuse_made_beside(self, env, operations: list[Operation]):
        """To be asked with what a transaction has created by key, before it commits.

        :raises TransientError: somebody else made one first, or the locks are lost
        """
        if not operations:
            return
        oldest = oldest_unseen(env.cr)
        with self._unless_lost():
            # our own transaction may hold the whole table
            self.cr.execute(SQL("SET LOCAL lock_timeout = %s", PATIENCE))
            # only what is looked up together matters here
            groups = coalesce(operations, lambda _model, _field: None)
            found = [self._finds_newer(env, group, oldest) for group in groups]
            self.cr.rollback()
        if any(found):
            raise TransientError("A record with one of the keys was made meanwhile.")

    def _finds_newer(self, env, group, oldest) -> bool:
        model = env(cr=self.cr)[group.model].with_context(**group.context)
        finder = finder_of(model, group.operations)
        return finder.finds_newer({finder.key_of(one) for one in group.operations}, oldest)

    def _held_by_its_transaction(self) -> set[int]:
        """Locks of the chunk that the call is an operation of: they last as long as ours would."""
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
        """Without its locks the transaction must not go on."""
        try:
            with quiet_queries():
                yield
        except LOST as error:
            trouble = "was lost" if self.cr.closed else "is in trouble"
            raise TransientError(f"The connection with the key locks {trouble}.") from error

    def end(self):
        with suppress(*LOST), quiet_queries():  # the locks end with their session
            if not self.cr.closed:
                self.cr.rollback()  # a lock that was waited for in vain leaves it broken
                self.release()
                self.cr.close()
        self._second.free_place()

    def __copy__(self):
        return self  # savepoints copy what hooks hold

    def __del__(self):
        # Odoo's test cases drop the hooks of a transaction without calling them
        self.end()


def _keys(env, operations) -> set[tuple[str, str]]:
    """(model, key) of all keys that are known before anything is done."""
    keys = set()
    for operation in operations:
        keys.update(("ir.model.data", name) for name in external_ids_made(_as_dict(operation)))
        if _has_key(operation) and not _refers(operation):
            try:
                values = finder_of(env[operation.model], [operation]).key_of(operation)
            except Exception as error:  # an unknown language, say
                if is_transient(error) or env.cr.closed:
                    raise
                env.cr.rollback()  # a failed query; nothing has been written
                continue  # it will fail once more when it is its turn, and say so
            if not isinstance(values, Failure):  # else the operation will fail and say so
                named = sorted(zip(operation.payload["key"], map(str, values), strict=True))
                keys.add((operation.model, canonical_json(named)))
    return keys


def _models_of_unknown_keys(operations) -> set[str]:
    """Models of the keys that refer to a record which these operations find or make: it may be one
    that others find as well. One that is created here is nobody else's."""
    created = {operation.ref for operation in operations if operation.op == "create"}
    return {
        operation.model
        for operation in operations
        if _has_key(operation) and not created.issuperset(_key_references(operation))
    }


def _has_key(operation):
    return operation.op == "upsert" and bool(operation.payload.get("key"))


def _refers(operation):
    return _has_key(operation) and any(_key_references(operation))


def _key_references(operation):
    values = operation.payload["values"]
    return references_in([values[name] for name in operation.payload["key"]])


def _as_dict(operation):
    return {"op": operation.op, **operation.payload}


def _number(name: list) -> int:
    """A 64-bit lock number of a name."""
    digest = hashlib.sha256(canonical_json(name).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
