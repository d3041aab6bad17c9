"""Transient errors: no operation is to blame, so the transaction is rolled back and done again."""

from odoo.exceptions import ConcurrencyError, LockError

from ...engine.retry import TRANSIENT_CODES


class TransientError(Exception):
    """The transaction must be rolled back and done again. No operation is to blame."""


class ServerStops(TransientError):
    """The server stops, and the chunk has used up its time to land."""


class TransactionEnded(TransientError):
    """An operation ended the transaction in a way that batch_job could not refuse.

    batch_job cannot know which effects were kept, so it must not do the transaction again.
    """


def is_transient(error: BaseException | None) -> bool:
    """Whether the error, or one of its causes, is a conflict with another transaction."""
    while error is not None:
        if isinstance(error, TransientError | ConcurrencyError | LockError):
            return True
        if getattr(error, "pgcode", None) in TRANSIENT_CODES:
            return True
        error = error.__cause__ or error.__context__
    return False
