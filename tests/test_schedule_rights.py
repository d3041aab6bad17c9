"""Nobody does more by a schedule than as oneself, and nobody has somebody else's schedule."""

from lxml import etree

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools.convert import convert_file

from .schedule_cases import VALUE, ScheduleCase

SCHEDULE = "batch.job.schedule"


@tagged("post_install", "-at_install")
class TestWhoHasIt(ScheduleCase):
    """Whose schedule it is; each is tried through RPC."""

    def setUp(self):
        super().setUp()
        secret = {"kind": "update", "values": {"name": "zebra"}}
        self.mine = self.schedule(domain="[('name', '=', 'giraffe')]", action=secret)

    def columns(self):
        self.renew()
        self.cr.execute("SELECT * FROM batch_job_schedule WHERE id = %s", [self.mine.id])
        return self.cr.dictfetchone()

    def assert_unchanged(self, before):
        self.assertEqual(self.columns(), before)

    def test_others_neither_see_nor_change_it(self):
        """Another user neither sees nor changes a schedule."""
        before, ids = self.columns(), self.mine.ids
        for method in ("status", "pause", "resume", "run_now"):
            reply = self.rpc(self.other, SCHEDULE, method, ids)
            message = f"Schedule {self.mine.id} does not exist, or you have no right to see it."
            self.assertEqual((reply.status, reply.message), (404, message))
        for method, arguments in (
            ("write", {"vals": {"name": "mine"}}),
            ("write", {"vals": {"active": False}}),
            ("unlink", {}),
            ("read", {}),
        ):
            self.assert_forbidden(self.rpc(self.other, SCHEDULE, method, ids, **arguments))
        reply = self.rpc(self.other, SCHEDULE, "search_read", domain=[], fields=["name"])
        self.assertEqual(reply, (200, []))
        self.assert_unchanged(before)

    def test_a_portal_user(self):
        """Who may not submit jobs has no schedules."""
        portal = self.new_user(self._testMethodName, "base.group_portal")
        given = {"name": "x", "model": "res.partner", "action": {"kind": "archive"}}
        self.assert_forbidden(self.rpc(portal, SCHEDULE, "create", vals_list=[given]))
        self.assert_forbidden(self.rpc(portal, SCHEDULE, "search_read", domain=[], fields=["name"]))

    def test_manager_pauses_but_edits_nothing(self):
        """A manager reads what a schedule does and pauses it, but edits and sees no content."""
        ids, before = self.mine.ids, self.columns()
        fields = ["name", "what", "domain", "content", "may_edit", "user_id"]
        (seen,) = self.rpc(self.manager, SCHEDULE, "read", ids, fields=fields).body
        self.assertEqual((seen["name"], seen["what"]), ("Nightly", self.mine.what))
        self.assertIn("Update Name: ", seen["what"])
        self.assertEqual((seen["domain"], seen["content"], seen["may_edit"]), (False,) * 3)
        for vals in ({"name": "x"}, {"active": False}, {"domain": "[]"}, {"next_run": False}):
            self.assert_forbidden(self.rpc(self.manager, SCHEDULE, "write", ids, vals=vals))
        for method in ("unlink", "run_now", "action_open_records"):
            self.assert_forbidden(self.rpc(self.manager, SCHEDULE, method, ids))
        self.assert_unchanged(before)
        self.assertEqual(self.rpc(self.manager, SCHEDULE, "pause", ids).body["active"], False)
        self.assertEqual(self.columns()["note"], f"Paused by {self.manager.name}.")
        self.assertEqual(self.rpc(self.manager, SCHEDULE, "resume", ids).body["active"], True)
        self.assertEqual(self.columns()["user_id"], self.owner.id)

    def test_views_open_for_every_reader(self):
        """The views open for everybody who sees the schedule, say whose content is whose, and have
        no button *New*."""
        for user in (self.owner, self.manager, self.admin):
            schedules = self.env[SCHEDULE].with_user(user)
            for kind in ("list", "kanban", "form"):
                view = schedules.get_views([(False, kind)])
                # a schedule is made in a list or on a job: see the help of the action
                self.assertEqual(etree.fromstring(view["views"][kind]["arch"]).get("create"), "0")
                names = view["models"][SCHEDULE]["fields"]
                shown = schedules.browse(self.mine.id).web_read(dict.fromkeys(names, {}))
                self.assertEqual(shown[0]["name"], "Nightly")
                if kind == "form":
                    self.assertEqual(bool(shown[0]["content"]), user != self.manager)

    def test_a_manager_of_another_company(self):
        """A manager sees the schedules of their companies only."""
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.commit()
        values = {"company_id": company.id, "company_ids": [Command.set(company.ids)]}
        groups = "base.group_user,batch_job.group_manager"
        manager = self.new_user(self._testMethodName, groups, **values)
        self.assertEqual(self.rpc(manager, SCHEDULE, "pause", self.mine.ids).status, 404)

    def test_owner_and_administrators_read_content(self):
        """Filter and values are read by the owner and Settings administrators."""
        fields = ["domain", "content"]
        for user in (self.owner, self.admin):
            (seen,) = self.rpc(user, SCHEDULE, "read", self.mine.ids, fields=fields).body
            self.assertEqual(seen["domain"], "[('name', '=', 'giraffe')]")
            self.assertEqual(seen["content"], '{"name": "zebra"}')
        for name in ("domain_text", "action", "options", "run_context"):
            for user in (self.owner, self.manager, self.admin):
                reply = self.rpc(user, SCHEDULE, "search_count", domain=[[name, "!=", False]])
                self.assert_forbidden(reply)

    def test_rpc_cannot_forge_a_schedule(self):
        """Nobody writes whose a schedule is, what it did and what it copies."""
        before = self.columns()
        for user in (self.owner, self.admin):
            for values in (
                {"user_id": self.admin.id},
                {"company_id": False},
                {"run_context": {}},
                {"options": {}},
                {"action": {"kind": "delete"}},
                {"model": "res.users"},
                {"domain_text": "[]"},
                {"last_result": "started"},
                {"job_ids": [Command.clear()]},
            ):
                reply = self.rpc(user, SCHEDULE, "write", self.mine.ids, vals=values)
                self.assert_forbidden(reply)
                given = {"name": "x", "model": VALUE, "action": {"kind": "delete"}, **values}
                if not values.keys() & {"model", "action"}:
                    self.assert_forbidden(self.rpc(user, SCHEDULE, "create", vals_list=[given]))
        self.assert_forbidden(self.rpc(self.owner, SCHEDULE, "copy", self.mine.ids))
        self.assert_unchanged(before)

    def test_defaults_forge_no_schedule(self):
        """Defaults in the context of the call do not reach what is not written."""
        forged = {"default_user_id": self.admin.id, "default_last_result": "started"}
        given = {"name": "x", "model": VALUE, "action": {"kind": "delete"}}
        context = {**forged, "default_name": "y"}
        reply = self.rpc(self.owner, SCHEDULE, "create", vals_list=[given], context=context)
        schedule = self.env[SCHEDULE].browse(reply.body)
        self.assertEqual((schedule.user_id, schedule.last_result), (self.owner, False))

    def test_an_administrator_takes_it_over(self):
        """Who edits it takes it over, and it keeps its company and its language."""
        self.assertEqual(
            self.rpc(self.admin, SCHEDULE, "write", self.mine.ids, vals={"active": False}).status,
            200,
        )
        before = self.columns()
        self.assertEqual(before["user_id"], self.owner.id)  # a pause is no change of what it does
        vals = {"interval_number": 2}
        self.assertEqual(
            self.rpc(self.admin, SCHEDULE, "write", self.mine.ids, vals=vals).status, 200
        )
        after = self.columns()
        self.assertEqual(after["user_id"], self.admin.id)
        kept = ("company_id", "run_context", "tz", "domain_text", "action")
        self.assertEqual([after[name] for name in kept], [before[name] for name in kept])
        self.assertEqual(self.rpc(self.owner, SCHEDULE, "status", self.mine.ids).status, 404)

    def test_nobody_takes_over_somebody_elses_company(self):
        """Who has no access to the schedule's company does not take it over."""
        company = self.env["res.company"].create({"name": "Far away"})
        values = {"company_ids": [Command.set(company.ids)], "company_id": company.id}
        user = self.new_user("schedule_far_away", **values)
        schedule = self.schedule(user)
        self.assertEqual(schedule.company_id, company)
        reply = self.rpc(self.admin, SCHEDULE, "write", schedule.ids, vals={"name": "mine"})
        self.assertIn(reply.status, (403, 422))
        self.renew()
        self.assertEqual((schedule.user_id, schedule.name), (user, "Nightly"))


@tagged("post_install", "-at_install")
class TestWhatItMay(ScheduleCase):
    """What a user may not do, no schedule does for them: when it is made, taken over and run."""

    def test_a_model_without_access(self):
        """A schedule of what the user may not change is refused."""
        for action in ({"kind": "delete"}, {"kind": "update", "values": {"value": "x"}}):
            with self.assertRaises(AccessError):
                self.schedule(model="ir.config_parameter", domain="[]", action=action)
        for model in ("batch.job", "batch.job.schedule", "ir.cron", "no.such.model"):
            with self.assertRaisesRegex(UserError, f"^No batch job can run on .* {model}"):
                self.schedule(model=model, domain="[]", action={"kind": "delete"})

    def test_a_right_that_was_lost(self):
        """The rights of a run are those that its owner has then."""
        groups = "base.group_user,base.group_partner_manager"
        user = self.new_user("schedule_loser", groups)
        action = {"kind": "update", "values": {"comment": "x"}}
        domain = f"[('id', '=', {self.other.partner_id.id})]"
        schedule = self.schedule(user, model="res.partner", domain=domain, action=action)
        user.group_ids -= self.env.ref("base.group_partner_manager")
        self.commit()
        status = self.run_once(schedule)
        self.assertEqual((status["last_result"], status["job"]), ("refused", None))

    def test_a_copy_with_a_right_that_was_lost(self):
        """So are the rights of a run that copies a job."""
        groups = "base.group_user,base.group_partner_manager"
        user = self.new_user("schedule_copy_loser", groups)
        ids = self.other.partner_id.ids
        write = {"op": "write", "model": "res.partner", "ids": ids, "values": {"comment": "x"}}
        job = self.submit_and_run([write], user)
        schedule = self.schedule(user, copied_from_id=job.id)
        user.group_ids -= self.env.ref("base.group_partner_manager")
        self.commit()
        status = self.run_once(schedule)
        self.assertEqual((status["last_result"], status["job"]), ("refused", None))
        self.assertIn("You are not allowed to modify 'Contact'", status["note"])

    def test_run_finds_what_its_owner_finds(self):
        """A run finds what its owner finds."""
        keys = self.env["test.batch.key"].create([{"name": "seen"}, {"name": "x", "secret": True}])
        self.commit()
        self.addCleanup(self.remove, keys)
        update = {"kind": "update", "values": {"code": "y"}}
        domain = f"[('id', 'in', {keys.ids})]"
        schedule = self.schedule(model="test.batch.key", domain=domain, action=update)
        self.run_once(schedule)
        self.assertEqual(self.jobs_of(schedule).total, 1)

    def remove(self, records):
        self.renew()
        records.unlink()
        self.commit()

    def test_somebody_elses_job(self):
        """Nobody schedules a job of somebody else, a manager and an administrator neither."""
        write = {"op": "write", "model": VALUE, "ids": [1], "values": {"number": 1}}
        job = self.submit([write], self.owner)
        unseen, refused = "or you have no right to see it", "^Only its owner may schedule job"
        for user, words in (
            (self.other, unseen),
            (self.manager, refused),
            (self.admin, refused),
        ):
            with self.assertRaisesRegex(UserError, words):
                self.schedule(user, copied_from_id=job.id)

    def test_schedule_keeps_no_password(self):
        """Passwords are kept in no schedule."""
        user = {"kind": "update", "values": {"password": "s3cret"}}
        with self.assertRaisesRegex(UserError, "^A schedule takes no passwords"):
            self.schedule(self.admin, model="res.users", domain="[]", action=user)
        write = {"op": "write", "model": "res.users", "ids": self.other.ids}
        job = self.submit([{**write, "values": {"password": "s3cret-s3cret"}}], self.admin)
        with self.assertRaisesRegex(UserError, "Operation 0 of job .* holds a password"):
            self.schedule(self.admin, copied_from_id=job.id)

    def test_bad_input_is_refused(self):
        """What cannot be is refused in a sentence, before anything is stored."""
        for values, message in (
            ({"domain": "[('a', '=', user.id)]"}, "domain holds"),
            ({"domain": "[('colour', '=', 1)]"}, "domain is not valid"),
            ({"domain": "[('name', 'is', 1)]"}, "domain is not valid"),
            (
                {"domain": "[('day', '<', 'today -1parsec')]"},
                "domain is not valid: Invalid term",
            ),
            ({"action": {"kind": "explode"}}, "what must be an object with a kind"),
            ({"interval_number": 0}, "a number from 1 to 1000"),
            ({"next_run": "tomorrow"}, "next_run is a time in UTC"),
            ({"name": ""}, "needs a name"),
            ({"copied_from_id": 1}, "Give either model, domain and action"),
        ):
            given = {"model": VALUE, "domain": "[]", "action": {"kind": "delete"}, **values}
            with self.subTest(values=values), self.assertRaisesRegex(UserError, message):
                self.env["batch.job.schedule"].with_user(self.owner).create({"name": "x", **given})
            self.renew()

    def test_superuser_has_no_schedule(self):
        """The superuser has no schedule, and is told how to make one for a user."""
        given = {"name": "x", "model": VALUE, "action": {"kind": "delete"}}
        with self.assertRaisesRegex(UserError, r"with_user\(user\)\.create\(…\)"):
            self.env["batch.job.schedule"].create(given)
        schedule = self.env["batch.job.schedule"].create({**given, "user_id": self.owner.id})
        self.assertEqual(schedule.user_id, self.owner)

    def test_demo_schedule_is_paused(self):
        """The demo data has one schedule, which is paused: nobody's contacts vanish unasked."""
        convert_file(self.env, "batch_job", "demo/batch_job_schedule_demo.xml", {}, noupdate=True)
        schedule = self.env.ref("batch_job.schedule_archive_old_contacts")
        self.assertEqual((schedule.active, schedule.user_id), (False, self.admin))
        self.assertEqual(schedule.what, "Archive: Contact")
