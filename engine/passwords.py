"""Passwords in payloads and contexts: found by the name of their key, blanked once what needs them
has ended."""

import re
from typing import Any

BLANKED = {"$blanked": True}
_NAME = re.compile(
    r"(^|[_/])(pass|password|passwd|pwd|passphrase|secret|api_?key|private_key|token|pin_code)$",
    re.IGNORECASE | re.ASCII,
)
# plain searches: ten times as fast as a regular expression on a megabyte
_MENTIONS = ("pass", "pwd", "secret", "api_key", "apikey", "private_key", "token", "pin_code")


def may_hold_passwords(text: str) -> bool:
    """A quick look at JSON text; False is certain."""
    text = text.lower()
    return any(mention in text for mention in _MENTIONS)


def is_secret_name(name: str) -> bool:
    """
    >>> is_secret_name("new_password"), is_secret_name("password_policy")
    (True, False)
    """
    return bool(_NAME.search(name))


def name_secret_arguments(operation: dict, parameters: list[str]) -> dict:
    """A call with its positional arguments given by name, where one of them is a password: only
    what has a name is known for one.

    :param parameters: names of the method's parameters, in order

    >>> call = {"op": "call", "method": "change_password", "args": ["old", "new"]}
    >>> name_secret_arguments(call, ["old_passwd", "new_passwd"])["kwargs"]
    {'old_passwd': 'old', 'new_passwd': 'new'}
    >>> name_secret_arguments({"op": "call", "args": [1]}, ["number"])
    {'op': 'call', 'args': [1]}
    """
    args, kwargs = operation.get("args") or [], operation.get("kwargs") or {}
    named = dict(zip(parameters, args, strict=False))
    # with more arguments than names, or one given twice, the call fails as it would have
    if len(named) < len(args) or named.keys() & kwargs.keys():
        return operation
    if not any(map(is_secret_name, named)):
        return operation
    return {**operation, "args": [], "kwargs": {**named, **kwargs}}


def blank_passwords(payload: Any) -> Any:
    """The payload with the value of every password-like key replaced.

    >>> blank_passwords({"values": {"login": "jo", "password": "s3cret"}})
    {'values': {'login': 'jo', 'password': {'$blanked': True}}}
    >>> blank_passwords({"default_password": "s3cret", "no_reset_password": True})
    {'default_password': {'$blanked': True}, 'no_reset_password': True}
    """
    if isinstance(payload, dict):
        if _is_row(payload):
            payload = {**payload, "row": _blank_row(payload["fields"], payload["row"])}
        return {
            key: BLANKED if _is_secret(key, value) else blank_passwords(value)
            for key, value in payload.items()
        }
    if isinstance(payload, list):
        return [blank_passwords(item) for item in payload]
    return payload


def _is_secret(name: str, value: Any) -> bool:
    """A switch is none, such as `no_reset_password` in a context: blanked, it would keep the
    operation from running again."""
    return bool(value) and value is not True and is_secret_name(name)


def _is_row(payload: dict) -> bool:
    """Whether it is a row to load; arguments of a method may have the same names."""
    columns, row = payload.get("fields"), payload.get("row")
    return isinstance(columns, list) and isinstance(row, list) and len(columns) == len(row)


def _blank_row(columns: list, row: list) -> list:
    pairs = zip(columns, row, strict=True)
    return [BLANKED if _is_secret(str(name), cell) else cell for name, cell in pairs]


def holds_blanked(payload: Any) -> bool:
    """Whether something in it was blanked, so that it cannot run again.

    >>> holds_blanked(blank_passwords({"kwargs": {"token": "t"}}))
    True
    """
    if isinstance(payload, dict):
        return payload == BLANKED or any(map(holds_blanked, payload.values()))
    return isinstance(payload, list) and any(map(holds_blanked, payload))
