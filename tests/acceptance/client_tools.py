"""Helpers of the tests of the client."""

import asyncio


def run(coroutine):
    """Run asynchronous code of a test; it must not take for ever."""
    return asyncio.run(asyncio.wait_for(coroutine, 120))
