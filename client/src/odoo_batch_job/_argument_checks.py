"""Arguments of clients and their methods, checked before anything is sent."""

from __future__ import annotations

from datetime import datetime, timezone

from ._packing import check_operations


def check_submission(
    operations: object, idempotency_key: str | None, eta: datetime | None = None
) -> None:
    """Refuse a submission that cannot be sent.

    :raises TypeError: ``operations`` is no list or iterator, or ``eta`` is no datetime
    :raises ValueError: the key is empty
    """
    check_operations(operations)
    if idempotency_key == "":
        raise ValueError("idempotency_key is empty: give a name, or None")
    if eta is not None and not isinstance(eta, datetime):
        raise TypeError(f"eta is a datetime, not {eta!r}")


def utc(moment: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC."""
    if moment is None:
        return None
    return moment.astimezone(timezone.utc).isoformat()
