import pytest

from engine.errors import BadRequest
from engine.on_end import check_on_end
from engine.options import check_options

CALL = {"model": "res.partner", "method": "thank"}


def test_it_is_stored_whole():
    """What is left out is empty; what is given is plain JSON."""
    empty = {**CALL, "ids": [], "kwargs": {}}
    assert check_on_end("on_end", CALL) == empty
    assert check_on_end("on_end", {**CALL, "ids": None, "kwargs": {}}) == empty
    given = {**CALL, "ids": (7, 8), "kwargs": {"words": ("a", "b")}}
    expected = {**CALL, "ids": [7, 8], "kwargs": {"words": ["a", "b"]}}
    assert check_on_end("on_end", given) == expected


@pytest.mark.parametrize("value", [None, False, ""])
def test_nothing_is_nothing(value):
    """A job without it calls nothing."""
    assert check_options(on_end=value).on_end is None


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], 'on_end must be an object: {"model": …, "method": …}.'),
        (0, 'on_end must be an object: {"model": …, "method": …}.'),
        ([1], 'on_end must be an object: {"model": …, "method": …}.'),
        ("res.partner.thank", 'on_end must be an object: {"model": …, "method": …}.'),
        ({}, 'on_end: model is missing; name one, such as "res.partner".'),
        ({"model": "res.partner"}, "on_end: method is missing; name the method to call."),
        ({**CALL, "args": [1]}, "on_end takes model, method, ids, kwargs, not 'args'."),
        ({**CALL, "op": "unlink"}, "on_end takes model, method, ids, kwargs, not 'op'."),
        ({**CALL, "ids": [0]}, "on_end: ids holds 0; record ids are positive whole numbers."),
        ({**CALL, "kwargs": [1]}, "on_end: kwargs must be an object, not a list."),
        (
            {**CALL, "kwargs": {"text": "\0"}},
            "on_end: kwargs holds a NUL character; remove it.",
        ),
        (
            {**CALL, "kwargs": {"odd": {1, 2}}},
            "on_end: kwargs holds something that is not JSON: set is not JSON.",
        ),
        (
            {**CALL, "ids": {"$ref": "acme"}},
            "on_end takes no $ref: it is stored before any operation has run.",
        ),
        (
            {**CALL, "kwargs": {"login": {"new_password": "s3cret"}}},
            "on_end takes no passwords: kwargs stay in the database with the job.",
        ),
        (
            {**CALL, "kwargs": {"context": {"lang": "fr_FR"}}},
            "on_end: kwargs holds a context; the method runs in that of the job.",
        ),
        (
            {**CALL, "kwargs": {"fields": ["login", "password"], "data": [["jo", "s3cret"]]}},
            "on_end takes no passwords: kwargs stay in the database with the job.",
        ),
    ],
)
def test_what_cannot_be_called_is_refused(value, message):
    """The refusal names on_end and says what to do; it never quotes a password."""
    with pytest.raises(BadRequest) as caught:
        check_options(on_end=value)
    assert str(caught.value) == message
