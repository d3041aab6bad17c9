"""Submit jobs to the addon ``batch_job`` of an Odoo server, watch them, read their outcomes.

Everything public is here; the other modules are private.
"""

from ._client import AsyncClient, Policy
from ._errors import (
    AccessDeniedError,
    AuthenticationError,
    BatchJobError,
    ConflictError,
    ConnectionFailedError,
    IdempotencyKeyError,
    InvalidOperationError,
    InvalidRequestError,
    NotFoundError,
    RateLimitedError,
    ResponseError,
    ServerError,
    UnexpectedReplyError,
    WatchTimeoutError,
)
from ._json2 import Clock
from ._models import JobStatus, OperationError, OperationResult
from ._parts import Operation
from ._retry import Retry
from ._sync import Client

__all__ = [
    "AccessDeniedError",
    "AsyncClient",
    "AuthenticationError",
    "BatchJobError",
    "Client",
    "Clock",
    "ConflictError",
    "ConnectionFailedError",
    "IdempotencyKeyError",
    "InvalidOperationError",
    "InvalidRequestError",
    "JobStatus",
    "NotFoundError",
    "Operation",
    "OperationError",
    "OperationResult",
    "Policy",
    "RateLimitedError",
    "ResponseError",
    "Retry",
    "ServerError",
    "UnexpectedReplyError",
    "WatchTimeoutError",
]
