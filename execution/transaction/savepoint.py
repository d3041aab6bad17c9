"""A savepoint that also undoes what PostgreSQL's does not: commit hooks and cached values."""

import copy
from collections import deque
from contextlib import contextmanager

from psycopg2.extensions import TRANSACTION_STATUS_IDLE, TRANSACTION_STATUS_INTRANS

from ...engine.errors import ForbiddenEffect
from ..server_stop import is_cut_off
from .quiet_log import forget_conflict, saw_conflict
from .transient import ServerStops, TransactionEnded, TransientError, is_transient

REGISTRY_REFUSED = (
    "It changed the model registry (fields or modules): do this outside of batch jobs. "
    "It was rolled back."
)
EXTERNAL_IDS = "batch_job_external_ids"


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
    begun = False
    forget_conflict()
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
        if begun and not cr.closed and _has_ended(cr):
            raise TransactionEnded from error
        if is_cut_off():
            raise ServerStops("the server was stopped") from error
        if begun and not cr.closed and not _is_in_transaction(cr):
            raise TransactionEnded from error
        if saw_conflict() or is_transient(error) or _is_made_beside(error):
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


def _is_made_beside(error) -> bool:
    """Whether a violation comes from a record that the transaction is too old to see."""
    ask = getattr(error, "is_made_beside", None)
    return bool(ask and ask())


def _has_ended(cr) -> bool:
    """Whether the transaction was ended and none was begun since: also when the server stops, what
    was kept may not be done again."""
    return cr.connection.get_transaction_status() == TRANSACTION_STATUS_IDLE


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
