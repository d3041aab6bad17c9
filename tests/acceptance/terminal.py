"""A program in a terminal of a test's own: what it draws, what is typed, how it ends."""

import os
import pty
import re
import select
import signal
import subprocess
import time

from waiting import PATIENCE

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """Runs a command in a pseudo-terminal of 120 columns."""

    def __init__(self, command, environment):
        self._master, slave = pty.openpty()
        environment = {**environment, "TERM": "xterm", "COLUMNS": "120", "LINES": "40"}
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: os.set_inheritable(slave, True),
        )
        os.close(slave)
        self.drawn = ""

    def wait_for(self, pattern):
        """Read until it has drawn what fits, escape sequences left out."""
        end = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.text)):
            assert time.monotonic() < end, f"not drawn: {pattern}; but {self.text!r}"
            assert self._read(0.2), f"ended without {pattern}: {self.text!r}"
        return found

    def interrupt(self):
        """Ctrl-C."""
        os.killpg(self._process.pid, signal.SIGINT)

    def kill(self):
        """kill -9."""
        self._process.kill()
        self.end()

    def end(self):
        """Wait for its end; give its exit code."""
        while self._read(PATIENCE):
            pass
        os.close(self._master)
        return self._process.wait(PATIENCE)

    @property
    def text(self):
        return ESCAPES.sub("", self.drawn)

    def _read(self, seconds):
        """Read what is there; False at the end."""
        if not select.select([self._master], [], [], seconds)[0]:
            return self._process.poll() is None
        try:
            read = os.read(self._master, 65536)
        except OSError:  # Linux says so when the other side is closed
            return False
        self.drawn += read.decode(errors="replace")
        return bool(read)
