"""The table of odd values: field type by value, what Odoo makes of them, and what we do.

Odoo's end is that of a plain `create` and `write`, by a user without rights of the superuser. Ours
is the same in all verbs.
"""

from datetime import date, datetime
from typing import Any, NamedTuple

TYPE = "test.batch.type"
RAISES = "an error"  # Odoo's end
BAD = "bad_value"  # ours


class Case(NamedTuple):
    """`created` and `written`: what the field holds afterwards in Odoo, or RAISES; `ours`: what it
    holds after an operation, or BAD."""

    field: str
    value: Any
    created: Any
    written: Any
    ours: Any


class Ids(NamedTuple):
    """Records that the values name; the countries' ids follow each other."""

    country: int
    old_country: int
    red: int
    blue: int


def old_values(ids: Ids) -> dict:
    """What a record holds before it is written to."""
    return {
        "name": "old",
        "note": "old",
        "page": "<p>old</p>",
        "number": 7,
        "ratio": 7.5,
        "rounded": 7.5,
        "price": 7.5,
        "flag": True,
        "day": "2020-02-02",
        "moment": "2020-02-02 02:02:02",
        "kind": "b",
        "open_kind": "b",
        "data": {"old": 1},
        "blob": "b2xk",
        "file": "b2xk",
        "thing": f"res.country,{ids.old_country}",
        "res_id": 7,
        "country_id": ids.old_country,
        "local_country_id": ids.old_country,
        "tag_ids": [(6, 0, [ids.blue])],
    }


def cases(ids: Ids) -> list[Case]:
    return [
        *_many2one(ids),
        *_numbers(),
        *_booleans(),
        *_times(),
        *_texts(),
        *_selections(),
        *_others(ids),
        *_many2many(ids),
        *_lines(ids),
    ]


def _many2one(ids):
    one = ids.country
    for value, created, written in (
        ("BE", RAISES, False),
        ("Belgium", RAISES, False),
        ("base.be", RAISES, False),
        (str(one), one, False),
        ("", False, False),
        (0, False, False),
        (-1, RAISES, RAISES),
        (True, RAISES, False),
        (float(one), one, False),
        (one + 0.5, one + 1, False),
        ([one], RAISES, False),
        ([], False, False),
        ({"id": one}, RAISES, False),
        ({"a": 1}, RAISES, RAISES),
        ({}, False, False),
    ):
        yield Case("country_id", value, created, written, BAD)
    yield Case("country_id", one, one, one, one)
    yield Case("country_id", False, False, False, False)
    yield Case("country_id", None, False, False, False)
    # company-dependent: no foreign key
    for value, created, written in (
        ("BE", RAISES, False),
        (str(one), one, False),
        (-1, False, False),
        (True, RAISES, False),
        (float(one), RAISES, False),
        ([one], one, False),
    ):
        yield Case("local_country_id", value, created, written, BAD)
    yield Case("local_country_id", one, one, one, one)


def _numbers():
    for name in ("number", "res_id"):
        for value, end in (("12", 12), (" 12 ", 12), (3.0, 3), (-3, -3)):
            yield Case(name, value, end, end, end)
        for value, end in (
            (3.7, 3),
            (True, 1),
            ("", 0),
            ("1_000", 1000),
            ("3.7", RAISES),
            ("abc", RAISES),
            (2**31, RAISES),
            ([1], RAISES),
        ):
            yield Case(name, value, end, end, BAD)
        yield Case(name, {"id": 5}, RAISES, 5, BAD)
        yield Case(name, {"a": 1}, RAISES, 0, BAD)
        yield Case(name, None, 0, 0, 0)
    for name in ("ratio", "rounded", "price"):
        for value, end in ((3, 3.0), ("12", 12.0), ("3.5", 3.5), ("1e3", 1000.0)):
            yield Case(name, value, end, end, end)
        for value, end in (
            (True, 1.0),
            ("", 0.0),
            ("1_000", 1000.0),
            ("1,5", RAISES),
            ("abc", RAISES),
            ([1], RAISES),
            ({"a": 1}, RAISES),
        ):
            yield Case(name, value, end, end, BAD)
    # the field's own digits are no business of ours
    yield Case("rounded", 1.239, 1.24, 1.24, 1.24)
    yield Case("price", 1.239, 1.24, 1.24, 1.24)
    for value in ("inf", "1e999"):
        yield Case("ratio", value, float("inf"), float("inf"), BAD)
        yield Case("rounded", value, RAISES, RAISES, BAD)


def _booleans():
    for value, end in ((0, False), (1, True), (1.0, True), (None, False)):
        yield Case("flag", value, end, end, end)
    for value, end in (
        ("false", True),
        ("true", True),
        ("0", True),
        ("", False),
        (2, True),
        (0.5, True),
        ([], False),
        ([0], True),
        ({}, False),
    ):
        yield Case("flag", value, end, end, BAD)


def _times():
    day = date(2026, 1, 31)
    for value in ("2026-01-31", "2026-1-31", "2026-01-31 "):
        yield Case("day", value, day, day, day)
    yield Case("day", "", False, False, False)
    for value, end in (
        ("2026-01-31 10:00:00", day),
        ("2026-01-31 00:00:00", day),
        ("2026-01-31T10:00:00Z", day),
        ("2026-01-31foo", day),
        ("20260131", RAISES),
        ("31/01/2026", RAISES),
        ("2026-02-30", RAISES),
        (20260131, RAISES),
        (True, RAISES),
        (0, False),
        ([], False),
        ([2026, 1, 31], RAISES),
    ):
        yield Case("day", value, end, end, BAD)
    for value, end in (
        ("2026-01-31 10:20:30", datetime(2026, 1, 31, 10, 20, 30)),
        ("2026-01-31 10:20", datetime(2026, 1, 31, 10, 20)),
        ("2026-01-31", datetime(2026, 1, 31)),
        ("", False),
    ):
        yield Case("moment", value, end, end, end)
    for value, end in (
        ("2026-01", datetime(2026, 1, 1)),
        ("2026-01-31T10:20:30", RAISES),
        ("2026-01-31 10:20:30.5", RAISES),
        ("2026-01-31 10:20:30+02:00", RAISES),
        (1767225600, RAISES),
        (True, RAISES),
        (0, False),
        ({}, False),
    ):
        yield Case("moment", value, end, end, BAD)


def _texts():
    for name in ("name", "note"):
        for value, end in ((5, "5"), (1.5, "1.5"), (" a ", " a "), ("", "")):
            yield Case(name, value, end, end, end)
        for value, end in ((True, "True"), (["a"], "['a']"), ({"a": 1}, "{'a': 1}"), ([], "[]")):
            yield Case(name, value, end, end, BAD)
    # sanitising is no business of ours
    yield Case("page", '<p onclick="x()">a</p>', "<p>a</p>", "<p>a</p>", "<p>a</p>")
    for value in (5, True, ["a"], {"a": 1}):
        text = "<p>Unknown error when sanitizing</p>"
        yield Case("page", value, text, text, BAD)


def _selections():
    for name in ("kind", "open_kind"):
        yield Case(name, "1", "1", "1", "1")
        yield Case(name, "", False, False, False)
        yield Case(name, 0, False, False, BAD)
    for value in (1, 1.0, True, "z", ["1"], {"a": 1}):
        yield Case("kind", value, RAISES, RAISES, BAD)
    # Odoo does not know the values of a selection that is a function
    yield Case("open_kind", "z", "z", "z", "z")
    for value, end in ((1, "1"), (True, "True"), (["1"], "['1']"), ({"a": 1}, "{'a': 1}")):
        yield Case("open_kind", value, end, end, BAD)


def _others(ids):
    one = ids.country
    yield Case("thing", f"res.country,{one}", one, one, one)
    for value, created, written in (
        ("foo", RAISES, RAISES),
        ("", RAISES, RAISES),
        (5, RAISES, RAISES),
        (["res.country", one], RAISES, RAISES),
        ("res.country,x", RAISES, RAISES),
        ("res.country,0", False, False),
    ):
        yield Case("thing", value, created, written, BAD)
    for name in ("blob", "file"):
        yield Case(name, "aGk=", b"aGk=", b"aGk=", b"aGk=")
    yield Case("blob", 5, RAISES, b"\x00\x00\x00\x05", BAD)
    yield Case("blob", [], False, b"{}", BAD)
    for value in (5, True, ["a"], {"a": 1}):
        yield Case("file", value, RAISES, RAISES, BAD)
    for value in ("x", 5, True, [1], {"a": 1}):
        yield Case("data", value, value, value, value)


def _many2many(ids):
    red, blue = ids.red, ids.blue
    for value, created, written in (
        ([red], ["Red"], ["Red"]),
        ([], [], ["Blue"]),
        (False, [], []),
        ([[4, red]], ["Red"], ["Blue", "Red"]),
        ([[4, red, 0], [3, blue]], ["Red"], ["Red"]),
        ([[6, False, [red]]], ["Red"], ["Red"]),
        ([[5]], [], []),
    ):
        yield Case("tag_ids", value, created, written, (created, written))
    for value in ("Red", red, str(red), "", 0, True, {}, [True], [0], [{"name": "new"}]):
        yield Case("tag_ids", value, RAISES, RAISES, BAD)
    for value in ([red, [4, blue]], [[4, True]], [[6, 0, red]], [[0, 0]], [[4]], [[6, 0, [[red]]]]):
        yield Case("tag_ids", value, RAISES, RAISES, BAD)
    for value in ([str(red)], [float(red)], [[6, 0, [str(red)]]]):
        yield Case("tag_ids", value, ["Red"], ["Red"], BAD)
    for value in ([[4, str(red)]], [[4, red + 0.4]], [[4.0, red]]):
        yield Case("tag_ids", value, ["Red"], ["Blue", "Red"], BAD)
    for value in ([[7, red]], [[]], [["4", red]], [[3, str(blue)]]):
        yield Case("tag_ids", value, [], ["Blue"], BAD)
    yield Case("tag_ids", [[4, red], blue], ["Red"], ["Blue", "Red"], BAD)


def _lines(ids):
    made = [(3, True, ids.country, ["Red"])]
    good = {"number": 3, "flag": True, "country_id": ids.country, "tag_ids": [[4, ids.red]]}
    yield Case("line_ids", [[0, 0, good]], made, made, made)
    for line, end in (
        ({"country_id": "BE"}, RAISES),
        ({"country_id": str(ids.country)}, [(0, False, False, [])]),
        ({"country_id": [ids.country]}, RAISES),
        ({"number": 3.7}, [(3, False, False, [])]),
        ({"flag": "false"}, [(0, True, False, [])]),
        ({"tag_ids": [str(ids.red)]}, RAISES),
        ({"tag_ids": [float(ids.red)]}, [(0, False, False, ["Red"])]),
        ({"tag_ids": [[0, 0, {"name": ["x"]}]]}, [(0, False, False, ["['x']"])]),
        ([["number", 3]], [(3, False, False, [])]),
    ):
        yield Case("line_ids", [[0, 0, line]], end, end, BAD)
    yield Case("line_ids", [[0, 0, good], [0, 0, good | {"flag": 2}]], made * 2, made * 2, BAD)
    for value in ([["0", 0, {"number": 1}]], [[7, 0, {}]], [["x"]]):
        yield Case("line_ids", value, [], [], BAD)
    for value in ("T", 5, {}, [{"number": 1}], [[0, {"number": 1}]], [[]]):
        yield Case("line_ids", value, RAISES, RAISES, BAD)
