"""A real Odoo server: master, HTTP workers, cron workers, each a process."""

import os
import signal
import socket
import subprocess

import httpx
from waiting import wait_until


class Server:
    def __init__(self, database, log, workers=2, cron_workers=2, options=(), environment=None):
        self.database = database
        self.log = log
        self.http_workers = workers
        self.starts = 0
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        websocket_port = free_port()
        self.websocket_url = f"ws://127.0.0.1:{websocket_port}/websocket"
        self._environment = {**os.environ, **(environment or {})}
        self._command = [
            *(os.environ["BATCH_JOB_PYTHON"], os.environ["BATCH_JOB_ODOO"]),
            f"--database={database.name}",
            f"--addons-path={os.environ['BATCH_JOB_ADDONS_PATH']}",
            f"--logfile={log}",
            f"--http-port={self.port}",
            f"--gevent-port={websocket_port}",
            f"--workers={workers}",
            f"--max-cron-threads={cron_workers}",
            *options,
        ]
        self._cron_workers = cron_workers
        self._process = None

    def start(self):
        """Start it, and wait until it answers and its cron workers listen."""
        self.starts += 1
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_until("the server answers", self._answers)
        wait_until("its cron workers listen", self._all_listen)
        return self

    def stop(self):
        """End the server and its workers at once: what they leave behind is a test's own affair."""
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()

    def ask_to_stop(self):
        """What `systemctl stop` and `docker stop` send; Odoo then ends by itself."""
        os.kill(self._process.pid, signal.SIGTERM)

    def wait_for_end(self, patience):
        """The exit status; fails if the server does not end."""
        return self._process.wait(patience)

    def runs(self):
        return self._process.poll() is None

    def kill(self, process):
        """`kill -9` one of this server's own workers; it is gone when this returns."""
        assert process in self.processes(), f"{process} is no worker of this server"
        os.kill(process, signal.SIGKILL)
        wait_until("the killed process is gone", lambda: process not in self.processes())

    def kill_cron_workers(self):
        for worker in self.cron_workers():
            self.kill(worker)

    def suspend(self, process):
        """`kill -STOP`: it lives and does nothing, as on a machine that hangs."""
        assert process in self.processes(), f"{process} is no worker of this server"
        os.kill(process, signal.SIGSTOP)
        wait_until("it is suspended", lambda: _state_of(process) == "T")

    def go_on(self, process):
        os.kill(process, signal.SIGCONT)

    def processes(self):
        """The master's children that live."""
        return [pid for pid, parent, state in _all_processes() if self._is_child(parent, state)]

    def main_process(self):
        """The master, or the one process of a threaded server."""
        return self._process.pid

    def cron_workers(self):
        """The children that listen for the scheduled actions' triggers."""
        listening = self.database.column(
            "SELECT substr(application_name, 6)::int FROM pg_stat_activity"
            " WHERE datname = 'postgres' AND application_name ~ '^odoo-[0-9]+$'"
        )
        return sorted(set(listening).intersection(self.processes()))

    def age(self, process):
        """Seconds since one of this server's workers was started."""
        with open(f"/proc/{process}/stat") as stat, open("/proc/uptime") as uptime:
            started = int(stat.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
            return float(uptime.read().split()[0]) - started

    def log_text(self):
        with open(self.log, errors="replace") as log:
            return log.read()

    def _is_child(self, parent, state):
        return parent == self._process.pid and state != "Z"

    def _all_listen(self):
        if self.http_workers:
            return len(self.cron_workers()) == self._cron_workers
        # threads of one process, which all sign with its id
        listening = self.database.value(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = 'postgres' AND application_name = %s",
            f"odoo-{self._process.pid}",
        )
        return listening == self._cron_workers

    def _answers(self):
        assert self.runs(), f"the server ended; see {self.log}"
        try:
            # without `verify` each look would first read all certificates of the machine
            url = f"{self.url}/web/health"
            return httpx.get(url, timeout=30, verify=False).status_code == 200
        except httpx.TransportError:
            return False


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _state_of(process):
    return next((state for pid, _parent, state in _all_processes() if pid == process), None)


def _all_processes():
    """(id, parent's id, state) of each process."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as stat:
                state, parent = stat.read().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        yield int(name), int(parent), state
