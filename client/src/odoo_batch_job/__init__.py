"""Submit jobs to the addon ``batch_job`` of an Odoo server, watch the jobs, read their results.

This module exports everything public; the other modules are private.
"""

from ._batch_result import BatchExecutionError, BatchResult
from ._client import AsyncClient
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
from ._execute_kw import ExecuteKw
from ._executor import BatchExecutor
from ._models import Correction, JobEvent, JobStatus, OnEnd, OperationError, OperationResult
from ._operations import (
    BatchOperation,
    CallOperation,
    CreateOperation,
    DeleteOperation,
    LoadOperation,
    UpdateOperation,
    UpsertOperation,
)
from ._optimized_executor import OptimizedBatchExecutor
from ._options import Policy
from ._packing import Operation
from ._parallel_executor import ParallelBatchExecutor
from ._retry import Clock, Retry
from ._sync import Client

__all__ = [
    "AccessDeniedError",
    "AsyncClient",
    "AuthenticationError",
    "BatchExecutionError",
    "BatchExecutor",
    "BatchJobError",
    "BatchOperation",
    "BatchResult",
    "CallOperation",
    "Client",
    "Clock",
    "ConflictError",
    "ConnectionFailedError",
    "Correction",
    "CreateOperation",
    "DeleteOperation",
    "ExecuteKw",
    "IdempotencyKeyError",
    "InvalidOperationError",
    "InvalidRequestError",
    "JobEvent",
    "JobStatus",
    "LoadOperation",
    "NotFoundError",
    "OnEnd",
    "Operation",
    "OperationError",
    "OperationResult",
    "OptimizedBatchExecutor",
    "ParallelBatchExecutor",
    "Policy",
    "RateLimitedError",
    "ResponseError",
    "Retry",
    "ServerError",
    "UnexpectedReplyError",
    "UpdateOperation",
    "UpsertOperation",
    "WatchTimeoutError",
]
