"""A matrix: who tries in which way to learn what a hidden column holds."""

import json

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools import mute_logger

JOB, OPERATION, CHUNK = "batch.job", "batch.job.operation", "batch.job.chunk"
HIDDEN = {
    JOB: ("run_context", "body_hash", "part_hashes", "on_end", "on_end_value", "cause_counts"),
    OPERATION: ("payload", "value", "makes", "subject", "replaced"),
}
TEXTS = (
    "payload_text",
    "value_text",
    "title",
    "subject_text",
    "content_table",
    "replaced_text",
)
PRIVATE = "very private"
ONE_RECORD = ("onchange", "get_field_translations")
COUNT = {"aggregates": ["__count"]}


def of_a_column(name):
    """(method, arguments, whether it takes ids) of each way to a column of a model."""
    filled = [(name, "ilike", "private")]
    return [
        ("read", {"fields": [name]}, True),
        ("web_read", {"specification": {name: {}}}, True),
        ("export_data", {"fields_to_export": [name]}, True),
        ("copy_data", {}, True),
        ("onchange", {"values": {}, "field_names": [], "fields_spec": {name: {}}}, True),
        ("web_save", {"vals": {}, "specification": {name: {}}}, True),
        ("web_resequence", {"specification": {name: {}}, "field_name": name}, True),
        ("write", {"vals": {name: "x"}}, True),
        ("get_field_translations", {"field_name": name}, True),
        ("search_read", {"domain": [], "fields": [name]}, False),
        ("web_search_read", {"domain": [], "specification": {name: {}}}, False),
        ("search", {"domain": filled}, False),
        ("search", {"domain": [(f"{name}.values", "=", PRIVATE)]}, False),
        ("search_count", {"domain": [(name, "!=", False)]}, False),
        ("name_search", {"name": "", "domain": filled}, False),
        ("web_name_search", {"name": "", "specification": {name: {}}}, False),
        ("search", {"domain": [], "order": f"{name} desc, id"}, False),
        ("search", {"domain": [], "order": f"{name}.values"}, False),
        ("read_group", {"domain": [], "fields": [], "groupby": [name]}, False),
        ("web_read_group", {"domain": [], "groupby": [name], **COUNT}, False),
        ("formatted_read_group", {"domain": [], "groupby": [name], **COUNT}, False),
        ("formatted_read_group", {"domain": [], "aggregates": [f"{name}:array_agg"]}, False),
        (
            "formatted_read_group",
            {"domain": [], "groupby": ["state"], "having": [(f"{name}:max", "!=", "a")], **COUNT},
            False,
        ),
        (
            "formatted_read_group",
            {"domain": [], "groupby": ["state"], "order": f"{name}:max", **COUNT},
            False,
        ),
        (
            "formatted_read_grouping_sets",
            {"domain": [], "grouping_sets": [[name]], **COUNT},
            False,
        ),
        ("create", {"vals_list": [{name: "x"}]}, False),
    ]


def through_the_job(name):
    """Ways from a job to a column of its operations."""
    filled = [(name, "ilike", "private")]
    inner = {name: {}}
    return [
        ("search", {"domain": [(f"operation_ids.{name}", "ilike", "private")]}, False),
        ("search", {"domain": [("operation_ids", "any", filled)]}, False),
        ("export_data", {"fields_to_export": [f"operation_ids/{name}"]}, True),
        ("web_read", {"specification": {"operation_ids": {"fields": inner}}}, True),
        ("web_read", {"specification": {"problem_ids": {"fields": inner}}}, True),
        ("web_read", {"specification": {"operation_ids": {"fields": {}, "order": name}}}, True),
        ("write", {"vals": {"operation_ids": [Command.create({name: "x"})]}}, True),
    ]


def through_a_part(name):
    """Ways from an operation or a chunk to a column of its job."""
    filled = [(name, "ilike", "private")]
    return [
        ("search", {"domain": [(f"job_id.{name}", "ilike", "private")]}, False),
        ("search", {"domain": [("job_id", "any", filled)]}, False),
        ("formatted_read_group", {"domain": [], "groupby": [f"job_id.{name}"], **COUNT}, False),
        ("export_data", {"fields_to_export": [f"job_id/{name}"]}, True),
        ("web_read", {"specification": {"job_id": {"fields": {name: {}}}}}, True),
    ]


@tagged("post_install", "-at_install")
class TestHiddenColumns(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        company = cls.env["res.company"].create({"name": "Another"})
        user, exports = "base.group_user,base.group_partner_manager", "base.group_allow_export"
        manager = f"{user},{exports},batch_job.group_manager"
        at_another = {"company_id": company.id, "company_ids": [Command.set(company.ids)]}
        cls.owner = new_test_user(cls.env, "hidden_owner", f"{user},{exports}")
        cls.admin = cls.env.ref("base.user_admin")
        cls.manager = new_test_user(cls.env, "hidden_manager", manager)
        cls.outsiders = (
            new_test_user(cls.env, "hidden_other", f"{user},{exports}"),
            new_test_user(cls.env, "hidden_elsewhere", manager, **at_another),
            new_test_user(cls.env, "hidden_portal", "base.group_portal"),
            cls.env.ref("base.public_user"),
        )
        jobs = cls.env[JOB].with_user(cls.owner)
        good = {"op": "create", "model": "res.partner.category", "values": {"name": PRIVATE}}
        bad = {**good, "values": {"nmae": PRIVATE}}
        cls.job = jobs.browse(jobs.execute([good, bad])["id"])
        cls.env.cr.execute(
            """
            UPDATE batch_job SET run_context = %(text)s::jsonb, part_hashes = %(text)s::jsonb,
                                 on_end = %(text)s::jsonb, on_end_value = %(text)s::jsonb,
                                 body_hash = %(text)s
             WHERE id = %(job)s;
            UPDATE batch_job_operation SET value = %(text)s::jsonb, makes = %(text)s
             WHERE job_id = %(job)s
            """,
            {"text": json.dumps([PRIVATE]), "job": cls.job.id},
        )
        cls.env.invalidate_all()
        cls.ids = {
            JOB: cls.job.ids,
            OPERATION: cls.job.operation_ids.ids,
            CHUNK: cls.job.chunk_ids.ids,
        }

    def call(self, user, model, method, arguments, with_ids):
        """What RPC would answer, as text; None if it is refused."""
        ids = self.ids[model][: 1 if method in ONE_RECORD else None]
        savepoint = self.env.cr.savepoint()
        try:
            with mute_logger("odoo.models", "odoo.addons.base.models.ir_rule"):
                answer = call_kw(
                    self.env(user=user)[model], method, [ids] if with_ids else [], arguments
                )
        except UserError:  # an AccessError is one, as is the refusal to export anything
            return None
        finally:
            # a refused call may leave records half read
            savepoint.close(rollback=True)
            self.env.invalidate_all()
        return json.dumps(answer, default=str, ensure_ascii=False)

    def ways(self, most):
        """(model, method, arguments, whether it takes ids) for hidden columns.

        :param most: columns of each model
        """
        for model, names in HIDDEN.items():
            for name in names[:most]:
                yield from ((model, *way) for way in of_a_column(name))
        for name in HIDDEN[OPERATION][:most]:
            yield from ((JOB, *way) for way in through_the_job(name))
        for name in HIDDEN[JOB][:most]:
            for model in (OPERATION, CHUNK):
                yield from ((model, *way) for way in through_a_part(name))

    def test_nobody_reaches_a_hidden_column(self):
        """No way of the ORM leads anybody to a hidden column, not even the owner."""
        tried = 0
        for user in (self.owner, self.admin, self.manager, *self.outsiders):
            # who may read no job at all is stopped before any column
            most = 1 if user in self.outsiders else None
            for model, method, arguments, with_ids in self.ways(most):
                with self.subTest(user=user.login, model=model, method=method, given=arguments):
                    self.assertIsNone(self.call(user, model, method, arguments, with_ids))
                tried += 1
        self.assertGreater(tried, 700)

    def test_managers_see_empty_texts(self):
        """The texts that views show of the content are empty for a manager, filled for the owner
        and administrators; others get no record."""
        for model, method, arguments in (
            (OPERATION, "read", {"fields": TEXTS}),
            (OPERATION, "web_read", {"specification": {name: {} for name in TEXTS}}),
            (OPERATION, "export_data", {"fields_to_export": TEXTS}),
            (JOB, "export_data", {"fields_to_export": [f"operation_ids/{one}" for one in TEXTS]}),
            (
                JOB,
                "web_read",
                {"specification": {"operation_ids": {"fields": {name: {} for name in TEXTS}}}},
            ),
            (
                JOB,
                "web_read",
                {"specification": {"problem_ids": {"fields": {name: {} for name in TEXTS}}}},
            ),
        ):
            arguments = (model, method, arguments, True)
            with self.subTest(arguments=arguments):
                for user in (self.owner, self.admin):
                    self.assertIn(PRIVATE, self.call(user, *arguments))
                seen = self.call(self.manager, *arguments)
                self.assertIn("Create: Partner Tags", seen)
                self.assertNotIn(PRIVATE, seen)
                for user in self.outsiders:
                    self.assertIsNone(self.call(user, *arguments))

    def test_texts_in_a_list(self):
        """Lists and groups show a manager no content, and others no operation."""
        specification = {name: {} for name in TEXTS}
        unfolded = {"auto_unfold": True, "unfold_read_specification": specification}
        for method, arguments in (
            ("search_read", {"domain": []}),
            ("web_search_read", {"domain": [], "specification": specification}),
            ("web_read_group", {"domain": [], "groupby": ["state"], **COUNT, **unfolded}),
        ):
            arguments = (OPERATION, method, arguments, False)
            with self.subTest(arguments=arguments):
                self.assertIn(PRIVATE, self.call(self.owner, *arguments))
                seen = self.call(self.manager, *arguments)
                self.assertIn("Create: Partner Tags", seen)
                self.assertNotIn(PRIVATE, seen)
                for user in self.outsiders:
                    found = self.call(user, *arguments)
                    self.assertIn(found, (None, "[]", *EMPTY_LISTS))

    def test_refusal_at_another_company(self):
        """A manager of another company is refused in words, with the developer mode's longer
        messages as well."""
        elsewhere = self.outsiders[1]
        elsewhere.group_ids += self.env.ref("base.group_no_one")
        for model in (OPERATION, CHUNK):
            with self.assertRaisesRegex(AccessError, "job of another user or company"):
                self.env(user=elsewhere)[model].browse(self.ids[model]).read()


EMPTY_LISTS = ('{"length": 0, "records": []}', '{"groups": [], "length": 0}')
