"""``odoo-batch login``: keep an API key."""

from __future__ import annotations

import click

from ._command import exit_with, main
from ._settings import DEFAULT, Settings, write_profile


@main.command()
@click.option("--url", envvar="ODOO_URL", prompt="URL of the Odoo server")
@click.option("--db", envvar="ODOO_DB", prompt="Database (empty if it has only one)", default="")
@click.option("--api-key", envvar="ODOO_API_KEY", prompt="API key (not shown)", hide_input=True)
@click.option("--profile", default=DEFAULT, show_default=True, help="Name to keep it under.")
def login(url: str, db: str, api_key: str, profile: str) -> None:
    """Try an API key and keep it in a file that only you can read.

    Make the key in Odoo: Preferences, Security, Add API Key.
    """
    settings = Settings(url, db or None, api_key)

    def run() -> None:
        with settings.client() as client:
            context = client.call("res.users", "context_get", repeatable=True)
            found = client.call(
                "res.users", "read", {"ids": [context["uid"]], "fields": ["login"]}, repeatable=True
            )
        path = write_profile(profile, settings)
        click.echo(f"Logged in as {found[0]['login']}; the key is kept in {path}.")

    exit_with(run, as_json_line=False)
