from odoo import Command
from odoo.exceptions import UserError
from odoo.service.model import get_public_method
from odoo.tests import tagged

from .common import CommittedCase
from .rpc_cases import MODEL, AccessCase, create

GOOD = create("good")


@tagged("post_install", "-at_install")
class TestWhoMay(AccessCase):
    """Rights follow authorship; each is tried through RPC, and what is refused changes nothing."""

    def setUp(self):
        super().setUp()
        self.job = self.submit([GOOD], user=self.owner, start=False)
        self.before = self.stored(self.job)

    def assert_refused(self, user, model, method, ids=None, **arguments):
        reply = self.rpc(user, model, method, ids=ids, **arguments)
        with self.subTest(user=user.login, model=model, method=method):
            self.assert_forbidden(reply)
            self.assertEqual(self.stored(self.job), self.before)
        return reply

    def test_others_neither_see_nor_steer_it(self):
        """Nobody sees or steers another user's job."""
        ids = self.job.ids
        arguments = {
            **dict.fromkeys(
                ("status", "results", "history", "start", "pause", "resume", "cancel", "retry"), {}
            ),
            "append": {"operations": [GOOD], "part": 0},
            "write": {"vals": {"name": "mine"}},
        }
        for method, more in arguments.items():
            reply = self.rpc(self.other, "batch.job", method, ids, **more)
            with self.subTest(method=method):
                self.assert_unseen(reply, self.job)
                self.assertEqual(self.stored(self.job), self.before)
        self.assert_refused(self.other, "batch.job", "unlink", ids)
        for model in ("batch.job", "batch.job.operation", "batch.job.chunk", "batch.job.event"):
            reply = self.rpc(self.other, model, "search_read", domain=[], fields=["display_name"])
            self.assertEqual(reply, (200, []))

    def test_who_may_not_use_batch_jobs(self):
        """Who is in none of the groups, a portal user say, cannot submit or execute either."""
        portal = self.new_user(f"{self._testMethodName}", "base.group_portal")
        allowed = {"op": "call", "model": "res.partner", "method": "search_count", "args": [[]]}
        for method in ("submit", "execute"):
            self.assert_refused(portal, "batch.job", method, operations=[allowed])
        self.assertEqual(self.env["batch.job"].search_count([("user_id", "=", portal.id)]), 0)

    def test_limits_of_what_is_written(self):
        """What an owner may change later has the limits that it had at submission."""
        for values in ({"priority": -1001}, {"priority": 2**40}, {"name": ""}, {"name": "x" * 256}):
            reply = self.rpc(self.owner, "batch.job", "write", self.job.ids, vals=values)
            with self.subTest(values=str(values)[:40]):
                self.assertEqual(reply.status, 422)
                self.assertEqual(self.stored(self.job), self.before)
        for verb in ("resume", "retry"):
            flag = {"resume": "skip", "retry": "cancelled"}[verb]
            reply = self.rpc(self.owner, "batch.job", verb, self.job.ids, **{flag: "false"})
            self.assertEqual((reply.status, reply.message), (422, f"{flag} must be true or false."))

    def test_manager_steers_but_changes_nothing(self):
        """A manager steers a job and sees its outcomes, but adds and changes nothing."""
        ids = self.job.ids
        self.assert_refused(self.manager, "batch.job", "append", ids, operations=[GOOD], part=0)
        for values in ({"name": "x"}, {"priority": 1}, {"eta": False}):
            self.assert_refused(self.manager, "batch.job", "write", ids, vals=values)
        states = []
        for verb in ("start", "pause", "resume", "cancel", "retry"):
            options = {"cancelled": True} if verb == "retry" else {}
            states.append(self.rpc(self.manager, "batch.job", verb, ids, **options).body["state"])
        self.assertEqual(states, ["queued", "paused", "queued", "cancelled", "queued"])
        self.run_jobs()
        (outcome,) = self.rpc(self.manager, "batch.job", "results", ids).body["results"]
        self.assertEqual(outcome["state"], "done")
        self.assertEqual(self.env[MODEL].browse(outcome["ids"]).create_uid, self.owner)

    def test_manager_and_admins_job(self):
        """A manager cannot append to an administrator's job."""
        job = self.submit([], user=self.admin, start=False)
        self.job, self.before = job, self.stored(job)
        self.assert_refused(self.manager, "batch.job", "append", job.ids, operations=[GOOD], part=0)

    def test_rpc_cannot_forge_state_or_owner(self):
        """State, owner, outcomes and chunks are not written by RPC, not even by administrators."""
        operations = self.env["batch.job.operation"].search([("job_id", "=", self.job.id)])
        for user in (self.owner, self.manager, self.admin):
            for values in (
                {"state": "queued"},
                {"user_id": self.admin.id},
                {"company_id": False},
                {"succeeded": 1},
                {"needs_runner": True},
                {"run_context": {"uid": 1}},
                {"operation_ids": [Command.delete(operations.id)]},
                {"name": "x", "policy": "all"},
            ):
                self.assert_refused(user, "batch.job", "write", self.job.ids, vals=values)
                self.assert_refused(
                    user, "batch.job", "web_save", self.job.ids, vals=values, specification={}
                )
            self.assert_refused(
                user, "batch.job.operation", "write", operations.ids, vals={"state": "done"}
            )
            self.assert_refused(user, "batch.job.operation", "unlink", operations.ids)
            for model in ("batch.job", "batch.job.operation", "batch.job.chunk", "batch.job.event"):
                values = {"name": "x", "job_id": self.job.id, "state": "queued"}
                self.assert_refused(user, model, "create", vals_list=[values])
            self.assert_refused(user, "batch.job", "copy", self.job.ids)

    def test_owner_writes_name_priority_and_eta(self):
        """Of all fields of a job its owner writes name, priority and eta, and no other."""
        job = self.job.with_user(self.owner)
        allowed = set()
        for name in job._fields:
            values = {name: "renamed" if name == "name" else False}
            reply = self.rpc(self.owner, "batch.job", "write", job.ids, vals=values)
            if reply.status == 200 or reply.body["name"] != "odoo.exceptions.AccessError":
                allowed.add(name)
        self.assertEqual(allowed, {"name", "priority", "eta"})

    def test_only_the_owner_deletes_an_ended_job(self):
        """The owner, no manager, deletes a job at rest, with its operations; nobody one that may
        still run."""
        self.rpc(self.owner, "batch.job", "start", self.job.ids)
        for verb in (None, "pause"):
            if verb:
                self.rpc(self.owner, "batch.job", verb, self.job.ids)
            for user in (self.owner, self.admin):
                reply = self.rpc(user, "batch.job", "unlink", self.job.ids)
                message = "Batch job has not ended; cancel it before you delete it."
                self.assertEqual((reply.status, reply.message), (422, message))
        self.rpc(self.owner, "batch.job", "cancel", self.job.ids)
        self.assert_forbidden(self.rpc(self.manager, "batch.job", "unlink", self.job.ids))
        self.assertEqual(self.rpc(self.owner, "batch.job", "unlink", self.job.ids), (200, True))
        self.assertEqual(self.stored(self.job), [[], [], [], []])

    def test_rpc_calls_only_the_contract(self):
        """What RPC can call of our models is the contract and the buttons, and nothing else."""
        verbs = {"start", "pause", "resume", "cancel", "retry"}
        contract = verbs | {
            "submit", "execute", "append", "status", "results", "history", "duplicate", "correct",
            "correct_file", "throughput",
        }  # fmt: skip
        contract |= {"overview", "mend_queue", "selection_question", "rows_address"}  # of screens
        others = {
            "batch.job.schedule": {"status", "pause", "resume", "run_now"},
            "batch.job.selection": {"offers", "count", "run"},
        }
        orm = {name for name in dir(self.env["test.batch.abstract"]) if name != "double"}
        found = {}
        for model in (name for name in self.env.registry if name.startswith("batch.job")):
            found[model] = {
                name
                for name in set(dir(self.env[model])) - orm
                if not name.startswith("action_") and is_public(self.env[model], name)
            }
        self.assertEqual(found.pop("batch.job"), contract)
        self.assertEqual({model: found.pop(model) for model in others}, others)
        parts = set().union(*found.values())
        self.assertLessEqual(parts, contract.union(*others.values()))
        self.assertFalse(is_public(self.env["res.partner"], "_in_batches"))


def is_public(model, name):
    try:
        return bool(get_public_method(model, name))
    except Exception:
        return False


@tagged("post_install", "-at_install")
class TestWhatMay(AccessCase):
    """What a user may not do, no job does for them."""

    def refuse(self, user, operation, message, status=403):
        self.cr.execute("SELECT count(*) FROM batch_job")
        before = self.cr.fetchone()
        reply = self.rpc(user, "batch.job", "submit", operations=[GOOD, operation])
        with self.subTest(operation=operation):
            self.assertEqual(reply.status, status)
            self.assertIn(f"Operation 1: {message}", reply.message)
            self.cr.execute("SELECT count(*) FROM batch_job")
            self.assertEqual(self.cr.fetchone(), before)

    def test_model_without_access(self):
        """A model that the user may not change is refused at submission, with the index."""
        message = "You are not allowed to %s 'System Parameter' (ir.config_parameter) records."
        model = "ir.config_parameter"
        values = {"key": "k", "value": "v"}
        self.refuse(
            self.other, {"op": "create", "model": model, "values": values}, message % "create"
        )
        self.refuse(
            self.other,
            {"op": "write", "model": model, "ids": [1], "values": values},
            message % "modify",
        )
        self.refuse(self.other, {"op": "unlink", "model": model, "ids": [1]}, message % "delete")
        self.refuse(
            self.other,
            {"op": "call", "model": model, "method": "get_param", "args": ["database.secret"]},
            message % "access",
        )

    def test_private_methods_are_refused(self):
        """A method that RPC cannot call, a job cannot call either."""
        for method in ("_write", "__init__", "private_by_decorator", "sudo", "with_user"):
            call = {"op": "call", "model": MODEL, "ids": [1], "method": method}
            self.refuse(self.admin, call, "Private methods")
        for method in ("name", "env", "create.__func__", "ids"):
            call = {"op": "call", "model": MODEL, "ids": [1], "method": method}
            self.refuse(self.admin, call, "The method", status=422)

    def test_private_method_at_run(self):
        """The rule for methods holds again when the operation runs."""
        job = self.submit([{"op": "call", "model": MODEL, "method": "return_moment"}])
        self.cr.execute(
            "UPDATE batch_job_operation SET payload = payload || %s WHERE job_id = %s",
            ['{"method": "_register_hook"}', job.id],
        )
        self.run_jobs()
        (outcome,) = self.outcomes(job)
        self.assertEqual(outcome["error"]["type"], "access")
        self.assertIn("Private methods", outcome["error"]["message"])

    def test_jobs_and_registry_models_are_refused(self):
        """Jobs, scheduled actions and what rebuilds the registry are refused, for everybody."""
        for model in (
            "batch.job",
            "batch.job.operation",
            "batch.job.chunk",
            "ir.cron",
            "ir.cron.trigger",
            "ir.model",
            "ir.model.fields",
            "ir.module.module",
            "base.module.upgrade",
        ):
            message = f"model {model} cannot be changed by a batch job."
            for operation in (
                {"op": "write", "model": model, "ids": [1], "values": {"active": False}},
                {"op": "unlink", "model": model, "ids": [1]},
                {"op": "call", "model": model, "ids": [1], "method": "read"},
            ):
                self.refuse(self.admin, operation, message, status=422)

    def test_right_lost_after_submission(self):
        """Rights are those at run time: a group that the owner has lost does not count."""
        user = self.new_user("loser", "base.group_user,base.group_partner_manager")
        create = {"op": "create", "model": "res.partner", "values": {"name": "not for loser"}}
        job = self.submit([create, create], user=user)
        user.group_ids -= self.env.ref("base.group_partner_manager")
        self.run_jobs()
        self.assert_counters(job, "failed", failed=2)
        self.assertEqual({o["error"]["type"] for o in self.outcomes(job)}, {"access"})
        self.assertEqual(self.env["res.partner"].search([("name", "=", "not for loser")]).ids, [])

    def test_record_rules_stop_their_records_only(self):
        """A record rule stops the operations on the records it hides, and no others."""
        rule = self.env["ir.rule"].create(
            {
                "name": "small numbers",
                "model_id": self.env["ir.model"]._get_id(MODEL),
                "domain_force": "[('number', '<', 100)]",
            }
        )
        names = [{"name": f"rule {number}", "number": number} for number in (1, 200, 3)]
        records = self.env[MODEL].create(names)
        self.commit()
        self.addCleanup(self.remove, rule)
        job = self.submit_and_run(
            [
                {"op": "write", "model": MODEL, "ids": [one], "values": {"kind": "a"}}
                for one in records.ids
            ],
            user=self.owner,
        )
        self.assertEqual(self.states(job), ["done", "failed", "done"])
        self.assertEqual(self.outcomes(job)[1]["error"]["type"], "access")
        self.assertEqual(records.mapped("kind"), ["a", False, "a"])

    def remove(self, record):
        self.renew()
        record.unlink()
        self.commit()

    def test_superuser_may_not_submit(self):
        """Neither uid 1 nor sudo may submit; the refusal says what to do."""
        root = self.env["batch.job"]
        for jobs in (root, root.with_user(self.owner).sudo()):
            for method in (jobs.submit, jobs.execute):
                with self.assertRaisesRegex(
                    UserError, r"env\['batch.job'\]\.with_user\(user\)\.submit\(…\)"
                ):
                    method([GOOD])
        with self.assertRaisesRegex(UserError, r"with_user\(user\)"):
            self.admin._in_batches("context_get")


@tagged("post_install", "-at_install")
class TestModels(CommittedCase):
    def test_each_abstract_model_is_part_of_a_record(self):
        """Administrators see every model in a list: none is there that only holds functions."""
        ours = [model for model in self.env.values() if model._name.startswith("batch.job")]
        parts = {name for model in ours for name in model._inherit}
        abstract = {model._name for model in ours if model._abstract}
        self.assertEqual(abstract - parts, {"batch.job.selection"})  # its methods are for RPC
        real = {
            "batch.job", "batch.job.operation", "batch.job.chunk", "batch.job.event",
            "batch.job.schedule", "batch.job.schedule.operation",
            "batch.job.correction", "batch.job.row.edit", "batch.job.row.edit.cell",
        }  # fmt: skip
        self.assertEqual({model._name for model in ours} - abstract, real)
