"""Which operations of a job a schedule may do again and again."""

from .messages import _lt

_REASONS = {
    "create": _lt("each run would make its record once more; send an upsert, or a load with a key"),
    "load": _lt("a row without a key makes its record once more at each run; load it with a key"),
    "unlink": _lt(
        "its record is gone after the first run; schedule a deletion from a list instead, where "
        "each run looks for the records anew"
    ),
    "call": _lt(
        "nobody knows whether its method may be called again; schedule the button or the action "
        "from a list instead"
    ),
}


def why_not_repeated(op: str, has_key: bool) -> str | None:
    """Why an operation may not be repeated, and what to do; None if it may be repeated.

    >>> why_not_repeated("write", False), why_not_repeated("load", True)
    (None, None)
    """
    if op in ("write", "upsert") or op == "load" and has_key:
        return None
    return _REASONS[op]
