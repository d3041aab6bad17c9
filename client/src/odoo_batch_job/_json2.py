"""Odoo's JSON-2 API: ``POST {url}/json/2/{model}/{method}`` with a bearer API key."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from ._http import Http, encode, json_of, not_odoo, response_error

_OF_MODEL = {  # methods without ids, and the names of their arguments in order
    "create": ("vals_list",),
    "default_get": ("fields",),
    "fields_get": ("allfields", "attributes"),
    "name_create": ("name",),
    "name_search": ("name", "domain", "operator", "limit"),
    "search": ("domain", "offset", "limit", "order"),
    "search_count": ("domain", "limit"),
    "search_read": ("domain", "fields", "offset", "limit", "order"),
}
_OF_RECORDS = {"copy": ("default",), "read": ("fields", "load"), "write": ("vals",)}


_KEY = re.compile("[!-~]+")
_DATABASE = re.compile("[!-~]([ -~]*[!-~])?")  # what an HTTP header can carry


class Json2:
    """One server, one database, one API key.

    :raises TypeError: the key or the database's name is no text
    :raises ValueError: the key is empty, or one of them has a character that no header can carry
    """

    def __init__(self, http: Http, *, database: str | None, api_key: str) -> None:
        _check_key(api_key)
        _check_database(database)
        self._http = http
        self._headers = {"Authorization": f"bearer {api_key}"}
        if database:
            self._headers["X-Odoo-Database"] = database

    async def call(
        self,
        model: str,
        method: str,
        arguments: Mapping[str, Any],
        *,
        operations: bytes | None = None,
        repeatable: bool,
    ) -> Any:
        """Call a public method and return what the method returns, as JSON types.

        :param operations: a further argument of that name, JSON already
        """
        what = f"{model}/{method}"
        body = with_operations(arguments, operations)
        return _value(
            what,
            await self._http.post(
                what, f"json/2/{what}", body, self._headers, repeatable=repeatable
            ),
        )


def with_operations(arguments: Mapping[str, Any], operations: bytes | None) -> bytes:
    """Return a JSON object of named arguments and ``operations``, which are JSON already."""
    body = encode(dict(arguments))
    if operations is None:
        return body
    return body[:-1] + (b"," if arguments else b"") + b'"operations":' + operations + b"}"


def named_arguments(method: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments by name, as JSON-2 takes them.

    :raises TypeError: the name of an argument by position is not known
    """
    names = _OF_MODEL.get(method) or ("ids", *_OF_RECORDS.get(method, ()))
    if len(args) > len(names):
        raise TypeError(f"{method}: give the arguments after {', '.join(names)} by name")
    named = dict(zip(names, args, strict=False))
    if isinstance(named.get("ids"), int):
        named["ids"] = [named["ids"]]
    return {**named, **kwargs}


def _check_key(api_key: object) -> None:
    if not isinstance(api_key, str):
        raise TypeError(f"the API key is a text, not {type(api_key).__name__}")
    if not _KEY.fullmatch(api_key):
        raise ValueError("the API key is empty, or has a character that no key has")


def _check_database(database: object) -> None:
    if database is not None and not isinstance(database, str):
        raise TypeError(f"database is a text, not {database!r:.80}")
    if database and not _DATABASE.fullmatch(database):
        raise ValueError(
            f"an HTTP header cannot carry the database's name {database!r}: log in with a "
            "password, or rename the database"
        )


def _value(what: str, response: httpx.Response) -> Any:
    """Return the JSON of a success; raise the exception for an error status."""
    if response.is_error:
        raise response_error(what, response)
    data = json_of(response)
    if not response.is_success or (data is None and response.text.strip() != "null"):
        raise not_odoo(what, response)
    return data
