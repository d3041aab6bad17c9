"""What scripts/lint finds in the pages, and the page that it makes of the commands."""

import _check_pages as rules
import _command_reference as reference
import click
import pytest

PAGE = rules.ROOT / "docs" / "new.md"
LONG = "word " * 30 + "end"


@pytest.mark.parametrize(
    ("text", "problem"),
    {
        "a long line": (f"{LONG}\n", ":1: a line of 153 characters"),
        "a sample that no test runs": ("```sh\ndate\n```\n", ": no test runs"),
        "a sample without a fence": ("Text:\n\n    date\n", ":3: a sample without a fence"),
        "a language that no test runs": ("```ruby\nputs 1\n```\n", ": a sample in ruby"),
    }.values(),
)
def test_found(text, problem):
    """Each problem is found, with its page."""
    (found,) = rules.problems(PAGE, text)
    assert found.startswith(f"docs/new.md{problem}")


@pytest.mark.parametrize(
    "text",
    [
        f"| {LONG} |\n",
        f"```\n{LONG}\n```\n",
        "- item\n\n    more of the item\n",
        "```sh\nscripts/demo\n```\n",
        "```json\n{}\n```\n",
    ],
)
def test_let_be(text):
    """Tables, what samples print, items of several paragraphs and the set-up are no problems."""
    assert list(rules.problems(PAGE, text)) == []


def test_wrapped_as_an_item():
    """A long item becomes lines below its text; no line begins with a mark of its own."""
    text = f"- {'word ' * 22}one - two `three four`\n- next\n"
    assert rules.wrapped(text) == f"- {'word ' * 22}one -\n  two `three four`\n- next\n"


def test_page_of_commands():
    """A command is listed with its arguments and options; what all of them have is listed once."""
    shared = click.Option(["--json"], is_flag=True, help="JSON.")
    limit = click.Option(["--limit"], type=int, default=20, help="At most.")
    file = click.Argument(["file"])
    commands = [
        click.Command("send", params=[file, shared, limit], help="Send a file. Then wait."),
        click.Command("list", params=[shared], help="List __all."),
        click.Command("login", params=[]),
    ]
    page = reference.page_of(click.Group("main", commands=commands, help="Commands."))
    assert page.count("`--json`") == 1
    assert page.endswith(
        "## send\n\n`odoo-batch send FILE [OPTIONS]`\n\nSend a file. Then wait.\n\n"
        "| option | |\n|---|---|\n| `--limit N` | At most. Unless given: 20. |\n"
    )
    assert "| [`list`](#list) | List \\_\\_all. |\n" in page
