"""What a person meant who mistyped a name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return the question, in brackets, or nothing if no name is near.

    >>> did_you_mean("Nmae", ["name", "ref"])
    ' (did you mean “name”?)'
    """
    near = nearest(name, names)
    return f" (did you mean “{near}”?)" if near else ""


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the name that is most like a mistyped one; capitals do not matter."""
    by_small = {known.lower(): known for known in names}
    found = difflib.get_close_matches(name.lower().replace(" ", "_"), by_small, n=1)
    return by_small[found[0]] if found else None
