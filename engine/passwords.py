"""Passwords in payloads and contexts: find them by their names, and blank them.

batch_job blanks the passwords of an operation when the operation has ended.
"""

import re
from typing import Any

BLANKED_KEY = "$blanked"
BLANKED = {BLANKED_KEY: True}
_NAME = re.compile(
    r"(^|[_/])(pass|password|passwd|pwd|passphrase|secret|api_?key|private_key|token|pin_code)$",
    re.IGNORECASE | re.ASCII,
)
# plain searches: ten times as fast as a regular expression on a megabyte
_MENTIONS = ("pass", "pwd", "secret", "api_key", "apikey", "private_key", "token", "pin_code")
MENTION = "|".join(_MENTIONS)  # the same look as a regular expression of PostgreSQL


def may_hold_passwords(text: str) -> bool:
    """A quick look at JSON text. False is certain; True only means that a closer look is due."""
    text = text.lower()
    return any(mention in text for mention in _MENTIONS)


def is_secret_name(name: str) -> bool:
    """Whether a field, key or parameter of this name holds a password.

    >>> is_secret_name("new_password"), is_secret_name("password_policy")
    (True, False)
    """
    return bool(_NAME.search(name))


def name_secret_arguments(operation: dict, parameters: list[str]) -> dict:
    """Give the positional arguments of a call by name, if one of them is a password.

    `blank_passwords` finds a password only by its name.

    :param parameters: names of the method's parameters, in order

    >>> call = {"op": "call", "method": "change_password", "args": ["old", "new"]}
    >>> name_secret_arguments(call, ["old_passwd", "new_passwd"])["kwargs"]
    {'old_passwd': 'old', 'new_passwd': 'new'}
    >>> name_secret_arguments({"op": "call", "args": [1]}, ["number"])
    {'op': 'call', 'args': [1]}
    """
    args, kwargs = operation.get("args") or [], operation.get("kwargs") or {}
    named = dict(zip(parameters, args, strict=False))
    # too many arguments, or an argument given twice: the call fails anyway, so it stays as it is
    if len(named) < len(args) or named.keys() & kwargs.keys():
        return operation
    if not any(map(is_secret_name, named)):
        return operation
    return {**operation, "args": [], "kwargs": {**named, **kwargs}}


def blank_passwords(payload: Any) -> Any:
    """The payload with each password replaced by `BLANKED`.

    >>> blank_passwords({"values": {"login": "jo", "password": "s3cret"}})
    {'values': {'login': 'jo', 'password': {'$blanked': True}}}
    >>> blank_passwords({"default_password": "s3cret", "no_reset_password": True})
    {'default_password': {'$blanked': True}, 'no_reset_password': True}
    """
    if isinstance(payload, dict):
        if _is_row(payload):
            payload = {**payload, "row": _blank_row(payload["fields"], payload["row"])}
        elif _is_table(payload.get("fields"), payload.get("data")):
            payload = {**payload, "data": _blank_rows(payload["fields"], payload["data"])}
        return {
            key: BLANKED if _is_secret(key, value) else blank_passwords(value)
            for key, value in payload.items()
        }
    if isinstance(payload, list):
        if len(payload) == 2 and _is_table(*payload):  # the arguments of Odoo's `load()`
            payload = [payload[0], _blank_rows(*payload)]
        return [blank_passwords(item) for item in payload]
    return payload


def _is_secret(name: str, value: Any) -> bool:
    """Whether a value is a password. True is a switch, such as `no_reset_password` in a context: a
    blanked switch would only keep the operation from running again."""
    return bool(value) and value is not True and is_secret_name(name)


def _is_row(payload: dict) -> bool:
    """Whether the payload is a row to load, and not arguments of a method with the same names."""
    columns, row = payload.get("fields"), payload.get("row")
    return isinstance(columns, list) and isinstance(row, list) and len(columns) == len(row)


def _is_table(columns: Any, rows: Any) -> bool:
    """Whether these are the columns and the rows of Odoo's `load()`."""
    if not (isinstance(columns, list) and columns and isinstance(rows, list)):
        return False
    names = all(isinstance(name, str) for name in columns)
    return names and all(isinstance(row, list) and len(row) == len(columns) for row in rows)


def _blank_rows(columns: list, rows: list) -> list:
    return [_blank_row(columns, row) for row in rows]


def _blank_row(columns: list, row: list) -> list:
    pairs = zip(columns, row, strict=True)
    return [BLANKED if _is_secret(str(name), cell) else cell for name, cell in pairs]


def holds_blanked(payload: Any) -> bool:
    """Whether a password in the payload was blanked, so that the operation cannot run again.

    >>> holds_blanked(blank_passwords({"kwargs": {"token": "t"}}))
    True
    """
    if isinstance(payload, dict):
        return payload == BLANKED or any(map(holds_blanked, payload.values()))
    return isinstance(payload, list) and any(map(holds_blanked, payload))


def holds_secret(payload: Any) -> bool:
    """Whether there is a password in the payload, or was one before it was blanked.

    >>> holds_secret({"values": {"password": "s3cret"}}), holds_secret({"values": {"name": "Jo"}})
    (True, False)
    """
    return holds_blanked(payload) or blank_passwords(payload) != payload
