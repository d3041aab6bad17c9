"""What a savepoint does not undo, and what an operation may not do."""

import copy
import logging
import sys
import threading
from collections import deque
from contextlib import contextmanager

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_INTRANS
from psycopg2.sql import Composable

from odoo.exceptions import ConcurrencyError, LockError
from odoo.tools import SQL

from ..engine.ending_statements import ending_statement
from ..engine.errors import ForbiddenEffect
from ..engine.retry import TRANSIENT_CODES

COMMIT_REFUSED = (
    "It called %s: an operation of a batch job may not end the transaction. "
    "Its outcome is committed with it."
)
REGISTRY_REFUSED = (
    "It changed the model registry (fields or modules): do this outside of batch jobs. "
    "It was rolled back."
)

EXTERNAL_IDS = "batch_job_external_ids"

_guarded = threading.local()


def is_dry_run() -> bool:
    """Whether what this thread does now will be rolled back."""
    return getattr(_guarded, "dry_run", False)


@contextmanager
def dry_run(is_one: bool):
    """For the time of a dry run: what leaves at once, and not with the commit, shall not leave."""
    _guarded.dry_run = is_one
    try:
        yield
    finally:
        _guarded.dry_run = False


class TransientError(Exception):
    """The whole transaction must be rolled back and done again: nobody's fault."""


class TransactionEnded(TransientError):
    """An operation ended the transaction in a way that could not be refused. What it kept is not
    known: nothing of it may be done again."""


class _QuietOperations(logging.Filter):
    """Keeps the SQL of failing operations, which holds customer data, out of the log.

    Works per thread, which `mute_logger` does not. An operation may swallow a database error that
    means "try again"; this is where it is noticed all the same.
    """

    def filter(self, record):
        if isinstance(sys.exc_info()[1], psycopg2.InterfaceError):
            # the connection is lost: Odoo logs the statement before, perhaps an operation's
            record.args = ()
            record.msg = "a statement found its connection closed"
        if not getattr(_guarded, "active", False):
            return True
        if getattr(sys.exc_info()[1], "pgcode", None) in TRANSIENT_CODES:
            _guarded.saw_transient = True
        return False


logging.getLogger("odoo.sql_db").addFilter(_QuietOperations())


def _is_no_conflict_of_ours(record):
    """Odoo reports external ids that it cannot write, with all of them; a conflict is no error."""
    guarded = getattr(_guarded, "active", False)
    return not (guarded and isinstance(sys.exc_info()[1], psycopg2.Error))


logging.getLogger("odoo.addons.base.models.ir_model").addFilter(_is_no_conflict_of_ours)


@contextmanager
def quiet_queries():
    """For the time of a claim or a chunk: failing SQL, also the engine's own, stays out of the log.

    It may hold customer data, and a conflict is no error: it is done again. Any other exception is
    reported by whoever catches it.
    """
    before = getattr(_guarded, "active", False)
    _guarded.active = True
    try:
        yield
    finally:
        _guarded.active = before


@contextmanager
def operation_guard(job_env):
    """For the time of a chunk's operations: no commit from inside, the owner's environment for
    deferred computations, nothing of a payload in the log."""
    cr, transaction = job_env.cr, job_env.transaction
    default_env = transaction.default_env
    with (
        _shadowed(
            cr,
            commit=_refuse("cr.commit()"),
            rollback=_refuse("cr.rollback()"),
            close=_refuse("cr.close()"),
            execute=_refusing_ends(cr.execute, cr.connection),
        ),
        _shadowed(
            cr.connection,
            commit=_refuse("commit() of the connection"),
            rollback=_refuse("rollback() of the connection"),
        ),
        quiet_queries(),
    ):
        transaction.default_env = job_env
        try:
            yield
        finally:
            transaction.default_env = default_env


@contextmanager
def _shadowed(thing, **replacements):
    """Put other methods before those of a thing, which may have been shadowed before."""
    before = {name: vars(thing).get(name) for name in replacements}
    for name, replacement in replacements.items():
        setattr(thing, name, replacement)
    try:
        yield
    finally:
        for name, original in before.items():
            if original is None:
                delattr(thing, name)
            else:
                setattr(thing, name, original)


@contextmanager
def repairing_savepoint(env):
    """A savepoint that on failure also takes back commit hooks and cached values.

    :raises TransientError: when the failure, however it was wrapped, comes from a conflict
    :raises TransactionEnded: nothing can be taken back
    """
    cr, registry = env.cr, env.registry
    hooks = [
        (callbacks, deque(callbacks._funcs), _copied(callbacks.data))
        for callbacks in (cr.postcommit, cr.prerollback, cr.postrollback)
    ]
    _guarded.saw_transient = begun = False
    try:
        with cr.savepoint() as savepoint:
            begun = True
            yield savepoint
            cr.flush()
            if registry.registry_invalidated:
                raise ForbiddenEffect(REGISTRY_REFUSED)
    except (Exception, SystemExit) as error:
        noted = cr.postrollback.data.get(EXTERNAL_IDS)
        for callbacks, functions, data in hooks:
            callbacks._funcs, callbacks.data = functions, data
        if noted != cr.postrollback.data.get(EXTERNAL_IDS):
            registry.clear_cache()
        _repair_registry(registry)
        if begun and not cr.closed and not _is_in_transaction(cr):
            raise TransactionEnded from error
        if _guarded.saw_transient or is_transient(error) or _is_made_beside(error):
            raise TransientError from error
        raise


def note_external_ids(env):
    """Say that external ids are made: Odoo caches them at once, and a rollback, of a savepoint or
    of all, must take them out again."""
    hooks = env.cr.postrollback
    if EXTERNAL_IDS not in hooks.data:
        hooks.add(env.registry.clear_cache)
    hooks.data[EXTERNAL_IDS] = hooks.data.get(EXTERNAL_IDS, 0) + 1


def check_deferred_constraints(cr):
    """Have deferred constraints speak now, while it is known whose fault it is.

    Rolling back makes them deferred again, as operations after this may need; what was checked
    here is checked once more at the commit.
    """
    cr.execute("SAVEPOINT deferred; SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK TO SAVEPOINT deferred")
    cr.execute("RELEASE SAVEPOINT deferred")


def is_transient(error: BaseException | None) -> bool:
    """Whether a conflict with another transaction is the error or among its causes."""
    while error is not None:
        if isinstance(error, TransientError | ConcurrencyError | LockError):
            return True
        if getattr(error, "pgcode", None) in TRANSIENT_CODES:
            return True
        error = error.__cause__ or error.__context__
    return False


def _is_made_beside(error) -> bool:
    """Whether a violation comes from a record that the transaction is too old to see."""
    ask = getattr(error, "is_made_beside", None)
    return bool(ask and ask())


def _is_in_transaction(cr) -> bool:
    """As it must be after a rollback to a savepoint: it is not if there was none any more."""
    return cr.connection.get_transaction_status() == TRANSACTION_STATUS_INTRANS


def _repair_registry(registry):
    caches = set(registry.cache_invalidated)
    if registry.registry_invalidated:
        registry.reset_changes()
    if caches:
        # `clear_cache` and not `reset_changes`: good operations of this transaction may have
        # invalidated the same caches, and their signal must still go out
        registry.clear_cache(*caches)


def _copied(data):
    return {key: copy.copy(value) for key, value in data.items()}


def _refuse(call):
    def refuse():
        raise ForbiddenEffect(COMMIT_REFUSED % call)

    return refuse


def _refusing_ends(execute, connection):
    """`cr.execute` without the statements that end the transaction behind the savepoint's back."""

    def execute_within(query, *args, **kwargs):
        if ends := ending_statement(_text_of(query)):
            raise ForbiddenEffect(COMMIT_REFUSED % ends)
        return execute(query, *args, **kwargs)

    def _text_of(query) -> str:
        if isinstance(query, SQL):
            return query.code
        if isinstance(query, Composable):
            return query.as_string(connection)
        return query.decode(errors="replace") if isinstance(query, bytes) else str(query)

    return execute_within
