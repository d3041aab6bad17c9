"""A savepoint that also undoes changes in Python: commit hooks and cached values."""

import copy
from collections import deque
from contextlib import contextmanager

from psycopg2.extensions import TRANSACTION_STATUS_IDLE, TRANSACTION_STATUS_INTRANS

from ...engine.errors import ForbiddenEffect
from ...engine.messages import _lt
from ..worker.server_stop import is_cut_off
from .quiet_log import forget_conflict, saw_conflict
from .transient import ServerStops, TransactionEnded, TransientError, is_transient

REGISTRY_REFUSED = _lt(
    "It changed the model registry (fields or modules): do this outside of batch jobs. "
    "It was rolled back."
)
EXTERNAL_IDS = "batch_job_external_ids"


@contextmanager
def repairing_savepoint(env):
    """A savepoint that on failure also undoes commit hooks and cached values.

    :raises TransientError: the failure comes from a conflict, perhaps through other exceptions
    :raises TransactionEnded: the transaction has ended, so the savepoint cannot undo anything
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
        _restore_hooks(env, hooks)
        _repair_registry(registry)
        if instead := _ending_error(cr, begun, error):
            raise instead from error
        raise


def note_external_ids(env):
    """Note that external ids are about to be made. Odoo caches them at once, so a rollback to a
    savepoint, or of the whole transaction, must clear the cache."""
    hooks = env.cr.postrollback
    if EXTERNAL_IDS not in hooks.data:
        hooks.add(env.registry.clear_cache)
    hooks.data[EXTERNAL_IDS] = hooks.data.get(EXTERNAL_IDS, 0) + 1


def check_deferred_constraints(cr):
    """Check deferred constraints now, while we know which operation violates them.

    The rollback makes the constraints deferred again, because later operations may need that. The
    commit checks the constraints once more.
    """
    cr.execute("SAVEPOINT deferred; SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK TO SAVEPOINT deferred")
    cr.execute("RELEASE SAVEPOINT deferred")


def _restore_hooks(env, hooks):
    noted = env.cr.postrollback.data.get(EXTERNAL_IDS)
    for callbacks, functions, data in hooks:
        callbacks._funcs, callbacks.data = functions, data
    if noted != env.cr.postrollback.data.get(EXTERNAL_IDS):
        env.registry.clear_cache()


def _ending_error(cr, begun: bool, error) -> TransientError | None:
    """What to raise instead of the error if the transaction cannot go on; None if it can.

    :param begun: the savepoint was made
    """
    is_open = begun and not cr.closed
    if is_open and _has_ended(cr):
        return TransactionEnded()
    if is_cut_off():
        return ServerStops(_lt("the server was stopped"))
    if is_open and not _is_in_transaction(cr):
        return TransactionEnded()
    if saw_conflict() or is_transient(error) or _is_made_beside(error):
        return TransientError()
    return None


def _is_made_beside(error) -> bool:
    """Whether a unique violation comes from another transaction's record, which ours cannot see."""
    ask = getattr(error, "is_made_beside", None)
    return bool(ask and ask())


def _has_ended(cr) -> bool:
    """Whether an operation has ended the transaction, and no statement has begun another. Effects
    that the end has kept must not be made again, also when the server stops."""
    return cr.connection.get_transaction_status() == TRANSACTION_STATUS_IDLE


def _is_in_transaction(cr) -> bool:
    """Whether the transaction is usable, as after a rollback to a savepoint. It is not if the
    savepoint did not exist any more."""
    return cr.connection.get_transaction_status() == TRANSACTION_STATUS_INTRANS


def _repair_registry(registry):
    caches = set(registry.cache_invalidated)
    if registry.registry_invalidated:
        registry.reset_changes()
    if caches:
        # not `reset_changes`: good operations of this transaction may have invalidated the same
        # caches, and other processes must still get that signal
        registry.clear_cache(*caches)


def _copied(data):
    return {key: copy.copy(value) for key, value in data.items()}
