"""What becomes of a submission that could not be sent whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._errors import BatchJobError, ConnectionFailedError, IdempotencyKeyError, ResponseError
from .._sync import Client
from ._settings import APP, InputError


def what_becomes_of(
    client: Client, job_id: int, options: Mapping[str, Any], error: BaseException
) -> str | None:
    """Return what to tell; None: all was sent. A draft that was given up is cancelled."""
    cancel = f"{APP} cancel {job_id}"
    draft = f"Not all was sent; job {job_id} stays a draft"
    key = options["idempotency_key"]
    if isinstance(error, ConnectionFailedError):
        again = f" Submit again with --idempotency-key {key} to go on." if key else ""
        return f"See what has become of job {job_id}: {APP} status {job_id}.{again}"
    try:
        state = client.status(job_id).state
        if state == "draft" and not key and isinstance(error, (InputError, KeyboardInterrupt)):
            state = client.cancel(job_id).state
    except BatchJobError:
        state = "draft"
    if state not in ("draft", "cancelled"):
        return None
    if state == "cancelled":
        return f"Not all was sent; job {job_id} is cancelled."
    if key and _may_go_on(error):
        return f"{draft}. Submit again with --idempotency-key {key} to go on, or: {cancel}"
    return f"{draft} that nobody can go on with: {cancel}"


def _may_go_on(error: BaseException) -> bool:
    """Whether what was sent so far is the beginning of what is to be submitted."""
    if isinstance(error, ResponseError):
        return error.index is not None or error.status >= 500
    return not isinstance(error, IdempotencyKeyError)
