"""Operations packed into request bodies: JSON arrays below a size."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from typing import Any

from ._errors import InvalidOperationError
from ._http import encode
from ._operations import BatchOperation

Operation = Mapping[str, Any] | BatchOperation

PART_BYTES = 1_000_000  # bytes; nginx refuses bodies over 1 MiB unless told otherwise
AT_ONCE = 100  # operations packed without a pause for other tasks


async def pack(
    operations: Iterable[Operation] | AsyncIterable[Operation], limit: int
) -> AsyncIterator[bytes]:
    """Yield JSON arrays of operations, each below ``limit`` bytes.

    An operation above ``limit`` gets an array of its own. The same operations and limit give the
    same arrays: only then can a submission be repeated. One array is in memory at a time. While an
    array is made, other tasks go on, such as the request with the array before.

    :raises InvalidOperationError: something is no operation, or JSON cannot carry the operation
    """
    part: list[bytes] = []
    size = index = 0
    async for operation in _stream(operations):
        text = _text(index, operation)
        if part and size + len(text) >= limit:
            yield _array(part)
            part, size = [], 0
        part.append(text)
        size += len(text) + 1
        index += 1
        if index % AT_ONCE == 0:
            await asyncio.sleep(0)
    if part:
        yield _array(part)


def check_operations(operations: object) -> None:
    """Refuse what is no collection of operations, such as a single operation.

    :raises TypeError: no list and no iterator
    """
    if isinstance(operations, (Mapping, str, bytes)) or not isinstance(
        operations, (Iterable, AsyncIterable)
    ):
        raise TypeError(f"expected a list or iterator of operations, got {operations!r:.80}")


async def _stream(
    operations: Iterable[Operation] | AsyncIterable[Operation],
) -> AsyncIterator[Operation]:
    if isinstance(operations, AsyncIterable):
        async for operation in operations:
            yield operation
    else:
        for operation in operations:
            yield operation


def _text(index: int, operation: Operation) -> bytes:
    if isinstance(operation, BatchOperation):
        operation = operation.to_dict()
    if not isinstance(operation, Mapping):
        raise InvalidOperationError(
            index, f"expected a dict or a BatchOperation, got {type(operation).__name__}"
        )
    try:
        return encode(operation if type(operation) is dict else dict(operation))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidOperationError(index, f"cannot be written as JSON: {error}") from error


def _array(texts: list[bytes]) -> bytes:
    return b"[" + b",".join(texts) + b"]"
