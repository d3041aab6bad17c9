"""JSON-2 as it goes over the wire, without the client's retries: nothing is hidden."""

import threading
from typing import Any, NamedTuple

import httpx
from waiting import PATIENCE, wait_until

AT_REST = ("draft", "paused", "done", "partial", "failed", "cancelled")
WATCH_EVERY = 0.5  # seconds
ASK_EVERY = 0.1  # seconds; more often would take the machine from the runners
PAGE = 10_000  # outcomes


class Reply(NamedTuple):
    code: int
    body: Any


class Rpc:
    """One user's connection to one server."""

    def __init__(self, url, database, key):
        headers = {"Authorization": f"bearer {key}", "X-Odoo-Database": database}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=60)

    def try_call(self, model, method, **arguments) -> Reply:
        response = self._http.post(f"/json/2/{model}/{method}", json=arguments)
        return Reply(response.status_code, response.json())

    def call(self, model, method, **arguments):
        reply = self.try_call(model, method, **arguments)
        assert reply.code == 200, reply
        return reply.body

    def job(self, method, job, **arguments):
        return self.call("batch.job", method, ids=[job], **arguments)

    def submit(self, operations, **options):
        """Submit a job; give its id."""
        return self.call("batch.job", "submit", operations=operations, **options)["id"]

    def results(self, job):
        page = self.job("results", job, limit=PAGE)
        assert page["next"] is None
        return page["results"]

    def wait(self, job, patience=PATIENCE):
        """Ask for the status until the job is at rest; give the last one."""
        return wait_until(f"job {job} at rest", lambda: self._at_rest(job), patience, ASK_EVERY)

    def close(self):
        self._http.close()

    def _at_rest(self, job):
        status = self.job("status", job)
        return status if status["state"] in AT_REST else None


class Watcher:
    """Somebody who looks at a job from time to time, as the client and the form do."""

    def __init__(self, rpc, job):
        self._rpc = rpc
        self._job = job
        self._leaves = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._leaves.set()
        self._thread.join()

    def _watch(self):
        while not self._leaves.wait(WATCH_EVERY):
            try:
                self._rpc.job("status", self._job)
            except httpx.TransportError:
                continue  # the server is being restarted: look again
