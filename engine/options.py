"""The options of a job, and their check."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from .canonical import body_hash
from .errors import BadRequest
from .failure_limit import check_max_failures
from .messages import _lt
from .on_end import check_on_end
from .states import POLICIES
from .storable import is_storable

LARGEST_CHUNK = 10_000  # operations
MOST_PARALLEL = 128
AS_MANY_AS_PAY = 0  # `max_parallel`: the server chooses how many chunks run at once
EXECUTE_LIMIT = 1_000  # operations of one `execute`
EXECUTE_POLICIES = ("isolate", "all")
LONGEST_KEY = 255  # characters
DEFAULT_PRIORITY = 10


# the options of the first release: the hashes of jobs stored then contain all of them
HASHED_ALWAYS = (
    "name", "policy", "chunk_size", "max_parallel", "priority", "eta", "dry_run", "idempotency_key",
)  # fmt: skip


@dataclass(frozen=True)
class Options:
    """The options of a job, which are columns of its row. `eta` is UTC without a zone."""

    name: str | None = None
    policy: str = "isolate"
    chunk_size: int = 0
    max_parallel: int = 1
    priority: int = DEFAULT_PRIORITY
    eta: datetime | None = None
    dry_run: bool = False
    idempotency_key: str | None = None
    on_end: dict | None = None
    max_failures: str | None = None  # as `failure_limit.check_max_failures` gives it


def check_options(**given: Any) -> Options:
    """Check the options and complete them with the defaults.

    :raises BadRequest: the message names the option and the values that the option may have
    """
    options = Options(**{name: CHECKS[name](name, value) for name, value in given.items()})
    for check in CHECKS_TOGETHER:
        check(options)
    return options


def options_among(arguments: dict[str, Any]) -> dict[str, Any]:
    """The options among the arguments of a method, which are its `locals()` at the beginning."""
    return {name: value for name, value in arguments.items() if name in CHECKS}


def submission_hash(operations_hash: str, state: str, options: Options) -> str:
    """The hash that a submission must share with the stored job of the same idempotency key.

    The hash omits a newer option while the option has its default value. So a submission still
    matches a job that was stored before the option existed.

    :param state: the state of the new job: whether to start the job, or to execute it at once
    """
    defaults = vars(type(options)())
    said = {
        name: value
        for name, value in vars(options).items()
        if name in HASHED_ALWAYS or value != defaults[name]
    }
    return body_hash([operations_hash, state, said | {"eta": str(options.eta)}])


def parse_eta(eta: Any) -> datetime | None:
    """Read a point in time as a UTC datetime without zone. A text without a zone is UTC, too.

    >>> parse_eta("2030-01-01T12:00:00+02:00")
    datetime.datetime(2030, 1, 1, 10, 0)
    """
    if not eta:
        return None
    try:
        moment = datetime.fromisoformat(eta.replace("Z", "+00:00")) if isinstance(eta, str) else eta
        if moment.tzinfo:
            moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
        return moment.replace(microsecond=0)
    except (ValueError, AttributeError, TypeError, OverflowError) as error:
        raise BadRequest(
            _lt(
                "eta %(eta)s is not a time; use ISO 8601, such as 2030-01-31T12:00:00Z.",
                eta=repr(eta),
            )
        ) from error


def is_name(value: Any) -> bool:
    """Whether a job can have this text as its name or as its idempotency key."""
    return isinstance(value, str) and len(value) <= LONGEST_KEY and is_storable(value)


# Each check takes the name and the value of an option, and returns the value to be stored.


def _text(name: str, value: Any) -> str | None:
    if value is None or value is False:
        return None
    if not is_name(value):
        raise BadRequest(
            _lt(
                "%(name)s must be a text of at most %(most)s characters.",
                name=name,
                most=LONGEST_KEY,
            )
        )
    return value or None


def _policy(_name: str, value: Any) -> str:
    if not isinstance(value, str) or value not in POLICIES:
        raise BadRequest(
            _lt(
                "policy %(policy)s is unknown; use one of %(policies)s.",
                policy=repr(value),
                policies=", ".join(POLICIES),
            )
        )
    return value


def _truth(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadRequest(
            _lt("%(name)s must be true or false, not %(value)s.", name=name, value=repr(value))
        )
    return value


def _whole(least: int, most: int) -> Callable[[str, Any], int]:
    def check(name: str, value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise BadRequest(
                _lt(
                    "%(name)s must be a whole number from %(least)s to %(most)s, not %(value)s.",
                    name=name,
                    least=least,
                    most=most,
                    value=repr(value),
                )
            )
        return value

    return check


def _eta(_name: str, value: Any) -> datetime | None:
    return parse_eta(value)


CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "name": _text,
    "policy": _policy,
    "chunk_size": _whole(0, LARGEST_CHUNK),
    "max_parallel": _whole(AS_MANY_AS_PAY, MOST_PARALLEL),
    "priority": _whole(-1000, 1000),
    "eta": _eta,
    "dry_run": _truth,
    "idempotency_key": _text,
    "on_end": check_on_end,
    "max_failures": check_max_failures,
}


# Each check takes all options, and refuses those that do not go together.


def _one_chunk_at_a_time(options: Options) -> None:
    if options.policy in ("stop", "all") and options.max_parallel > 1:
        raise BadRequest(
            _lt(
                "policy %(policy)s keeps one chunk at a time; use max_parallel=1.",
                policy=repr(options.policy),
            )
        )


def _something_to_count(options: Options) -> None:
    if options.max_failures is None:
        return
    if options.dry_run:
        raise BadRequest(
            _lt(
                "max_failures does not go with dry_run: a dry run keeps nothing, and tries "
                "everything; leave max_failures out."
            )
        )
    if options.policy not in ("isolate", "chunk"):
        raise BadRequest(
            _lt(
                "max_failures does not go with policy %(policy)s, which ends at the first failure; "
                "use policy isolate or chunk, or leave max_failures out.",
                policy=repr(options.policy),
            )
        )


CHECKS_TOGETHER: tuple[Callable[[Options], None], ...] = (
    _one_chunk_at_a_time,
    _something_to_count,
)
