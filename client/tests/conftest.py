"""Fixtures: asynchronous tests run in one event loop each, on asyncio."""

from __future__ import annotations

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """Run tests marked ``anyio`` on asyncio; httpx brings the plugin."""
    return "asyncio"
