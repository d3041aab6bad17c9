"""`scripts/demo` beside other programs: its key goes to its own server, which outlives a reload."""

import os
import re
import signal
import subprocess
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from database import Database
from odoo_batch_job import BatchJobError, Client
from samples import ROOT
from waiting import wait_until

STATE = ROOT / ".odoo"
STARTING = re.compile(r"starting Odoo at (http://127\.0\.0\.1:(\d+)) ")
PATIENCE = 300  # seconds for an installation on a busy machine


class Demo:
    """`scripts/demo` under a name of the tests' own, beside the developer's."""

    def __init__(self, name):
        self.name = name
        self.env, self.pid_file = STATE / f"{name}.env", STATE / "run" / f"{name}.pid"
        self.log = STATE / "log" / f"{name}.log"

    def start(self):
        return subprocess.Popen(
            [ROOT / "scripts/demo"],
            env={**os.environ, "BATCH_JOB_DEMO_NAME": self.name},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self):
        process = self.start()
        said, complaints = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, complaints
        return said, complaints.splitlines()

    @property
    def pid(self):
        return int(self.pid_file.read_text())

    def run_once(self):
        if not self.pid_file.exists():
            self.run()

    def command(self):
        """The command line of its server; empty when it has ended."""
        try:
            return Path(f"/proc/{self.pid}/cmdline").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return ""

    def client(self):
        lines = self.env.read_text().splitlines()
        told = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        return Client(
            told["ODOO_URL"], database=told["ODOO_DB"], api_key=told["ODOO_API_KEY"], timeout=5
        )

    def remove(self):
        if self.pid_file.exists():
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for path in (self.env, self.pid_file, self.log, STATE / f"{self.name}.lock"):
            path.unlink(missing_ok=True)
        Database(self.name).drop()


@pytest.fixture(scope="module")
def demo():
    made = Demo(f"{os.environ['BATCH_JOB_TEMPLATE_DB']}_demo")
    made.remove()
    Database.copy(made.name, os.environ["BATCH_JOB_BASE_DB"])  # Odoo's own part takes half a minute
    yield made
    made.remove()


class Foreign(ThreadingHTTPServer):
    """Another program's server: whatever is asked, it says 200."""

    def __init__(self, port):
        self.asked = asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append((self.path, dict(self.headers)))
                self.send_response(200)
                self.end_headers()

            do_POST = do_GET

            def log_message(self, *arguments):
                pass

        super().__init__(("127.0.0.1", port), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


def test_port_that_another_program_takes_gets_no_request(demo):
    """The port is taken between choice and start: another one is chosen, and no key goes there."""
    process = demo.start()
    found = next(filter(None, map(STARTING.search, process.stderr)))
    foreign = Foreign(int(found[2]))
    try:
        said, complaints = process.communicate(timeout=PATIENCE)
    finally:
        foreign.shutdown()
        foreign.server_close()
    assert (process.returncode, foreign.asked) == (0, [])
    assert f"another program has taken the port {found[2]}" in complaints
    own = STARTING.search(complaints)[1]
    assert own != found[1]
    assert f"The job's form:     {own}/odoo/batch-jobs/1" in said


def test_server_that_runs_is_used_and_one_rate_is_said(demo):
    """A second run starts nothing, and says the rate of the whole once."""
    demo.run_once()
    before = demo.pid
    said, complaints = demo.run()
    assert (demo.pid, complaints) == (before, [])
    total, seconds, rate = (
        float(re.search(pattern, said)[1].replace(",", ""))
        for pattern in (
            r"([\d,]+) operations sub",
            r"([\d.]+) s from the",
            r"([\d,]+) operations/s",
        )
    )
    assert rate == pytest.approx(total / seconds, rel=0.1)
    ended = [line for line in said.splitlines() if "100 %" in line and "running" not in line]
    assert [line for line in ended if "/s" in line] == []


def test_server_outlives_a_reload(demo):
    """Odoo starts itself again, as at a memory limit: the same process answers with the addon."""
    demo.run_once()
    pid, command = demo.pid, demo.command()
    os.kill(pid, signal.SIGHUP)
    wait_until("Odoo has started itself again", lambda: demo.command() not in (command, ""))
    with demo.client() as client:
        assert wait_until("it answers", lambda: jobs_of(client)) > 0
    assert demo.pid == pid


def jobs_of(client):
    with suppress(BatchJobError):  # it is on its way
        return client.call("batch.job", "search_count", {"domain": []}, repeatable=True)


def test_server_that_is_gone_is_started_again(demo):
    """A process that left its pid file behind is no cause of a message; its key is used again."""
    demo.run_once()
    key = demo.env.read_text().splitlines()[-1]
    os.kill(demo.pid, signal.SIGKILL)
    wait_until("it is gone", lambda: not demo.command())
    _said, complaints = demo.run()
    assert [line.split()[:2] for line in complaints] == [
        ["demo:", "installing"],
        ["demo:", "starting"],
    ]
    assert demo.env.read_text().splitlines()[-1] == key
