"""Values as the web client sees them: in the expressions of views, and what a button returns."""

from functools import total_ordering
from typing import Any

# client actions that open nothing: the web client says something, or reads its page again
_OPENS_NOTHING = {"display_notification", "reload", "soft_reload"}


@total_ordering
class Empty:
    """An empty date or text, in an expression: false, and less than any value.

    Python refuses `False < "2030-01-01"`. The web client does not, and views are written for it.

    >>> Empty() < "2030-01-01", Empty() == False, Empty() in (False, "draft")
    (True, True, True)
    """

    def __hash__(self):
        return hash(False)

    def __bool__(self):
        return False

    def __eq__(self, other):
        return other is None or other is False or isinstance(other, Empty)

    def __lt__(self, other):
        return self != other


def opens_something(value: Any) -> bool:
    """Whether the web client opens something for what a method has returned: a form, a file.

    >>> opens_something({"type": "ir.actions.act_window", "res_model": "res.partner"})
    True
    >>> opens_something({"type": "ir.actions.act_window_close"}), opens_something(True)
    (False, False)
    """
    if not isinstance(value, dict) or not value.get("type"):
        return False
    if value["type"] == "ir.actions.act_window_close":
        return False
    if value["type"] == "ir.actions.client" and value.get("tag") in _OPENS_NOTHING:
        params = value.get("params")
        return isinstance(params, dict) and opens_something(params.get("next"))
    return True


def what_opens(action: dict) -> str:
    """The name of what an action opens, for a sentence."""
    name = next((action[key] for key in ("name", "res_model", "tag") if action.get(key)), None)
    return str(name or action["type"])
