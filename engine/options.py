"""The options of a job, and their check."""

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from .canonical import body_hash
from .errors import BadRequest
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


def check_options(
    name: Any = None,
    policy: Any = "isolate",
    chunk_size: Any = 0,
    max_parallel: Any = 1,
    priority: Any = DEFAULT_PRIORITY,
    eta: Any = None,
    dry_run: Any = False,
    idempotency_key: Any = None,
) -> Options:
    """Check the options and complete them with the defaults.

    :raises BadRequest: the message names the option and the values that the option may have
    """
    _text("name", name)
    _text("idempotency_key", idempotency_key)
    _policy(policy)
    _whole("chunk_size", chunk_size, 0, LARGEST_CHUNK)
    _whole("max_parallel", max_parallel, AS_MANY_AS_PAY, MOST_PARALLEL)
    _whole("priority", priority, -1000, 1000)
    if policy in ("stop", "all") and max_parallel > 1:
        raise BadRequest(f"policy {policy!r} keeps one chunk at a time; use max_parallel=1.")
    _truth("dry_run", dry_run)
    return Options(
        name or None,
        policy,
        chunk_size,
        max_parallel,
        priority,
        parse_eta(eta),
        dry_run,
        idempotency_key or None,
    )


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
            f"eta {eta!r} is not a time; use ISO 8601, such as 2030-01-31T12:00:00Z."
        ) from error


def is_name(value: Any) -> bool:
    """Whether a job can have this text as its name or as its idempotency key."""
    return isinstance(value, str) and len(value) <= LONGEST_KEY and is_storable(value)


def _text(name: str, value: Any) -> None:
    if value is None or value is False:
        return
    if not is_name(value):
        raise BadRequest(f"{name} must be a text of at most {LONGEST_KEY} characters.")


def _policy(value: Any) -> None:
    if not isinstance(value, str) or value not in POLICIES:
        raise BadRequest(f"policy {value!r} is unknown; use one of {', '.join(POLICIES)}.")


def _truth(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise BadRequest(f"{name} must be true or false, not {value!r}.")


def _whole(name: str, value: Any, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise BadRequest(f"{name} must be a whole number from {least} to {most}, not {value!r}.")
