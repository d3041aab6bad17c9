"""Helpers of the tests of the client."""

import asyncio

ADMIN = ("admin", "admin")  # login and password that Odoo gives a new database


def run(coroutine):
    """Run asynchronous code of a test; it must not take for ever."""
    return asyncio.run(asyncio.wait_for(coroutine, 120))
