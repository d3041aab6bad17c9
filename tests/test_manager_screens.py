"""What a manager is offered on the screens of other people's jobs works for the manager."""

from lxml import etree

from odoo.exceptions import UserError
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools.safe_eval import safe_eval

from ..dispatch.locked_job import LockedJob
from ..execution.orm.view_expressions import values_in_view

OWNER = "base.group_user,base.group_partner_manager"
MANAGER = "base.group_user,batch_job.group_manager"
TAGS = "res.partner.category"
SECRETS = "ir.config_parameter"  # nobody but Settings administrators may read it
# what stands on the form of each job
ALWAYS = {"action_open_operations", "action_open_chunks"}
ENDED = {"action_open_records", "action_open_failed", "action_open_chunks"}
OFFERED = {
    "draft": {"action_start", "action_cancel"},
    "queued": {"action_pause", "action_cancel", "action_refresh"},
    "running": {"action_pause", "action_cancel", "action_refresh"},
    "paused": {"action_resume", "action_cancel"},
    "halted": {"action_resume", "action_resume_skip", "action_cancel", "action_open_failed"},
    "done": {"action_open_records"},
    "partial": {"action_retry", *ENDED},
    "failed": {"action_retry", "action_open_failed"},
    "cancelled": {"action_retry_cancelled"},
    "trial": {"action_run_for_real", "action_open_failed"},
    "trial in part": {"action_run_for_real", "action_retry", "action_open_failed"},
}


class _Undo(Exception):
    """Takes back what a button has done."""


def create(**values):
    return {"op": "create", "model": TAGS, "values": values}


def offered(record, kind):
    """The methods of the buttons that a view shows for a record."""
    arch = etree.fromstring(record.get_view(view_type=kind)["arch"])
    found = {}
    for node in arch.iter("button"):
        above = list(node.iterancestors())
        if node.get("type") == "object" and not any(one.tag == "field" for one in above):
            found[node] = [one.get("invisible") for one in (node, *above) if one.get("invisible")]
    (values,) = values_in_view(record, {one for hiding in found.values() for one in hiding})
    return {
        node.get("name")
        for node, hiding in found.items()
        if not any(safe_eval(one, dict(values)) for one in hiding)
    }


class ManagerCase(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = new_test_user(cls.env, "screens_owner", OWNER)
        cls.manager = new_test_user(cls.env, "screens_manager", MANAGER)
        cls.jobs = cls.env["batch.job"].with_user(cls.owner)

    def submit(self, *operations, **options):
        return self.jobs.browse(self.jobs.submit(list(operations), **options)["id"])

    def execute(self, *operations):
        return self.jobs.browse(self.jobs.execute(list(operations))["id"])

    def change(self, job, **values):
        LockedJob.lock(self.env, job.id).set(**values)
        return job

    def seen(self, record):
        """A record as the manager has it on the screen."""
        self.env.invalidate_all()
        return record.with_user(self.manager).with_context(lang="en_US", tz="UTC")

    def press(self, records, method, *arguments):
        """Press a button, open what it opens, and take it back; gives what went wrong."""
        try:
            with self.env.cr.savepoint():
                self.open(getattr(records, method)(*arguments))
                raise _Undo
        except _Undo:
            return None
        except UserError as error:  # AccessError is one
            return f"{type(error).__name__}: {error}"

    def open(self, action):
        """Read what the web client reads to show an action."""
        if not action or action["type"] != "ir.actions.act_window":
            return
        model = self.env[action["res_model"]].with_user(self.manager)
        model = model.with_context(**action.get("context", {}))
        model.get_views(action["views"])
        if action.get("res_id"):
            model.browse(action["res_id"]).web_read({"display_name": {}})
        else:
            model.web_search_read(action["domain"], {"display_name": {}})

    def assert_pressed(self, records, methods):
        problems = {method: self.press(records, method) for method in methods}
        self.assertEqual({name: why for name, why in problems.items() if why}, {})


@tagged("post_install", "-at_install")
class TestManagersJobs(ManagerCase):
    def in_each_state(self):
        """A job of the owner in each state in which the form may be opened."""
        mixed = self.execute(create(name="A"), create())
        halted = self.submit(create(name="A"), create(), policy="stop")
        paused = self.submit(create(name="A"))
        paused.pause()
        cancelled = self.submit(create(name="A"), create(name="B"))
        cancelled.cancel()
        running = self.submit(create(name="A"))
        trials = [self.execute(create(name="A"), create()) for _n in range(2)]
        return {
            "draft": self.submit(create(name="A"), start=False),
            "queued": self.submit(create(name="A")),
            "running": self.change(running, state="running"),
            "paused": paused,
            "halted": self.change(halted, state="paused", failed=1, needs_runner=False),
            "done": self.execute(create(name="A")),
            "partial": mixed,
            "failed": self.execute(create()),
            "cancelled": cancelled,
            "trial": self.change(trials[0], dry_run=True),
            "trial in part": self.change(trials[1], dry_run=True, untried=1),
        }

    def test_form(self):
        """In each state the form has exactly these buttons, and each of them works."""
        for state, job in self.in_each_state().items():
            with self.subTest(state=state):
                job = self.seen(job)
                found = offered(job, "form")
                self.assertEqual(found - ALWAYS, OFFERED[state] - ALWAYS)
                self.assert_pressed(job, found)
                self.assertFalse(job.can_delete)

    def test_causes_and_downloads(self):
        """Rows, file and retry of a cause work, and so does each download of an ended job."""
        job = self.seen(self.execute(create(name="A"), create()))
        (cause,) = job.causes
        cause = {key: cause[key] for key in ("type", "model", "field", "constraint")}
        for method in ("action_open_cause", "action_retry_cause"):
            self.assertIsNone(self.press(job, method, cause))
        for kind in ("csv", "xlsx"):
            for state in ("failed", "all"):
                file, _name, _type = job._rows_file(kind, state)
                self.assertGreater(file.seek(0, 2), 0)
            file, _name, _type = job._rows_file(kind, "failed", cause)
            self.assertGreater(file.seek(0, 2), 0)

    def test_selection(self):
        """Above the list each verb is asked about and done to the jobs that it fits."""
        jobs = self.seen(self.jobs.union(*self.in_each_state().values()))
        arch = etree.fromstring(jobs.get_view(view_type="list")["arch"])
        methods = [node.get("name") for node in arch.iterfind("header/button")]
        self.assertEqual(len(methods), 4)
        for method in methods:
            verb = method.removeprefix("action_").removesuffix("_selected")
            question = jobs.selection_question(verb)
            message = jobs._press_each(verb)["params"]["message"].splitlines()[0]
            self.assertRegex(message, rf"^{question['count']} \w+")
        self.assertEqual(offered(jobs[:1], "kanban"), set())

    def test_overview(self):
        """The buttons of the overview work: pause, and what mends the queue."""
        job = self.change(self.submit(create(name="A")), state="running")
        seen = self.seen(job).overview()
        self.assertEqual([one["can_pause"] for one in seen["jobs"] if one["id"] == job.id], [True])
        self.assert_pressed(self.seen(job), ["action_pause"])
        mends = {one["mend"] for one in seen["troubles"]} - {None}
        self.assertLessEqual(mends, {"wake"})
        self.assertIsNone(self.press(self.seen(self.jobs), "mend_queue", "wake"))


@tagged("post_install", "-at_install")
class TestManagersRows(ManagerCase):
    def test_rows(self):
        """The rows have no button that needs the owner; their records can be opened."""
        rows = self.seen(self.execute(create(name="A"), create()).operation_ids)
        self.assertEqual([row.can_edit for row in rows], [False, False])
        for row, buttons in zip(rows, ({"action_open_record"}, set()), strict=True):
            for kind in ("form", "list", "kanban"):
                found = offered(row, kind)
                self.assertEqual(found, set() if kind == "kanban" else buttons)
                self.assert_pressed(row, found)

    def test_records_that_a_manager_may_not_read(self):
        """Where the manager may not read the records, *Done* opens the rows instead, and a row
        offers no record; the owner opens both."""
        self.owner.group_ids += self.env.ref("base.group_system")
        values = {"key": "batch_job.test", "value": "x"}
        job = self.execute({"op": "create", "model": SECRETS, "values": values})
        self.assertEqual(job.state, "done")
        self.assertEqual(job.action_open_records()["res_model"], SECRETS)
        self.assertIn("action_open_record", offered(job.operation_ids, "form"))
        job = self.seen(job)
        self.assertEqual(job.action_open_records()["res_model"], "batch.job.operation")
        self.assert_pressed(job, offered(job, "form"))
        self.assertEqual(offered(job.operation_ids, "form"), set())


@tagged("post_install", "-at_install")
class TestManagersSchedules(ManagerCase):
    def test_form(self):
        """Of somebody else's schedule a manager is offered to pause it, or to let it go on."""
        given = {"name": "Nightly", "model": TAGS, "domain": "[]", "action": {"kind": "archive"}}
        schedule = self.env["batch.job.schedule"].with_user(self.owner).create(given)
        seen = self.seen(schedule)
        self.assertEqual(offered(seen, "form"), {"action_pause"})
        self.assert_pressed(seen, ["action_pause"])
        schedule.pause()
        seen = self.seen(schedule)
        self.assertEqual(offered(seen, "form"), {"action_resume"})
        self.assert_pressed(seen, ["action_resume"])
        self.assertEqual(offered(seen, "list") | offered(seen, "kanban"), set())
        self.assertFalse(seen.may_edit)

    def test_jobs_of_a_schedule(self):
        """The number of its jobs leads to them."""
        given = {"name": "Nightly", "model": TAGS, "domain": "[]", "action": {"kind": "archive"}}
        schedule = self.env["batch.job.schedule"].with_user(self.owner).create(given)
        job = self.execute(create(name="A"))
        self.change(job, schedule_id=schedule.id)
        seen = self.seen(schedule)
        self.assertEqual(offered(seen, "form"), {"action_pause", "action_open_jobs"})
        self.assert_pressed(seen, ["action_open_jobs"])
