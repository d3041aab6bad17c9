"""The line on the terminal while something is sent or read."""

from __future__ import annotations

import io
import logging
import sys

import pytest

from fake_odoo import status
from odoo_batch_job._cli._command import _OnStderr
from odoo_batch_job._cli._results_file import count_of, prints_to_terminal
from odoo_batch_job._cli._transfer import TransferLine, beside_bars
from odoo_batch_job._models import JobStatus


class Screen(io.StringIO):
    """A terminal that remembers what was drawn."""

    def isatty(self) -> bool:
        """Look like a terminal."""
        return True


def screen_of(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Make standard error a terminal; in the test itself, because pytest puts it back before."""
    screen = Screen()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "stderr", screen)
    return screen


def test_reading_moves_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read, of how much; the content is that of the file, and the line goes."""
    screen = screen_of(monkeypatch)
    content = b"0123456789" * 200_000
    with TransferLine("Sending [a].csv", counts_bytes=True) as line:
        read = line.reading(io.BytesIO(content), len(content)).read()
    drawn = screen.getvalue()
    assert read == content
    assert "Sending [a].csv" in drawn
    assert "2.0/2.0 MB" in drawn
    assert drawn.endswith("\x1b[2K")  # the line is erased


def test_size_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of standard input only what was read is known."""
    screen = screen_of(monkeypatch)
    with TransferLine("Sending standard input", counts_bytes=True) as line:
        line.reading(io.BytesIO(b"x" * 1_500_000), None).read()
    assert "1.5/?" in screen.getvalue()


def test_counted_results_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line counts the results that were read."""
    screen = screen_of(monkeypatch)
    with TransferLine("Reading job 7") as line:
        assert list(line.counting(range(5_000), 5_000)) == list(range(5_000))
    assert "5000/5000" in screen.getvalue()


def test_what_is_over_at_once_has_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of one request, and a page of results: the screen does not flicker."""
    screen = screen_of(monkeypatch)
    with TransferLine("Sending") as line:
        assert len(line.reading(io.BytesIO(b"x" * 900_000), None).read()) == 900_000
        assert list(line.counting(range(2_500), 2_500)) == list(range(2_500))
        with beside_bars():
            screen.write("Job 7")
    assert screen.getvalue() == "Job 7"


def test_the_line_makes_room_for_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """While something else is printed, the line is away: it does not end up in it."""
    screen = screen_of(monkeypatch)
    with TransferLine("Sending a.csv") as line:
        list(line.counting(range(3), None))
        with beside_bars():
            screen.write("Job 7\n")
    before, after = screen.getvalue().split("Job 7\n")
    assert before.endswith("\x1b[2K")
    assert "Sending a.csv" in after


def test_messages_of_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the client says while it waits has a line of its own as well."""
    screen = screen_of(monkeypatch)
    with TransferLine("Sending a.csv") as line:
        list(line.counting(range(3), None))
        _OnStderr().emit(logging.makeLogRecord({"msg": "no room yet"}))
    assert "\x1b[2Kno room yet\n" in screen.getvalue()


@pytest.mark.parametrize("terminal", ["none", "dumb", "hidden"])
def test_nothing_is_drawn_without_a_terminal(
    monkeypatch: pytest.MonkeyPatch, terminal: str
) -> None:
    """Without a terminal nothing is drawn, and file and items are what they were."""
    screen = screen_of(monkeypatch)
    if terminal == "none":
        monkeypatch.setattr(screen, "isatty", lambda: False)
        monkeypatch.setenv("FORCE_COLOR", "1")  # rich then takes it for a terminal
    elif terminal == "dumb":
        monkeypatch.setenv("TERM", "dumb")
    file = io.BytesIO(b"x")
    with TransferLine("Sending", is_shown=terminal != "hidden") as line:
        assert line.reading(file, 1) is file
        assert list(line.counting([1, 2], 2)) == [1, 2]
        with beside_bars():
            pass
    assert screen.getvalue() == ""


def test_how_many_results_there_will_be() -> None:
    """As far as the status tells."""
    job = JobStatus.from_json(status(total=9, succeeded=4, failed=3, skipped=2))
    failed = ("failed", "rolled_back", "skipped", "cancelled")
    wanted = {(): 9, ("done",): 4, ("failed",): 3, failed: 5, ("skipped",): None}
    assert {states: count_of(job, states, []) for states in wanted} == wanted
    assert count_of(job, (), [1, 5, 1]) == 2
    assert count_of(job, ("done",), [1]) is None


def test_results_on_a_terminal_have_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of results are in the way of a bar only if both are on the terminal."""
    monkeypatch.setattr(sys, "stdout", Screen())
    shown = {name: prints_to_terminal(name) for name in (None, "-", "a.csv")}
    assert shown == {None: True, "-": True, "a.csv": False}
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert prints_to_terminal(None) is False
