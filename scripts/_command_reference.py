"""Writes client/COMMANDS.md from the commands of `odoo-batch`; with `--check` it writes nothing and
fails if the page says something else than the commands."""

import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import click

PAGE = Path(__file__).resolve().parent.parent / "client" / "COMMANDS.md"
WIDTH = 120
ALONE = "login"  # asks for what the others take from the environment
HEAD = """\
# The commands of odoo-batch

`scripts/lint --fix` makes this page from the commands themselves, and `scripts/lint` checks it.
`odoo-batch COMMAND --help` says the same. How to begin: [README](README.md).
"""


def page_of(main: click.Group) -> str:
    commands = [main.commands[name] for name in sorted(main.commands)]
    shared = _shared(commands)
    parts = [HEAD, *_paragraphs(main), "| command | |\n|---|---|"]
    parts[-1] += "".join(f"\n| [`{one.name}`](#{one.name}) | {_first(one)} |" for one in commands)
    parts += [f"## Options of all commands but `{ALONE}`", _table(shared)]
    for command in commands:
        parts += [f"## {command.name}", f"`{_usage(command)}`", *_paragraphs(command)]
        if rows := [row for row in _options(command) if command.name == ALONE or row not in shared]:
            parts.append(_table(rows))
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _shared(commands: list[click.Command]) -> list[str]:
    """The rows of options that every command has but the one that stands alone."""
    first, *others = [list(_options(command)) for command in commands if command.name != ALONE]
    return [row for row in first if all(row in rows for rows in others)]


def _paragraphs(command: click.Command) -> Iterator[str]:
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        yield textwrap.fill(
            _plain(paragraph), WIDTH, break_on_hyphens=False, break_long_words=False
        )


def _first(command: click.Command) -> str:
    """The first sentence of what a command does."""
    text = " ".join(inspect.cleandoc(command.help or "").split("\n\n")[0].split())
    return _cell(re.split(r"(?<=[.]) ", text)[0])


def _usage(command: click.Command) -> str:
    words = [_argument(one) for one in command.params if isinstance(one, click.Argument)]
    return " ".join(["odoo-batch", str(command.name), *words, "[OPTIONS]"])


def _argument(argument: click.Argument) -> str:
    return argument.metavar or str(argument.name).upper()


def _options(command: click.Command) -> Iterator[str]:
    """A row of the table for each option, in the order of `--help`."""
    for option in command.params:
        if isinstance(option, click.Option):
            yield f"| {_names(option)} | {_cell(_words(option))} |"


def _names(option: click.Option) -> str:
    r"""The names of an option and what it takes.

    >>> _names(click.Option(["-o", "--output"], type=click.Path(), metavar="FILE"))
    '`-o`, `--output FILE`'
    >>> _names(click.Option(["--op"], type=click.Choice(["load", "create"])))
    '`--op load\\|create`'
    >>> _names(click.Option(["--wait"], is_flag=True))
    '`--wait`'
    """
    *short, long = option.opts
    return ", ".join(f"`{name}`" for name in [*short, f"{long} {_value(option)}".strip()])


def _value(option: click.Option) -> str:
    if option.is_flag:
        return ""
    if option.metavar:
        return option.metavar.replace("|", r"\|")
    if isinstance(option.type, click.Choice):
        return r"\|".join(str(choice) for choice in option.type.choices)
    return {"integer": "N", "integer range": "N", "float": "SECONDS"}.get(option.type.name, "TEXT")


def _words(option: click.Option) -> str:
    """What an option says of itself, with what it is unless given.

    >>> _words(click.Option(["--limit"], default=20, help="At most."))
    'At most. Unless given: 20.'
    >>> _words(click.Option(["--key"], multiple=True, help="A column."))
    'A column. May be repeated.'
    """
    words = [option.help or option.prompt or ""]
    if (
        isinstance(option.default, (int, float, str))
        and option.default != ""
        and not option.is_flag
    ):
        words.append(f"Unless given: {option.default}.")
    if option.multiple and "once for each" not in words[0]:
        words.append("May be repeated.")
    if option.envvar:
        words.append(f"Environment: `{option.envvar}`.")
    return " ".join(
        word if word.endswith((".", "]", "}")) else f"{word}." for word in words if word
    )


def _table(rows: list[str]) -> str:
    return "\n".join(["| option | |", "|---|---|", *rows])


def _plain(text: str) -> str:
    """The text in one line; two underscores would begin bold letters."""
    return " ".join(text.split()).replace("__", r"\_\_")


def _cell(text: str) -> str:
    return _plain(text).replace("|", r"\|")


def main() -> int:
    from odoo_batch_job._cli import main as commands

    text = page_of(commands)
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text)
    elif not PAGE.exists() or PAGE.read_text() != text:
        print(f"{PAGE.name} is not what the commands say: run scripts/lint --fix.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
