"""Kinds of values that options take."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import click


def moment(value: str) -> datetime:
    """Read a time in ISO 8601; without a zone it is a time of the user's clock."""
    try:
        # Python 3.10 does not know the final Z
        return datetime.fromisoformat(value.replace("Z", "+00:00")).astimezone()
    except (ValueError, OverflowError):
        text = f"{value!r} is not a time; say it like 2030-01-31T18:00."
        raise click.BadParameter(text) from None


def json_object(value: str) -> dict[str, Any]:
    """Read an object in JSON."""
    try:
        found = json.loads(value)
    except ValueError as error:
        raise click.BadParameter(f"not JSON: {error}.") from None
    if not isinstance(found, dict):
        raise click.BadParameter('not an object; say it like {"model": "res.partner", …}.')
    return found
