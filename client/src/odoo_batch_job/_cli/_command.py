"""What all commands of ``odoo-batch`` have in common: a server, perhaps a job, exit codes."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any

import click

from .._errors import (
    AccessDeniedError,
    AuthenticationError,
    BatchJobError,
    ConnectionFailedError,
    InvalidOperationError,
    InvalidRequestError,
    NotFoundError,
    RateLimitedError,
    ResponseError,
    WatchTimeoutError,
)
from ._settings import InputError, connection_options, last_job, read_settings
from ._transfer import beside_bars

DONE, SOME_FAILED, BAD_INPUT, JOB_FAILED, TIME_OUT, NO_RIGHTS, PAUSED, NO_SERVER = range(8)
INTERRUPTED = 130  # as shells have it, of SIGINT
NO_READER = 141  # and of SIGPIPE

CODE_BY_STATE = {"done": DONE, "partial": SOME_FAILED, "failed": JOB_FAILED}
CODE_BY_STATE |= {"cancelled": JOB_FAILED, "paused": PAUSED, "draft": DONE}
_CODE_BY_ERROR: tuple[tuple[type[BatchJobError], int], ...] = (
    (AuthenticationError, NO_RIGHTS),
    (AccessDeniedError, NO_RIGHTS),
    (WatchTimeoutError, TIME_OUT),
    (ConnectionFailedError, NO_SERVER),
    (RateLimitedError, TIME_OUT),
    (InvalidOperationError, BAD_INPUT),
    (InvalidRequestError, BAD_INPUT),
    (NotFoundError, BAD_INPUT),
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="odoo-batch-job")
def main() -> None:
    """Submit jobs of many record operations to Odoo, watch them, get their results.

    Exit codes: 0 all done; 1 some operations failed; 2 wrong usage or input; 3 the job failed or
    was cancelled; 4 time-out while waiting, or no room; 5 login or rights; 6 the job is paused; 7
    no connection; 130 Ctrl-C; 141 whoever read the output has gone, as `| head` does.
    """


def command(*, job: bool = False, name: str | None = None) -> Callable[..., click.Command]:
    """Make a command with a server, ``--json``, and perhaps a job; errors become exit codes."""

    def decorate(function: Callable[..., int | None]) -> click.Command:
        @wraps(function)
        def run(**options: Any) -> None:
            connection = [options.pop(key) for key in ("url", "db", "api_key", "profile")]
            exit_with(partial(_run, function, connection, job, options), options["json"])

        decorated: Any = connection_options(run)
        decorated = click.option("--json", is_flag=True, help="JSON, one object a line.")(decorated)
        if job:
            decorated = click.option(
                "--last", is_flag=True, help="The job submitted last from here."
            )(decorated)
            decorated = click.argument("job_id", metavar="[JOB]", type=int, required=False)(
                decorated
            )
        return main.command(name)(decorated)

    return decorate


def _run(
    function: Callable[..., int | None], connection: list[Any], job: bool, options: dict[str, Any]
) -> int | None:
    settings = read_settings(*connection)
    if job:
        last = options.pop("last")
        if last == (options["job_id"] is not None):
            raise InputError("which job? Give its id, or --last, and not both.")
        options["job_id"] = last_job(settings) if last else options["job_id"]
    # --timeout is for the whole command: nobody waits for room longer than for the end
    with settings.client(room=options.get("timeout")) as client, _words_of_the_client():
        return function(client=client, settings=settings, **options)


@contextmanager
def _words_of_the_client() -> Iterator[None]:
    """Show what the client says while it waits: a retry, or no room for one more job."""
    logger, handler = logging.getLogger("odoo_batch_job"), _OnStderr(logging.WARNING)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class _OnStderr(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Print the text alone."""
        with beside_bars():
            click.echo(record.getMessage(), err=True)


def exit_with(run: Callable[[], int | None], as_json_line: bool) -> None:
    """Run, and end the program with the exit code of what came of it."""
    try:
        code = run() or DONE
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:  # of `| head`, which has read what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = NO_READER
    except BatchJobError as error:
        _say_error(error, as_json_line)
        code = next((c for kind, c in _CODE_BY_ERROR if isinstance(error, kind)), JOB_FAILED)
    raise SystemExit(code)


def _say_error(error: BatchJobError, as_json_line: bool) -> None:
    index = error.index if isinstance(error, (ResponseError, InvalidOperationError)) else None
    text = str(error)
    if as_json_line:
        text = json.dumps({"error": text, "type": type(error).__name__, "index": index})
    else:
        text = f"Error: {text}"
    click.echo(text, err=True)
