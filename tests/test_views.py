"""What the views show, to whom, and who may watch a job live."""

import json
import re

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import file_open

from odoo.addons.bus.tests.common import WebsocketCase

from .view_cases import GROUPS, ViewsCase, create

# by what one starts a job, and where that has its name
DOORS = {
    "Run in Batches…": "batch_job/static/src/run_in_batches/list_controller.js",
    "Actions": "web/static/src/search/action_menus/action_menus.xml",
    "Schedule": "batch_job/static/src/batch_job_schedule/schedule_in_dialog.xml",
    "Import records": "base_import/static/src/import_records/import_records.xml",
    "Import in Background": "batch_job/static/src/import_in_background/import_in_background.xml",
}


@tagged("post_install", "-at_install")
class TestJobViews(ViewsCase):
    def test_everybody_gets_every_view(self):
        """Users and managers get the list, the cards, the form and the search of each model."""
        for user in (self.owner, self.manager):
            for model in ("batch.job", "batch.job.operation"):
                kinds = ["list", "kanban", "form", "search"]
                kinds += ["graph", "pivot"] if model == "batch.job" else []
                views = [(False, kind) for kind in kinds]
                found = self.env[model].with_user(user).get_views(views)["views"]
                self.assertEqual(set(found), set(kinds), model)

    def test_first_screen_names_buttons_that_exist(self):
        """The screen without jobs says by which buttons one starts a job; these have the names that
        it says."""
        text = " ".join(self.env.ref("batch_job.batch_job_action").help.split())
        named = re.findall(r"<i>([^<]+)</i>", text)
        self.assertEqual(set(named), set(DOORS))
        for name, file in DOORS.items():
            with file_open(file) as source:
                self.assertIn(name, source.read())
        self.assertIn("Programs of your company may start jobs with your account", text)

    def test_speed_and_times_are_words(self):
        """Speed, duration and time left are words; what is not known is left out."""
        job = self.execute(create(name="A"))
        self.change(job, succeeded=9_182_000, work_seconds=2 * 3600 + 3 * 60 + 59.0)
        self.assertEqual(job.speed, "1,234 rows per second")
        self.assertEqual(job.duration_text, "2 h 3 min")
        self.assertFalse(job.time_left_text)
        self.change(job, state="running", total=1235, succeeded=1, rate=10.0, finished_at=None)
        self.assertEqual(job.time_left_text, "2 min 3 s")
        self.change(job, state="queued", rate=0.0, work_seconds=None)
        self.assertEqual((job.speed, job.duration_text, job.time_left_text), (False,) * 3)

    def test_problems_first_failed(self):
        """The form lists what was not done, failed ones first, and no more than 40."""
        operations = [create(name=f"T{n}") for n in range(60)]
        operations[50] = create()
        job = self.execute(*operations, policy="all")
        self.assertEqual((job.state, job.not_done), ("failed", 60))
        self.assertEqual(job.problem_ids.mapped("index"), [50, *range(39)])

    def test_problems_of_a_paused_job(self):
        """Policy stop: the culprit is listed though its chunk is back in the queue, uncounted."""
        job = self.execute(create(name="A"), create())
        self.env.cr.execute(
            "UPDATE batch_job_chunk SET state = 'queued', failed = 0, culprit_position = 1"
            " WHERE job_id = %s",
            [job.id],
        )
        self.assertEqual(job.problem_ids.mapped("index"), [1])

    def test_buttons_open_the_jobs_own(self):
        """The buttons on top lead to this job's operations, those that failed, and chunks."""
        job = self.execute(create(name="A"), create())
        self.execute(create())
        for action, count in (
            (job.action_open_operations(), 2),
            (job.action_open_chunks(), 1),
            (job.action_open_failed(), 1),
            (job.action_open_not_done(), 1),
        ):
            self.assertEqual(self.env[action["res_model"]].search_count(action["domain"]), count)
        self.assertEqual(job.action_open_not_done()["name"], "Not Done")

    def test_not_done_and_without_an_error(self):
        """What was rolled back with others, or cancelled, has no error: it is in the list of what
        was not done, too. So is what was skipped for a failure."""
        rolled_back = self.execute(create(name="A"), create(), policy="all")
        child = create(name="A", parent_id={"$ref": "tag"})
        skipped = self.execute({**create(), "ref": "tag"}, child)
        self.assertEqual((skipped.failed, skipped.skipped), (1, 1))
        cancelled = self.execute(create(name="A"), create(), create(name="B"))
        operations = cancelled.operation_ids
        operations._change_state(cancelled.id, ["done"], "cancelled")
        self.env.cr.execute(
            "UPDATE batch_job SET succeeded = 0, skipped = 2, cancelled = 2, state = 'cancelled'"
            " WHERE id = %s",
            [cancelled.id],
        )
        self.env.invalidate_all()
        for job, indexes in ((rolled_back, [0, 1]), (skipped, [0, 1]), (cancelled, [0, 1, 2])):
            action = job.action_open_not_done()
            domain = list(action["domain"])
            if action["context"].get("search_default_not_done"):
                domain.append(("state", "in", ("failed", "skipped", "rolled_back", "cancelled")))
            rows = self.env["batch.job.operation"].with_context(**action["context"]).search(domain)
            self.assertEqual(rows.mapped("index"), indexes)


@tagged("post_install", "-at_install")
class TestOperationViews(ViewsCase):
    def test_title_names_the_record(self):
        """An operation is told in words: what is done to what, and to which, for its owner."""
        tag = self.env["res.partner.category"].create({"name": "A"})
        ids = {"model": tag._name, "ids": tag.ids}
        job = self.execute(
            create(name="Suppliers"),
            create(colour=1),
            {"op": "write", **ids, "values": {"name": "B"}},
            {"op": "call", **ids, "method": "copy"},
            {"op": "unlink", **ids},
            {**create(name="Buyers"), "op": "upsert", "key": ["name"]},
            {"op": "load", "model": tag._name, "fields": ["name"], "row": ["Carriers"]},
        )
        self.assertEqual(
            job.operation_ids.mapped("title"),
            [
                "Create: Partner Tags “Suppliers”",
                "Create: Partner Tags",
                f"Change: Partner Tags {tag.id}",
                f"Call: Partner Tags {tag.id} (copy)",
                f"Delete: Partner Tags {tag.id}",
                "Create or change: Partner Tags “Buyers”",
                "Import: Partner Tags “Carriers”",
            ],
        )

    def test_content_is_the_owners(self):
        """A manager sees that an operation failed, how and in which field, but no value of it."""
        operation = self.execute(create(name="Secret", colour=1)).operation_ids
        self.assertEqual(json.loads(operation.payload_text)["values"]["name"], "Secret")
        seen = operation.with_user(self.manager)
        self.assertEqual((seen.title, seen.state), ("Create: Partner Tags", "failed"))
        self.assertIn("colour", seen.error_text)
        self.assertFalse(seen.error_message)
        self.assertFalse(seen.payload_text)
        self.assertFalse(seen.value_text)

    def test_open_record_shows_what_was_made(self):
        """Open Record leads to the one record made, or to the list of several."""
        one, several = self.execute(
            create(name="A"), {**create(), "values": [{"name": "B"}, {"name": "C"}]}
        ).operation_ids
        action = one.action_open_record()
        self.assertEqual(
            (action["res_model"], action["res_id"], action["views"]),
            ("res.partner.category", one.record_ids[0], [(False, "form")]),
        )
        action = several.action_open_record()
        self.assertEqual(action["domain"], [("id", "in", several.record_ids)])
        self.assertEqual(len(several.record_ids), 2)

    def test_open_record_that_failed(self):
        """A failed change leads to the record that it was to change."""
        bad = {**self.change_of_a_tag(), "values": {"nmae": "B"}}
        operation = self.execute(bad).operation_ids
        self.assertTrue(operation.can_open)
        self.assertEqual(operation.action_open_record()["res_id"], bad["ids"][0])

    def test_open_record_before_it_ran(self):
        """What an operation will change is content until it ran: for its owner only."""
        jobs = self.env["batch.job"].with_user(self.owner)
        change = self.change_of_a_tag()
        operation = jobs.browse(jobs.submit([change])["id"]).operation_ids
        self.assertEqual(operation.action_open_record()["res_id"], change["ids"][0])
        seen = operation.with_user(self.manager)
        self.assertEqual((seen.can_open, seen.title), (False, "Change: Partner Tags"))
        with self.assertRaisesRegex(UserError, "no record to open"):
            seen.action_open_record()

    def change_of_a_tag(self):
        tag = self.env["res.partner.category"].create({"name": "A"})
        return {"op": "write", "model": tag._name, "ids": tag.ids, "values": {"name": "B"}}

    def test_nothing_to_open(self):
        """There is no button where there is no record: deleted, or never made."""
        tag = self.env["res.partner.category"].create({"name": "A"})
        unlink = {"op": "unlink", "model": tag._name, "ids": tag.ids}
        for operation in self.execute(unlink, create()).operation_ids:
            self.assert_nothing_to_open(operation)

    def assert_nothing_to_open(self, operation):
        self.assertFalse(operation.can_open)
        with self.assertRaisesRegex(UserError, "no record to open"):
            operation.action_open_record()

    def test_nothing_to_open_yet_or_any_more(self):
        """What is named by a reference is not there yet; the model of another is gone with its
        app."""
        jobs = self.env["batch.job"].with_user(self.owner)
        refers = {**self.change_of_a_tag(), "ids": [{"$ref": "tag"}]}
        job = jobs.browse(jobs.submit([create(name="A") | {"ref": "tag"}, refers])["id"])
        self.assert_nothing_to_open(job.operation_ids[1])
        gone = self.execute(create(name="B")).operation_ids
        gone.sudo().model = "gone.with.its.app"
        self.assert_nothing_to_open(gone)


@tagged("post_install", "-at_install")
class TestWhoMayWatch(WebsocketCase):
    def test_only_readers_of_the_job_get_its_messages(self):
        """A job's channel gives its messages to the owner and to a manager; to another user who
        asks for it, by whatever name, nothing."""
        owner = new_test_user(self.env, "watch_owner", GROUPS)
        manager = new_test_user(self.env, "watch_manager", f"{GROUPS},batch_job.group_manager")
        other = new_test_user(self.env, "watch_other", GROUPS)
        jobs = self.env["batch.job"].with_user(owner)
        job = jobs.browse(jobs.execute([create(name="A")])["id"])
        self.assertEqual(self.received_by(owner, job), ["batch_job/progress", "end"])
        self.assertEqual(self.received_by(manager, job), ["batch_job/progress", "end"])
        self.assertEqual(self.received_by(other, job), ["end"])

    def received_by(self, user, job):
        """The types of the messages a user gets who asks for the job's channel and an open one."""
        session = self.authenticate(user.login, user.login)
        socket = self.websocket_connect(cookie=f"session_id={session.sid};")
        self.env.cr.precommit.run()
        names = [f"batch_job:{job.id}", f"batch.job,{job.id}", f"batch_job:{10**30}", "open to all"]
        self.subscribe(socket, names, self.env["bus.bus"]._bus_last_id())
        job._bus_send("batch_job/progress", {"id": job.id})
        self.env["bus.bus"]._sendone("open to all", "end", {})
        self.trigger_notification_dispatching([job, "open to all"])
        return [one["message"]["type"] for one in json.loads(socket.recv())]
