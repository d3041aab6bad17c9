import pytest

from engine.passwords import (
    BLANKED,
    blank_passwords,
    holds_blanked,
    may_hold_passwords,
    name_secret_arguments,
)

SECRET_KEYS = [
    "password",
    "new_password",
    "smtp_passwd",
    "api_key",
    "apikey",
    "x_apikey",
    "client_secret",
    "Access_Token",
    "private_key",
    "passphrase",
    "pin_code",
    "smtp_pass",
    "pwd",
]
PLAIN_KEYS = ["name", "password_policy", "tokens", "secretary", "zip_code", "passport"]


@pytest.mark.parametrize("key", SECRET_KEYS)
def test_passwords_are_blanked_at_any_depth(key):
    """The value goes, the key and everything around it stay."""
    payload = {"values": [{"login": "jo", key: "s3cret"}], "kwargs": {"vals": {key: "s3cret"}}}
    assert blank_passwords(payload) == {
        "values": [{"login": "jo", key: BLANKED}],
        "kwargs": {"vals": {key: BLANKED}},
    }


@pytest.mark.parametrize("key", SECRET_KEYS)
def test_the_quick_look_misses_no_password(key):
    """A payload that would be blanked is never taken for one without passwords."""
    assert may_hold_passwords(f'[{{"{key}": "s3cret"}}]')


@pytest.mark.parametrize("key", PLAIN_KEYS)
def test_other_fields_stay(key):
    """A name that merely resembles a password is none."""
    assert blank_passwords({key: "value"}) == {key: "value"}


def test_passwords_of_lines_are_blanked():
    """A column may lead to a field of a line."""
    payload = {"fields": ["name", "user_ids/password", "user_ids/name"], "row": ["A", "x", "B"]}
    assert blank_passwords(payload)["row"] == ["A", BLANKED, "B"]


def test_an_empty_password_is_no_secret():
    """Nothing is blanked where there was nothing, so the operation can run again."""
    payload = {"values": {"password": False, "api_key": ""}}
    assert blank_passwords(payload) == payload
    assert not holds_blanked(payload)


def test_a_switch_is_no_secret():
    """Odoo's `no_reset_password` is named like a password and is not one: what has it can run
    again."""
    payload = {
        "context": {"no_reset_password": True, "reset_password": False},
        "fields": ["name", "no_password"],
        "row": ["A", True],
    }
    assert blank_passwords(payload) == payload


def test_a_number_may_be_a_secret():
    """A PIN that is sent as a number goes like any other."""
    assert blank_passwords({"pin_code": 1234}) == {"pin_code": BLANKED}


@pytest.mark.parametrize(
    ("fields", "row"), [(3, 5), (["a", "b"], ["x"]), ("password", "s3cret"), (None, ["x"])]
)
def test_arguments_named_like_a_row_are_none(fields, row):
    """Arguments that are called `fields` and `row` without being a row to load stay, and what is
    beside them is blanked."""
    arguments = {"fields": fields, "row": row, "token": "t"}
    assert blank_passwords(arguments) == {"fields": fields, "row": row, "token": BLANKED}


def test_what_was_blanked_is_recognized():
    """An operation whose password is gone is found, however deep it was."""
    assert holds_blanked(blank_passwords({"args": [{"deep": [{"password": "x"}]}]}))
    assert not holds_blanked({"args": [{"deep": [{"name": "x"}]}]})


def test_blanking_twice_changes_nothing():
    """Outcomes of one operation may be written more than once."""
    once = blank_passwords({"values": {"password": "x"}})
    assert blank_passwords(once) == once


@pytest.mark.parametrize(
    ("call", "parameters"),
    [
        ({"args": ["jo"]}, ["login"]),
        ({"args": ["jo", "x", "y"]}, ["login", "password"]),
        ({"args": ["x"], "kwargs": {"password": "y"}}, ["password"]),
        ({}, ["password"]),
    ],
)
def test_other_calls_keep_their_arguments(call, parameters):
    """Without a password among them, and where they would not fit, arguments stay in their
    places."""
    assert name_secret_arguments(call, parameters) == call


@pytest.mark.parametrize("name", ["password", "user_ids/password"])
def test_columns_of_a_called_load(name):
    """Odoo's own `load()`, called by an operation or by `on_end`: passwords stand in its rows."""
    columns, rows = ["login", name], [["jo", "s3cret"], ["eve", ""]]
    blanked = [["jo", BLANKED], ["eve", ""]]
    by_name = {"method": "load", "kwargs": {"fields": columns, "data": rows}}
    assert blank_passwords(by_name)["kwargs"] == {"fields": columns, "data": blanked}
    by_place = {"method": "load", "args": [columns, rows]}
    assert blank_passwords(by_place)["args"] == [columns, blanked]
    assert blank_passwords({"args": [["login"], [["jo"]]]}) == {"args": [["login"], [["jo"]]]}
