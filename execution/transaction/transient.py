"""Errors that are nobody's fault: the transaction is rolled back and done again."""

from odoo.exceptions import ConcurrencyError, LockError

from ...engine.retry import TRANSIENT_CODES


class TransientError(Exception):
    """The whole transaction must be rolled back and done again: nobody's fault."""


class ServerStops(TransientError):
    """The server ends and can wait for this chunk no longer."""


class TransactionEnded(TransientError):
    """An operation ended the transaction in a way that could not be refused.

    Nobody knows what the operation kept, so nothing of the transaction may be done again.
    """


def is_transient(error: BaseException | None) -> bool:
    """Whether a conflict with another transaction is the error or among its causes."""
    while error is not None:
        if isinstance(error, TransientError | ConcurrencyError | LockError):
            return True
        if getattr(error, "pgcode", None) in TRANSIENT_CODES:
            return True
        error = error.__cause__ or error.__context__
    return False
