"""What the tests in a real database have in common.

Odoo's own cases keep a test in one transaction and roll it back. A runner cannot work in that: it
commits after each claim and each chunk. So these commit, as the server does, and a class deletes at
its end what it has made.
"""

from datetime import timedelta
from typing import Any, NamedTuple

import requests

from odoo import SUPERUSER_ID, Command, api, fields
from odoo.modules.registry import Registry
from odoo.service import server
from odoo.tests import BaseCase
from odoo.tests.common import HOST, get_db_name
from odoo.tools import mute_logger

from ..dispatch.locked_job import LockedJob
from ..dispatch.slots import Slots

TIMEOUT = 60  # seconds a request may take


def url_of(path):
    """On the server that runs the tests."""
    return f"http://{HOST}:{server.server.httpd.server_port}{path}"


class Reply(NamedTuple):
    """What JSON-2 answered: the HTTP status and the decoded body."""

    status: int
    body: Any

    @classmethod
    def of(cls, response: requests.Response):
        return cls(response.status_code, response.json())

    @property
    def message(self) -> str:
        """The sentence of an error."""
        return self.body["message"]


class CommittedCase(BaseCase):
    """Tests with real commits; `self.env` is the superuser's on a cursor of the test's own.

    `cleans` names models: their records made by this class are deleted at its end, in this order,
    after its jobs and before its users.
    """

    cleans: tuple[str, ...] = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = Registry(get_db_name())
        cls.cr = cls.registry.cursor()
        cls.addClassCleanup(cls.cr.close)
        cls.env = api.Environment(cls.cr, SUPERUSER_ID, {})
        cls.admin = cls.env.ref("base.user_admin")
        cls._keys = {}
        cls._clean_later()

    def setUp(self):
        super().setUp()
        self.addCleanup(self.renew)

    @classmethod
    def _clean_later(cls):
        marks = {}
        for name in ("batch.job", *cls.cleans, "res.users", "res.company", "res.partner"):
            newest = cls._all(name).search([], order="id desc", limit=1)
            marks.setdefault(name, newest.id or 0)
        cls.addClassCleanup(cls._clean, marks)
        cls.addClassCleanup(cls._forget_messages, cls.env["bus.bus"]._bus_last_id())

    @classmethod
    def _clean(cls, marks):
        cls.renew()
        # by SQL: the ORM refuses to delete a job that has not ended
        cls.cr.execute("DELETE FROM batch_job WHERE id > %s", [marks.pop("batch.job")])
        for name, newest in marks.items():
            cls._all(name).search([("id", ">", newest)]).unlink()
        slots = Slots(cls.env).all()
        cls.env["ir.cron.trigger"].search([("cron_id", "in", slots.ids)]).unlink()
        cls.commit()

    @classmethod
    def _forget_messages(cls, last_before):
        """A page that a later test opens hears what the bus got within the last 50 seconds."""
        cls.renew()
        cls.cr.execute("DELETE FROM bus_bus WHERE id > %s", [last_before])
        cls.commit()

    @classmethod
    def _all(cls, model):
        return cls.env[model].with_context(active_test=False)

    @classmethod
    def commit(cls):
        """Make everybody see what the test has done, and the test what others have."""
        cls.cr.commit()  # pylint: disable=invalid-commit  # the point of this case
        cls.env.invalidate_all()
        cls.registry.signal_changes()

    @classmethod
    def renew(cls):
        """Drop what was not committed and see what others have done meanwhile."""
        cls.cr.rollback()
        cls.env.transaction.reset()

    @classmethod
    def new_user(cls, login, groups="base.group_user", **values):
        """A user, committed; in `groups` (external ids, separated by commas) and no others."""
        group_ids = [cls.env.ref(group).id for group in groups.split(",")]
        values = {
            "name": login.title(),
            "login": login,
            "group_ids": [Command.set(group_ids)],
        } | values
        user = cls.env["res.users"].with_context(no_reset_password=True).create(values)
        cls.commit()
        return user

    # Jobs

    def submit(self, operations, user=None, **options):
        """Submit as `user`, admin unless told, and commit; gives the job in their environment."""
        jobs = self.env["batch.job"].with_user(user or self.admin)
        job = jobs.browse(jobs.submit(operations, **options)["id"])
        self.commit()
        return job

    def run_jobs(self, slot=0):
        """Be the runner: do every chunk that can be done now, on a cursor of its own."""
        self.commit()
        with self.registry.cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {})["batch.job"]._run_slot(slot)
        self.renew()

    def submit_and_run(self, operations, user=None, **options):
        """Submit, run, give the job."""
        job = self.submit(operations, user, **options)
        self.run_jobs()
        return job

    def locked(self, job) -> LockedJob:
        """The job's row, locked by the test's transaction."""
        return LockedJob.lock(self.env, job.id)

    def outcomes(self, job):
        """All outcomes of a job, in order."""
        return job.results(limit=10_000)["results"]

    def states(self, job):
        """The state of each operation of a job, in order."""
        return [outcome["state"] for outcome in self.outcomes(job)]

    def assert_counters(self, job, state, succeeded=0, failed=0, skipped=0, remaining=0):
        """The job's state and counters are exactly these, and they add up."""
        status = job.status()
        expected = (state, succeeded, failed, skipped, remaining)
        found = tuple(
            status[key] for key in ("state", "succeeded", "failed", "skipped", "remaining")
        )
        self.assertEqual(found, expected)
        self.assertEqual(status["total"], succeeded + failed + skipped + remaining)

    # RPC

    @classmethod
    def key_of(cls, user):
        """An API key of the user, the same one for the whole class."""
        if user.id not in cls._keys:
            tomorrow = fields.Datetime.now() + timedelta(days=1)
            keys = cls.env["res.users.apikeys"].with_user(user).sudo()
            cls._keys[user.id] = keys._generate("rpc", "batch_job tests", tomorrow)
            cls.commit()
        return cls._keys[user.id]

    def rpc(self, user, model, method, ids=None, **arguments) -> Reply:
        """Call a method through JSON-2 on the real HTTP server, with an API key of the user."""
        if ids is not None:
            arguments["ids"] = list(ids)
        return self.post(user, f"/json/2/{model}/{method}", json=arguments)

    def post(self, user, path, **arguments) -> Reply:
        """POST to the real HTTP server, with an API key of the user.

        What Odoo logs about a refusal is muted; it is in the reply. The server may never be at
        fault: 500 and above fail the test.
        """
        self.key_of(user)
        self.commit()
        with mute_logger("odoo.http"):
            response = self.request(user, path, **arguments)
        self.renew()
        self.assertLess(response.status_code, 500, response.text)
        return Reply.of(response)

    def request(self, user, path, headers=None, **arguments) -> requests.Response:
        """POST as `user`, and nothing else: once the user has a key, other threads may call it."""
        key = {"Authorization": f"bearer {self.key_of(user)}", "X-Odoo-Database": self.cr.dbname}
        headers = key | (headers or {})
        return requests.post(url_of(path), headers=headers, timeout=TIMEOUT, **arguments)
