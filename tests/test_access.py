from odoo import Command
from odoo.exceptions import UserError
from odoo.service.model import get_public_method
from odoo.tests import tagged

from .common import CommittedCase

MODEL = "test.batch.value"
GOOD = {"op": "create", "model": MODEL, "values": {"name": "good"}}
SECRET = {"op": "create", "model": MODEL, "values": {"name": "very private"}}


class AccessCase(CommittedCase):
    cleans = (MODEL,)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        prefix = cls.__name__.lower()
        cls.owner = cls.new_user(f"{prefix}_owner")
        cls.other = cls.new_user(f"{prefix}_other")
        groups = "base.group_user,batch_job.group_manager"
        cls.manager = cls.new_user(f"{prefix}_manager", groups)

    def assert_forbidden(self, reply):
        self.assertEqual((reply.status, reply.body["name"].split(".")[-1]), (403, "AccessError"))

    def stored(self, job):
        """All that is stored of a job."""
        self.renew()
        rows = []
        for table, column in (
            ("batch_job", "id"),
            ("batch_job_operation", "job_id"),
            ("batch_job_chunk", "job_id"),
        ):
            self.cr.execute(f"SELECT * FROM {table} WHERE {column} = %s ORDER BY id", [job.id])
            rows.append(self.cr.dictfetchall())
        return rows


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

    def test_others_job(self):
        """Nobody sees or steers another user's job."""
        ids = self.job.ids
        for verb in ("status", "results", "start", "pause", "resume", "cancel", "retry"):
            self.assert_refused(self.other, "batch.job", verb, ids)
        self.assert_refused(self.other, "batch.job", "append", ids, operations=[GOOD], part=0)
        self.assert_refused(self.other, "batch.job", "write", ids, vals={"name": "mine"})
        self.assert_refused(self.other, "batch.job", "unlink", ids)
        for model in ("batch.job", "batch.job.operation", "batch.job.chunk"):
            reply = self.rpc(self.other, model, "search_read", domain=[], fields=["display_name"])
            self.assertEqual(reply, (200, []))

    def test_manager(self):
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

    def test_forged_values(self):
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
            for model in ("batch.job", "batch.job.operation", "batch.job.chunk"):
                values = {"name": "x", "job_id": self.job.id, "state": "queued"}
                self.assert_refused(user, model, "create", vals_list=[values])
            self.assert_refused(user, "batch.job", "copy", self.job.ids)

    def test_every_field(self):
        """Of all fields the owner writes name, priority and eta, and no other."""
        job = self.job.with_user(self.owner)
        allowed = set()
        for name in job._fields:
            values = {name: "renamed" if name == "name" else False}
            reply = self.rpc(self.owner, "batch.job", "write", job.ids, vals=values)
            if reply.status == 200 or reply.body["name"] != "odoo.exceptions.AccessError":
                allowed.add(name)
        self.assertEqual(allowed, {"name", "priority", "eta"})

    def test_delete(self):
        """The owner deletes a job at rest, with its operations; nobody a job that may still run."""
        self.rpc(self.owner, "batch.job", "start", self.job.ids)
        for verb in (None, "pause"):
            if verb:
                self.rpc(self.owner, "batch.job", verb, self.job.ids)
            for user in (self.owner, self.admin):
                reply = self.rpc(user, "batch.job", "unlink", self.job.ids)
                message = "Batch job has not ended; cancel it before you delete it."
                self.assertEqual((reply.status, reply.message), (422, message))
        self.rpc(self.owner, "batch.job", "cancel", self.job.ids)
        self.assertEqual(self.rpc(self.owner, "batch.job", "unlink", self.job.ids), (200, True))
        self.assertEqual(self.stored(self.job), [[], [], []])

    def test_public_methods(self):
        """What RPC can call of our models is the contract and the buttons, and nothing else."""
        contract = {
            "submit", "execute", "append", "status", "results",
            "start", "pause", "resume", "cancel", "retry",
        }  # fmt: skip
        orm = {name for name in dir(self.env["test.batch.abstract"]) if name != "double"}
        found = {}
        for model in (name for name in self.env.registry if name.startswith("batch.job")):
            found[model] = {
                name
                for name in set(dir(self.env[model])) - orm
                if not name.startswith("action_") and is_public(self.env[model], name)
            }
        self.assertEqual(found.pop("batch.job"), contract)
        verbs = {"start", "pause", "resume", "cancel", "retry"}
        self.assertLessEqual(set().union(*found.values()), verbs)
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

    def test_private_methods(self):
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

    def test_refused_models(self):
        """Jobs, scheduled actions and what rebuilds the registry are refused, for everybody."""
        for model in (
            "batch.job",
            "batch.job.operation",
            "batch.job.chunk",
            "batch.job.runner",
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

    def test_record_rules(self):
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

    def test_superuser(self):
        """Neither uid 1 nor sudo may submit; the refusal says what to do."""
        root = self.env["batch.job"]
        for jobs in (root, root.with_user(self.owner).sudo()):
            for method in (jobs.submit, jobs.execute):
                with self.assertRaisesRegex(
                    UserError, r"env\['batch.job'\]\.with_user\(user\)\.submit\(…\)"
                ):
                    method([GOOD])
        with self.assertRaises(UserError):
            self.admin._in_batches("context_get")


@tagged("post_install", "-at_install")
class TestOwner(AccessCase):
    """A job runs as its owner, who must still be there and have the companies."""

    def run_env(self, user, **options):
        arguments = {"operations": [{"op": "call", "model": MODEL, "method": "return_env"}]}
        reply = self.rpc(user, "batch.job", "submit", **arguments, **options)
        self.run_jobs()
        job = self.env["batch.job"].browse(reply.body["id"]).with_user(user)
        (outcome,) = self.outcomes(job)
        return job, outcome["value"]

    def test_environment(self):
        """Operations run as the owner, without superuser rights, in their language, time zone and
        companies, with the context that RPC was given but for keys that steer us."""
        self.owner.tz = "Europe/Brussels"
        sent = {"note": "kept", "cron_id": 1, "lastcall": 2, "batch_job_trick": 3}
        _job, (uid, su, lang, tz, companies, context) = self.run_env(self.owner, context=sent)
        own = [self.owner.id, False, "en_US", "Europe/Brussels", self.owner.company_ids.ids]
        self.assertEqual([uid, su, lang, tz, companies], own)
        self.assertEqual(context.pop("note"), "kept")
        self.assertEqual(context.keys(), {"lang", "tz", "allowed_company_ids"})

    def test_context_of_an_operation(self):
        """An operation's own context is added to the job's, but for keys that steer us."""
        context = {"lang": "en_US", "own": [1], "ir_cron_progress_id": 1, "batch_job_trick": 3}
        call = {"op": "call", "model": MODEL, "method": "return_env", "context": context}
        job = self.submit_and_run([call], user=self.owner)
        found = self.outcomes(job)[0]["value"][-1]
        self.assertEqual(found.keys(), {"lang", "tz", "allowed_company_ids", "own"})

    def test_archived(self):
        """The job of an archived owner is paused and says so; it goes on when they are back."""
        user = self.new_user("archived_owner")
        job = self.submit([GOOD | {"values": {"name": "archived"}}], user=user)
        user.active = False
        self.run_jobs()
        paused = self.rpc(self.manager, "batch.job", "status", job.ids).body
        self.assertEqual((paused["state"], paused["remaining"]), ("paused", 1))
        self.assertEqual(
            paused["error"],
            "The owner, Archived_Owner, is archived. Activate the user, then resume.",
        )
        user.active = True
        self.commit()
        self.rpc(user, "batch.job", "resume", job.ids)
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=1)

    def test_lost_company(self):
        """The job of an owner who has lost a company it needs is paused and says so."""
        company = self.env["res.company"].create({"name": "Lost Company"})
        user = self.new_user(
            "company_owner", company_ids=[Command.set([self.owner.company_id.id, company.id])]
        )
        job, value = self.run_env(user, context={"allowed_company_ids": [company.id]})
        self.assertEqual((value[4], job.company_id), ([company.id], company))
        job = self.in_company(user, company)
        user.company_ids -= company
        self.run_jobs()
        self.assertEqual(
            job.status()["error"],
            "The owner, Company_Owner, has lost access to Lost Company. Give it back, then resume.",
        )
        self.assert_counters(job, "paused", remaining=1)
        user.company_ids += company
        self.commit()
        job.resume()
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=1)

    def in_company(self, user, company):
        jobs = self.env["batch.job"].with_user(user).with_context(allowed_company_ids=company.ids)
        status = jobs.submit([GOOD | {"values": {"name": "lost"}}])
        self.commit()
        return self.env["batch.job"].with_user(user).browse(status["id"])

    def test_manager_of_another_company(self):
        """Managers see the jobs of their companies only."""
        company = self.env["res.company"].create({"name": "Apart Company"})
        user = self.new_user(
            "apart_owner", company_ids=[Command.set(company.ids)], company_id=company.id
        )
        job = self.submit([GOOD], user=user, start=False)
        self.assertEqual(job.company_id, company)
        self.assert_forbidden(self.rpc(self.manager, "batch.job", "status", job.ids))
        self.assert_forbidden(self.rpc(self.manager, "batch.job", "cancel", job.ids))


@tagged("post_install", "-at_install")
class TestContent(AccessCase):
    """What operations carry and return is read by the owner and administrators only."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        call = {"op": "call", "model": MODEL, "method": "return_text", "args": [5]}
        cls.job = cls().submit_and_run([SECRET, call], user=cls.owner)

    def operation_fields(self, user):
        domain = [("job_id", "=", self.job.id)]
        fields = ["index", "state", "payload_text", "value_text"]
        return self.rpc(
            user, "batch.job.operation", "search_read", domain=domain, fields=fields
        ).body

    def test_owner_and_administrator(self):
        """The owner and administrators see payloads and values."""
        for user in (self.owner, self.admin):
            secret, call = self.operation_fields(user)
            self.assertIn("very private", secret["payload_text"])
            self.assertEqual(call["value_text"], '"ééééé"')
            results = self.rpc(user, "batch.job", "results", self.job.ids).body["results"]
            self.assertEqual(results[1]["value"], "ééééé")

    def test_manager(self):
        """A manager sees states and errors, no payload and no value."""
        for operation in self.operation_fields(self.manager):
            self.assertEqual(operation["state"], "done")
            self.assertFalse(operation["payload_text"] or operation["value_text"])
        results = self.rpc(self.manager, "batch.job", "results", self.job.ids).body["results"]
        self.assertEqual([outcome["value"] for outcome in results], [None, None])

    def test_other_ways(self):
        """No other way of the ORM leads to a payload or a value: read, search, order, group,
        export, through the job or by itself."""
        domain = [("job_id", "=", self.job.id)]
        operation, job = "batch.job.operation", "batch.job"
        ids = self.env[operation].search(domain).ids
        for name in ("payload", "value"):
            for user in (self.owner, self.manager, self.admin):
                for model, method, arguments in (
                    (operation, "read", {"ids": ids, "fields": [name]}),
                    (operation, "search", {"domain": [(name, "ilike", "private")]}),
                    (operation, "search", {"domain": [], "order": name}),
                    (operation, "web_read", {"ids": ids, "specification": {name: {}}}),
                    (operation, "export_data", {"ids": ids, "fields_to_export": [name]}),
                    (
                        operation,
                        "formatted_read_group",
                        {"domain": domain, "groupby": [name], "aggregates": ["__count"]},
                    ),
                    (
                        operation,
                        "formatted_read_group",
                        {"domain": domain, "groupby": [], "aggregates": [f"{name}:array_agg"]},
                    ),
                    (job, "search", {"domain": [(f"operation_ids.{name}", "ilike", "private")]}),
                    (
                        job,
                        "export_data",
                        {"ids": self.job.ids, "fields_to_export": [f"operation_ids/{name}"]},
                    ),
                    (
                        job,
                        "web_read",
                        {
                            "ids": self.job.ids,
                            "specification": {"operation_ids": {"fields": {name: {}}}},
                        },
                    ),
                    (job, "read", {"ids": self.job.ids, "fields": ["run_context"]}),
                ):
                    reply = self.rpc(user, model, method, **arguments)
                    with self.subTest(user=user.login, method=method, arguments=arguments):
                        self.assertIn(reply.status, (403, 422))
                        self.assertNotIn("very private", str(reply.body))

    def test_default_read(self):
        """Reading all fields gives no payload to a manager."""
        domain = [("job_id", "=", self.job.id)]
        rows = self.rpc(self.manager, "batch.job.operation", "search_read", domain=domain).body
        self.assertEqual(len(rows), 2)
        self.assertNotIn("very private", str(rows))
        self.assertNotIn("ééééé", str(rows))
