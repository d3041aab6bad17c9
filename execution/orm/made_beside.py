"""Notice that another transaction, which has no key locks, has made a record of the same key."""

from contextlib import contextmanager

import psycopg2.pool
from psycopg2 import errors as pg

from odoo.tools import SQL

from ..transaction.unseen_commits import PATIENCE, snapshot_of


@contextmanager
def noticing_others(model, finder, keys: set):
    """Mark the unique violation of a create: whoever handles it asks whether another transaction
    has made a record of these keys. If so, the chunk is done again."""
    try:
        yield
    except pg.UniqueViolation as error:
        if keys:
            error.is_made_beside = lambda: _are_made_beside(model, finder, keys)
        raise


def _are_made_beside(model, finder, keys) -> bool:
    """Whether another transaction has made a record of these keys. Call this after the rollback of
    the failed attempt: records that the attempt had deleted are then back."""
    if finder.find(keys):
        return False
    snapshot = snapshot_of(model.env.cr)
    try:
        with model.env.registry.cursor() as cr:
            # do not wait for ever: our own transaction may have locked the whole table
            cr.execute(SQL("SET LOCAL lock_timeout = %s", PATIENCE))
            return finder.afresh(cr).finds_newer(keys, snapshot)
    except (psycopg2.OperationalError, psycopg2.pool.PoolError):
        return True  # unknown: try again; a lasting trouble then fails as a conflict
