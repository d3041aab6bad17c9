"""Refuse to let an operation end its transaction: its outcome must be committed with it."""

from contextlib import contextmanager

from psycopg2.sql import Composable

from odoo.tools import SQL

from ...engine.ending_statements import ending_statement
from ...engine.errors import ForbiddenEffect
from ...engine.messages import _lt
from ..worker.server_stop import is_cut_off, operations_at_work
from .quiet_log import quiet_queries
from .transient import ServerStops


@contextmanager
def operation_guard(job_env):
    """Guard the block that applies operations.

    In the block an operation cannot commit. Deferred computations use the owner's environment. The
    log gets no payload.
    """
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
            commit=_refuse(_lt("commit() of the connection")),
            rollback=_refuse(_lt("rollback() of the connection")),
        ),
        quiet_queries(),
        operations_at_work(),
    ):
        transaction.default_env = job_env
        try:
            yield
        finally:
            transaction.default_env = default_env


@contextmanager
def _shadowed(thing, **replacements):
    """Replace methods of an object for the time of the block. The object may already have
    replacements; they come back afterwards."""
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


def _refuse(call):
    def refuse():
        raise _refusal(call)

    return refuse


def _refusal(call: str) -> ForbiddenEffect:
    return ForbiddenEffect(
        _lt(
            "It called %(call)s: an operation of a batch job may not end the transaction. Its "
            "outcome is committed with it.",
            call=call,
        )
    )


def _refusing_ends(execute, connection):
    """A `cr.execute` that refuses statements which end the transaction."""

    def execute_within(query, *args, **kwargs):
        if is_cut_off():
            raise ServerStops(_lt("the server was stopped"))
        if ends := ending_statement(_text_of(query)):
            raise _refusal(ends)
        return execute(query, *args, **kwargs)

    def _text_of(query) -> str:
        if isinstance(query, SQL):
            return query.code
        if isinstance(query, Composable):
            return query.as_string(connection)
        return query.decode(errors="replace") if isinstance(query, bytes) else str(query)

    return execute_within
