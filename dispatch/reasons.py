"""Why a transaction failed, in words that are stored with its chunk."""

from ..engine.messages import message_of
from ..execution.orm.key_locks import KeysTaken


def reason_of(error) -> str:
    while error is not None:
        if isinstance(error, KeysTaken):
            return message_of(error)
        code = getattr(error, "pgcode", None)
        if code:
            return str(getattr(error.diag, "message_primary", None) or error).strip()
        last, error = error, error.__cause__ or error.__context__
    return message_of(last) or type(last).__name__
