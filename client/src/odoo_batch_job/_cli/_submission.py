"""A submission from the command line, and what becomes of a submission that breaks off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from .._errors import (
    BatchJobError,
    ConnectionFailedError,
    IdempotencyKeyError,
    InvalidOperationError,
    ResponseError,
)
from .._models import JobStatus
from .._sync import Client
from ._convert import Converter
from ._settings import APP, BROKEN_OFF, REFUSED, InputError, Settings, remember_job, remembered
from ._show import as_json
from ._transfer import beside_bars


@contextmanager
def refusal_is_noted(settings: Settings) -> Iterator[None]:
    """Let ``--last`` say that Odoo refused the submission, if Odoo made no job."""
    try:
        yield
    except (InputError, ResponseError, InvalidOperationError):
        if remembered(settings) == BROKEN_OFF:
            remember_job(settings, REFUSED)
        raise


class Submission:
    """Sends operations, and prints the id of the job as soon as Odoo has made the job.

    :param json: print JSON
    """

    def __init__(self, client: Client, settings: Settings, json: bool) -> None:
        self._client = client
        self._settings = settings
        self._json = json
        self._opened: JobStatus | None = None

    def send(
        self,
        converter: Converter,
        operations: Iterator[dict[str, Any]],
        file: str,
        options: dict[str, Any],
    ) -> JobStatus:
        """Submit a job; if the submission breaks off, say what becomes of the operations sent.

        :raises BatchJobError: with the line of the operation at fault
        :raises InputError: something in the file is wrong
        """
        try:
            return self._client.submit(operations, opened=self._on_opened, **options)
        except (BatchJobError, InputError, KeyboardInterrupt) as error:
            if isinstance(error, (ResponseError, InvalidOperationError)):
                converter.add_line(error, file)
            if self._opened and self._opened.state == "draft":
                key, all_read = options["idempotency_key"], converter.has_read_all
                said = what_becomes_of(self._client, self._opened.id, key, error, all_read)
                self._say(said, error, self._opened.id)
            raise

    def _on_opened(self, job: JobStatus) -> None:
        self._opened = job
        remember_job(self._settings, job.id)
        with beside_bars():
            click.echo(as_json(job) if self._json else f"Job {job.id}  {job.url}")

    def _say(self, what: str | None, error: BaseException, job_id: int) -> None:
        if what:
            click.echo(what, err=True)
            if "cancelled" in what:
                how = "broken off" if isinstance(error, KeyboardInterrupt) else "refused"
                gone = f"was {how}, and its job {job_id} is cancelled; give the id of a job."
                remember_job(self._settings, gone)


def what_becomes_of(
    client: Client, job_id: int, key: str | None, error: BaseException, all_read: bool
) -> str | None:
    """Return what to tell people of a job whose submission broke off, or None.

    A draft that nobody can go on with is cancelled if the file or Ctrl-C broke the submission off.

    :param key: the idempotency key, if the caller gave a key
    :param error: the error that broke the submission off
    :param all_read: the file was read to its end, so the client may have sent all operations
    """
    again = f" Submit again with --idempotency-key {key} to go on." if key else ""
    unsure = f"See what has become of job {job_id}: {APP} status {job_id}.{again}"
    given_up = isinstance(error, (InputError, KeyboardInterrupt))
    if isinstance(error, ConnectionFailedError) or (
        all_read and not given_up and not _is_refusal(error)
    ):
        return unsure
    try:
        state = client.status(job_id).state
        if state == "draft" and not key and given_up:
            state = client.cancel(job_id).state
    except BatchJobError:
        return unsure
    if state == "cancelled":
        return f"Not all was sent; job {job_id} is cancelled."
    if state != "draft":
        return None
    draft = f"Not all was sent; job {job_id} stays a draft"
    if key and not _is_other_submission(error):
        return f"{draft}.{again}"
    return f"{draft} that nobody can go on with: {APP} cancel {job_id}"


def _is_refusal(error: BaseException) -> bool:
    return isinstance(error, IdempotencyKeyError) or (
        isinstance(error, ResponseError) and error.status < 500
    )


def _is_other_submission(error: BaseException) -> bool:
    """Whether the key names a job of other operations; a bad operation has an index."""
    return isinstance(error, IdempotencyKeyError) or (
        isinstance(error, ResponseError) and error.status in (400, 422) and error.index is None
    )
