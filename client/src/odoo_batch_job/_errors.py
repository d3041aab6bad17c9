"""The exceptions of this package, as a tree.

BatchJobError
├── ConnectionFailedError     no answer after every retry; Odoo may have carried out the request
├── UnexpectedReplyError      something else than Odoo's API answered
├── InvalidOperationError     an operation that JSON cannot carry; nothing of its part was sent
├── WatchTimeoutError         the time to watch was over, and the job was not at rest
├── BatchExecutionError       an executor's operations did not all succeed (`_batch_result.py`)
└── ResponseError             Odoo refused or failed; carries Odoo's words and the operation's index
    ├── InvalidRequestError   400, 413, 422 and other 4xx: the request itself is wrong
    │   └── IdempotencyKeyError   the key names a job of other operations or options
    ├── AuthenticationError   401: no API key, or a key that Odoo does not know
    ├── AccessDeniedError     403: the user may not do this
    ├── NotFoundError         404: no such job (or not yours), model, method …
    ├── ConflictError         409: the state of the job or a lock does not allow the request
    ├── RateLimitedError      429: too many requests or no room, also after every retry
    └── ServerError           5xx: Odoo or a proxy failed, also after every retry
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_INDEX = re.compile(r"\boperation #?(\d+)\b", re.IGNORECASE)


class BatchJobError(Exception):
    """Base of all errors of this package."""


class ConnectionFailedError(BatchJobError):
    """No answer arrived, and the time for retries is over.

    Odoo may have carried out the request all the same. Repeat a submission with the same
    ``idempotency_key``: Odoo then returns the job that Odoo already has.
    """


class UnexpectedReplyError(BatchJobError):
    """Something else than Odoo's API answered: the page of a proxy, a redirect, another site."""


class InvalidOperationError(BatchJobError, ValueError):
    """JSON cannot carry an operation. The client has sent no operation of the same part.

    :ivar index: place of the operation in the submission, from 0
    """

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(f"operation {index}: {reason}")
        self.index = index


class WatchTimeoutError(BatchJobError, TimeoutError):
    """The job was not at rest in the time given. The job goes on; watch the job again by its id.

    :ivar job_id: the job
    """

    def __init__(self, job_id: int, seconds: float) -> None:
        super().__init__(f"job {job_id} is still going after {seconds:g} s; it continues in Odoo")
        self.job_id = job_id


class ResponseError(BatchJobError):
    """Odoo answered with an error status.

    :ivar status: HTTP status code
    :ivar name: Odoo's class of error, such as ``odoo.exceptions.UserError``, or ``""``
    :ivar message: Odoo's own words
    :ivar index: index of the operation at fault if Odoo names an operation, else None
    :ivar debug: the server's traceback, or ``""``; never part of ``str(error)``
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        name: str = "",
        index: int | None = None,
        debug: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.name = name
        self.message = message
        self.index = index
        self.debug = debug


class InvalidRequestError(ResponseError):
    """The request is wrong. Odoo would refuse the same request again."""


class IdempotencyKeyError(InvalidRequestError):
    """The idempotency key names an earlier job of other operations or options.

    Submit exactly the operations and options of that job, or use another key.

    :ivar job_id: the earlier job
    """

    def __init__(self, message: str, job_id: int, *, name: str = "", debug: str = "") -> None:
        super().__init__(422, message, name=name, debug=debug)
        self.job_id = job_id


class AuthenticationError(ResponseError):
    """The API key is missing, unknown or expired: make a key in Odoo, Preferences, Security."""


class AccessDeniedError(ResponseError):
    """The user of the API key may not do this; ``index`` names the first such operation."""


class NotFoundError(ResponseError):
    """No such job that the user may see, model, method or database; or no addon ``batch_job``."""


class ConflictError(ResponseError):
    """The state of the job does not allow the request, or another transaction holds a lock."""


class RateLimitedError(ResponseError):
    """Too many requests, or no room for one more job, also after every retry."""


class ServerError(ResponseError):
    """Odoo, or a proxy before Odoo, failed; where a retry was safe, the retries failed too."""


_BY_STATUS: dict[int, type[ResponseError]] = {
    401: AuthenticationError,
    403: AccessDeniedError,
    404: NotFoundError,
    409: ConflictError,
    429: RateLimitedError,
}


def error_class(status: int) -> type[ResponseError]:
    """Return the exception class for an HTTP status of 400 or above."""
    if status >= 500:
        return ServerError
    return _BY_STATUS.get(status, InvalidRequestError)


_STATUS_BY_NAME = {
    "AccessDenied": 401,
    "SessionExpiredException": 401,
    "AccessError": 403,
    "MissingError": 404,
    "NotFound": 404,
    "LockError": 409,
    "TooBusy": 429,
    "TooManyRequests": 429,
    "UserError": 422,
    "RedirectWarning": 422,
    "ValidationError": 422,
}

# JSON-2 answers 404 for these; JSON-RPC has only the words
_NOT_FOUND = re.compile(r"The method '\S+' does not exist|Object \S+ doesn't exist")


def server_error(error: Mapping[str, object]) -> ResponseError:
    """Return the exception for an error object of Odoo's JSON-RPC.

    JSON-RPC has no status. So the name of Odoo's exception decides: ``AccessError`` is a 403.
    """
    data = error.get("data")
    data = data if isinstance(data, Mapping) else {}
    name = str(data.get("name") or "")
    message = str(data.get("message") or error.get("message") or name)
    status = _STATUS_BY_NAME.get(name.rpartition(".")[2], 500)
    if _NOT_FOUND.fullmatch(message):
        status = 404
    if status == 500 and name:
        message = f"{name}: {message}"
    debug = str(data.get("debug") or "")
    if job_id := job_of_key(data.get("context")):
        return IdempotencyKeyError(message, job_id, name=name, debug=debug)
    return error_class(status)(
        status,
        message,
        name=name,
        index=operation_index(data.get("context"), message),
        debug=debug,
    )


def job_of_key(context: object) -> int | None:
    """Return the job that an idempotency key belongs to if the error says so, else None."""
    job_id = context.get("job_of_key") if isinstance(context, Mapping) else None
    return job_id if isinstance(job_id, int) else None


def lacks_room(context: object) -> bool:
    """Return whether an error says that Odoo has no room for one more job at the moment."""
    return isinstance(context, Mapping) and context.get("no_room") is True


def operation_index(context: object, message: str) -> int | None:
    """Return the index of the operation at fault, from the error's context or else its message."""
    if isinstance(context, Mapping) and isinstance(context.get("index"), int):
        return int(context["index"])
    found = _INDEX.search(message)
    return int(found.group(1)) if found else None
