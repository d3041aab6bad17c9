"""A bar on the terminal while a file is sent or results are read; the bar disappears afterwards."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO, TypeVar

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn

from .._packing import PART_BYTES
from .._rpc import PAGE

T = TypeVar("T")


class TransferLine:
    """A bar on standard error, if that is a terminal; else nothing.

    What is over at once has no bar: files that go in one request, and a page of results.

    :param title: what is done, such as ``Sending a.csv``
    :param is_shown: False shows nothing on a terminal either
    """

    def __init__(self, title: str, *, counts_bytes: bool = False, is_shown: bool = True) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn() if counts_bytes else MofNCompleteColumn(),
            console=console,
            transient=True,
            redirect_stdout=False,  # what is for a pipe goes to the pipe
            redirect_stderr=False,
        )
        self._title = title
        self._is_shown = is_shown and sys.stderr.isatty() and not console.is_dumb_terminal
        self._is_on = False
        self._lock = threading.RLock()  # the thread of the client prints the job's id

    def reading(self, file: BinaryIO, size: int | None) -> BinaryIO:
        """Return the file as one whose reading moves the bar.

        :param size: in bytes; None if nobody knows
        """
        if not self._is_shown:
            return file
        task = self._progress.add_task(self._title, total=size)

        def advance(count: int) -> None:
            self._progress.advance(task, count)
            if not self._is_on and self._progress.tasks[0].completed > PART_BYTES:
                self._turn(on=True)

        return io.BufferedReader(_Watched(file, advance))

    def counting(self, items: Iterable[T], total: int | None) -> Iterator[T]:
        """Yield the items; each moves the bar."""
        if not self._is_shown or (total is not None and total <= PAGE):
            return iter(items)
        self._turn(on=True)
        return iter(self._progress.track(items, total=total, description=self._title))

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the bar away while something else is printed."""
        with self._lock:
            was_on = self._is_on
            self._turn(on=False)
            try:
                yield
            finally:
                self._turn(on=was_on)

    def _turn(self, *, on: bool) -> None:
        with self._lock:
            if on and not self._is_on:
                self._progress.start()
            elif self._is_on and not on:
                self._progress.stop()
            self._is_on = on

    def __enter__(self) -> TransferLine:
        _open.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _open.remove(self)
        self._turn(on=False)


_open: list[TransferLine] = []  # of the terminal there is one


@contextmanager
def beside_bars() -> Iterator[None]:
    """Take the bar away, if there is one, while something else is printed."""
    with ExitStack() as stack:
        for line in _open:
            stack.enter_context(line.aside())
        yield


class _Watched(io.RawIOBase):
    def __init__(self, file: BinaryIO, advance: Callable[[int], None]) -> None:
        self._file = file
        self._advance = advance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._advance(len(data))
        return len(data)
