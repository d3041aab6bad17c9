"""Where the command line finds the server: options, environment, profile file, in this order."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from .._retry import Retry
from .._sync import Client

F = TypeVar("F", bound=Callable[..., Any])

APP = "odoo-batch"
DEFAULT = "default"  # profile

# Kept in the place of a job's id after a submission that made no job: what --last says then.
BROKEN_OFF = (
    f"was broken off before Odoo had named a job: see `{APP} list`, or give the id of a job."
)
REFUSED = "was refused; give the id of a job."


class InputError(click.ClickException):
    """What was given cannot be used; exit code 2."""

    exit_code = 2


@dataclass(frozen=True)
class Settings:
    """A server, a database and the key to it, which is never shown."""

    url: str
    database: str | None
    api_key: str

    def client(self, room: float | None = None) -> Client:
        """Return a client, not opened yet.

        :param room: the most seconds to wait for room for one more job; None: as `Retry` has it
        """
        retry = Retry() if room is None else Retry(room=max(room, 0))
        try:
            return Client(self.url, database=self.database, api_key=self.api_key, retry=retry)
        except ValueError as error:
            raise InputError(str(error)) from error

    def __repr__(self) -> str:
        return f"Settings({self.url!r}, {self.database!r})"


def connection_options(command: F) -> F:
    """Add the options that name a server."""
    options = [
        click.option("--url", envvar="ODOO_URL", show_envvar=True, help="URL of the Odoo server."),
        click.option(
            "--db", envvar="ODOO_DB", show_envvar=True, help="Its database, if it has several."
        ),
        click.option(
            "--api-key",
            envvar="ODOO_API_KEY",
            show_envvar=True,
            help="API key; other users of this machine may see an option, so better the "
            f"environment or `{APP} login`.",
        ),
        click.option(
            "--profile", default=DEFAULT, show_default=True, help=f"Name given to `{APP} login`."
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def read_settings(url: str | None, db: str | None, api_key: str | None, profile: str) -> Settings:
    """Return the settings; a profile's key goes to the profile's server only.

    :raises InputError: there is no URL, no key, or no such profile
    """
    known = _read_profile(profile)
    if not known and profile != DEFAULT:
        raise InputError(_no_profile(profile))
    own = str(known.get("url") or "")
    if profile != DEFAULT and url and url.rstrip("/") != own.rstrip("/"):
        raise InputError(
            f"which server? The profile {profile} is for {own}, and --url or ODOO_URL says {url}: "
            "leave one of them out."
        )
    if url is None or url == known.get("url"):
        url, db = url or known.get("url"), db or known.get("database")
        api_key = api_key or known.get("api_key")
    api_key = (api_key or "").strip()  # of a line break that a file had
    if not url:
        raise InputError(f"which server? Run `{APP} login`, or give --url or ODOO_URL.")
    if not api_key:
        raise InputError(f"no API key for {url}: run `{APP} login`, or set ODOO_API_KEY.")
    return Settings(url, db, api_key)


def write_profile(profile: str, settings: Settings) -> Path:
    """Keep the settings in a file that only its owner can read."""
    path = _profile_path(profile)
    path.parent.mkdir(parents=True, exist_ok=True)
    values = {
        "url": settings.url,
        "database": settings.database,
        "api_key": settings.api_key,
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(descriptor, 0o600)  # it may have been there with another mode
    with os.fdopen(descriptor, "w") as file:
        json.dump(values, file, indent=1)
    return path


def remember_job(settings: Settings, job: int | str) -> None:
    """Keep for ``--last`` the id of the job, or a text that says why there is no job."""
    jobs = {**_read_jobs(), _place(settings): job}
    path = _jobs_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(jobs, indent=1))


def remembered(settings: Settings) -> Any:
    """Return what was kept for ``--last``, or None."""
    return _read_jobs().get(_place(settings))


def last_job(settings: Settings) -> int:
    """Return the id of the job submitted last from this account to this database.

    :raises InputError: none was
    """
    job_id = remembered(settings)
    if isinstance(job_id, str):
        raise InputError(f"the last submission from here {job_id}")
    if not isinstance(job_id, int):
        raise InputError(f"no job was submitted from here to {_place(settings)}; give its id.")
    return job_id


def _read_profile(profile: str) -> Mapping[str, Any]:
    path = _profile_path(profile)
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise InputError(f"others can read the key in {path}: run chmod 600 on it.")
        values = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {error}") from error
    return values if isinstance(values, Mapping) else {}


def _no_profile(profile: str) -> str:
    folder = _profile_path(profile).parent
    names = sorted(path.stem for path in folder.glob("*.json"))
    there = f"those in {folder} are {', '.join(names)}" if names else f"{folder} has none yet"
    return (
        f"there is no profile {profile}: {there}. Make it with `{APP} login --profile {profile}`."
    )


def _profile_path(profile: str) -> Path:
    if not profile or "/" in profile or profile.startswith("."):
        raise InputError(f"{profile!r} is no name for a profile.")
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / APP / f"{profile}.json"


def _jobs_path() -> Path:
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / APP / "last.json"


def _read_jobs() -> dict[str, Any]:
    try:
        jobs = json.loads(_jobs_path().read_text())
    except (OSError, ValueError):
        return {}
    return jobs if isinstance(jobs, dict) else {}


def _place(settings: Settings) -> str:
    return f"{settings.url.rstrip('/')} {settings.database or ''}".strip()
