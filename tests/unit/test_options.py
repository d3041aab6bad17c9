from dataclasses import dataclass, fields
from datetime import datetime

import pytest

from engine.canonical import body_hash
from engine.errors import BadRequest
from engine.options import CHECKS, Options, check_options, parse_eta, submission_hash

OPERATION = {"op": "create", "model": "test.batch.item", "values": {"name": "stored 0", "value": 0}}
# as the first release stored them
STORED = [
    ("queued", {}, "5f5798505f45c42058149195c629f9c168e2d82dcd633eb9fd5ccf9a911346b5"),
    (
        "queued",
        {"name": "Prices"},
        "550ac35cb9f5cc02e5de8a46d99895ffd1742b7703e2f9713a6415c2b869e553",
    ),
    (
        "draft",
        {"name": "clients.csv", "chunk_size": 50},
        "dec9e2ee4966d66ce5b362d98ffd3f3f0f0f4a625bc71d20d41141fdc458a672",
    ),
    (
        "running",
        {"policy": "all"},
        "1a83a8b2a0ae4a674eae3c4e0e0eabd2f159b495d35cb7ae8ef6b77106a44c71",
    ),
    (
        "queued",
        {"eta": "2090-01-01T12:00:00+02:00", "priority": -5, "dry_run": True, "max_parallel": 4},
        "ebcdfca46c501e36fae1c896671812b7feae4d86a29963a744f3b34042a370c2",
    ),
]


@dataclass(frozen=True)
class LaterOptions(Options):
    """Those of a release that knows one more."""

    color: str = "blue"


def test_options_have_their_defaults():
    """What nobody says is: isolate, size found by itself, one chunk at a time, priority 10, now."""
    expected = Options(None, "isolate", 0, 1, 10, None, False, None)
    assert check_options() == Options() == expected


def test_all_options_are_kept():
    """Every option is taken as given."""
    given = {
        "name": "n",
        "policy": "chunk",
        "chunk_size": 500,
        "max_parallel": 4,
        "priority": 5,
        "eta": "2030-01-31T12:00:00Z",
        "dry_run": False,
        "idempotency_key": "key",
        "on_end": {"model": "res.partner", "method": "thank", "ids": [7], "kwargs": {"why": "n"}},
        "max_failures": "5%",
    }
    assert check_options(**given) == Options(**{**given, "eta": datetime(2030, 1, 31, 12)})


def test_every_option_has_a_check():
    """An option without a check could not be given, and no check is left over."""
    assert list(CHECKS) == [field.name for field in fields(Options)]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"policy": "best"}, "policy 'best' is unknown; use one of isolate, chunk, stop, all."),
        ({"policy": ["all"]}, "policy ['all'] is unknown; use one of isolate, chunk, stop, all."),
        ({"policy": None}, "policy None is unknown; use one of isolate, chunk, stop, all."),
        ({"chunk_size": -1}, "chunk_size must be a whole number from 0 to 10000, not -1."),
        ({"chunk_size": 10_001}, "chunk_size must be a whole number from 0 to 10000, not 10001."),
        ({"chunk_size": True}, "chunk_size must be a whole number from 0 to 10000, not True."),
        ({"max_parallel": -1}, "max_parallel must be a whole number from 0 to 128, not -1."),
        ({"max_parallel": "2"}, "max_parallel must be a whole number from 0 to 128, not '2'."),
        ({"priority": 1.5}, "priority must be a whole number from -1000 to 1000, not 1.5."),
        ({"dry_run": 1}, "dry_run must be true or false, not 1."),
        ({"name": "x" * 256}, "name must be a text of at most 255 characters."),
        ({"name": 5}, "name must be a text of at most 255 characters."),
        ({"name": "\ud800"}, "name must be a text of at most 255 characters."),
        ({"idempotency_key": "\0"}, "idempotency_key must be a text of at most 255 characters."),
        (
            {"policy": "stop", "max_parallel": 2},
            "policy 'stop' keeps one chunk at a time; use max_parallel=1.",
        ),
        (
            {"policy": "all", "max_parallel": 2},
            "policy 'all' keeps one chunk at a time; use max_parallel=1.",
        ),
        *[
            (
                {"max_failures": value},
                "max_failures must be a whole number from 1 to 1000000000, or a share of up to 100 "
                f'% such as "5%", not {value!r}.',
            )
            for value in (0, -1, True, 1.5, 10**10, "", "0", "0%", "101%", "5 %", "%", "five", [5])
        ],
        (
            {"max_failures": 1, "policy": "all"},
            "max_failures does not go with policy 'all', which ends at the first failure; use "
            "policy isolate or chunk, or leave max_failures out.",
        ),
        (
            {"max_failures": "5%", "dry_run": True},
            "max_failures does not go with dry_run: a dry run keeps nothing, and tries everything; "
            "leave max_failures out.",
        ),
        (
            {"eta": "tomorrow"},
            "eta 'tomorrow' is not a time; use ISO 8601, such as 2030-01-31T12:00:00Z.",
        ),
    ],
)
def test_a_bad_option_is_refused_by_name(option, message):
    """The refusal names the option, what it may be, and what it was."""
    with pytest.raises(BadRequest) as caught:
        check_options(**option)
    assert str(caught.value) == message


@pytest.mark.parametrize("policy", ["isolate", "chunk", "stop", "all"])
def test_as_many_as_pay_goes_with_every_policy(policy):
    """0 leaves the number of chunks at once to the server, which may choose one."""
    assert check_options(policy=policy, max_parallel=0).max_parallel == 0


@pytest.mark.parametrize(
    ("eta", "moment"),
    [
        (None, None),
        ("", None),
        ("2030-01-01", datetime(2030, 1, 1)),
        ("2030-01-01 12:00:00", datetime(2030, 1, 1, 12)),
        ("2030-01-01T12:00:00.987Z", datetime(2030, 1, 1, 12)),
        ("2030-01-01T12:00:00-05:00", datetime(2030, 1, 1, 17)),
        (datetime(2030, 1, 1, 12, 0, 0, 5), datetime(2030, 1, 1, 12)),
    ],
)
def test_eta_is_utc(eta, moment):
    """A time with a zone is converted, one without is UTC, whole seconds are kept."""
    assert parse_eta(eta) == moment


@pytest.mark.parametrize("eta", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", 5, True])
def test_an_impossible_eta_is_refused(eta):
    """Times that no calendar holds in UTC are refused like any other nonsense."""
    with pytest.raises(BadRequest, match="is not a time; use ISO 8601"):
        parse_eta(eta)


@pytest.mark.parametrize(("state", "given", "stored"), STORED)
def test_a_stored_key_still_answers(state, given, stored):
    """A submission has the hash that it had in the first release; an option that came later
    changes it only when it is not at its default."""
    options = check_options(idempotency_key="stored", **given)
    digest = body_hash([OPERATION])
    assert submission_hash(digest, state, options) == stored
    later = LaterOptions(**vars(options))
    assert submission_hash(digest, state, later) == stored
    assert submission_hash(digest, state, LaterOptions(**vars(options), color="red")) != stored
