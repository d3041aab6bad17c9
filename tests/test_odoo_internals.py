"""The private parts of Odoo that this addon uses.

Odoo may change them in any build of a release. These tests fail first then, and say for what each
part is used, so that whoever upgrades knows where to look.
"""

import collections
import inspect

from odoo import fields
from odoo.models import BaseModel, fix_import_export_id_paths
from odoo.modules.registry import Registry
from odoo.service.model import get_public_method
from odoo.sql_db import Cursor
from odoo.tests import TransactionCase
from odoo.tests.common import tagged
from odoo.tools import config, mute_logger

from odoo.addons.base.models.ir_cron import IrCron
from odoo.addons.base.models.ir_fields import IrFieldsConverter
from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.addons.base.models.ir_model import IrModelData
from odoo.addons.base.models.ir_module import IrModuleModule
from odoo.addons.base.models.res_lang import ResLang
from odoo.addons.base.models.res_users import ResUsers
from odoo.addons.bus.models.bus_listener_mixin import BusListenerMixin
from odoo.addons.bus.models.ir_websocket import IrWebsocket

# (owner, name, parameters without self and cls, for what the addon uses it)
METHODS = [
    (BaseModel, "_extract_records", "field_paths data log limit", "load: rows to nested values"),
    (BaseModel, "_convert_records", "records log savepoint", "load: texts to values"),
    (BaseModel, "_load_records", "data_list update", "load: write or create, with external ids"),
    (BaseModel, "_sql_error_to_message", "exc", "the sentence of a constraint"),
    (BaseModel, "_filtered_access", "operation", "which records of an upsert the owner sees"),
    (BaseModel, "_check_field_access", "field operation", "whether a key may be read"),
    (BaseModel, "_field_to_sql", "alias field_expr query", "the columns of a key"),
    (fields.Field, "_description_string", "env", "the label of a field, in a language"),
    (IrModelData, "_lookup_xmlids", "xml_ids model", "many external ids by one query"),
    (IrModelData, "_update_xmlids", "data_list update", "external ids of upserted records"),
    (IrModuleModule, "_installed", "", "whether an external id has a module's name"),
    (ResLang, "_get_data", "kwargs", "whether the language of a context is installed"),
    (ResUsers, "_get_company_ids", "", "the companies of the owner's environment"),
    (IrFieldsConverter, "_referencing_subfield", "record", "columns such as country_id/code"),
    (IrFieldsConverter, "db_id_for", "model field subfield value savepoint", "the same columns"),
    (
        IrFieldsConverter,
        "_format_import_error",
        "error_type error_msg error_params error_args",
        "errors of the same columns",
    ),
    (IrMail_Server, "_disable_send", "", "no mail leaves in a dry run"),
    (IrCron, "_notifydb", "", "wakes the cron workers"),
    (IrCron, "_trigger", "at", "a runner that comes back"),
    (IrCron, "_commit_progress", "processed remaining deactivate", "a runner's sign of life"),
    (IrWebsocket, "_build_bus_channel_list", "channels", "who may watch a job"),
    (BusListenerMixin, "_bus_send", "notification_type message subchannel", "the counters"),
    (Registry, "clear_cache", "cache_names", "caches that a rolled-back operation has filled"),
    (Registry, "clear_all_caches", "", "caches that a dry run has filled"),
    (Registry, "reset_changes", "", "a registry that an operation has changed"),
    (Registry, "signal_changes", "", "tells other processes of invalidated caches"),
    (
        Registry,
        "check_signaling",
        "cr",
        "whether the registry of a runner is still the present one",
    ),
    (Cursor, "execute", "query params log_exceptions", "refuses statements that end a transaction"),
]


@tagged("post_install", "-at_install")
class TestOdooInternals(TransactionCase):
    def test_private_methods_have_their_parameters(self):
        """Each private method of Odoo that the addon calls or overrides has its parameters."""
        for owner, name, parameters, use in METHODS:
            with self.subTest(method=f"{owner.__name__}.{name}", use=use):
                method = getattr(owner, name, None)
                self.assertIsNotNone(method, f"Odoo has it no more; it was used for: {use}")
                known = inspect.signature(method).parameters
                names = [one for one in known if one not in ("self", "cls")]
                self.assertEqual(names, parameters.split())

    def test_commit_hooks_can_be_put_back(self):
        """What waits for the commit is a deque of functions and a dict of data that may both be
        replaced: a failed operation's hooks are taken out so."""
        for name in ("precommit", "postcommit", "prerollback", "postrollback"):
            callbacks = getattr(self.env.cr, name)
            with self.subTest(hooks=name):
                self.assertIsInstance(callbacks._funcs, collections.deque)
                self.assertIsInstance(callbacks.data, dict)
                before, data = collections.deque(callbacks._funcs), dict(callbacks.data)
                callbacks.add(self.fail)
                callbacks._funcs, callbacks.data = before, data
                self.assertNotIn(self.fail, callbacks._funcs)

    def test_the_commit_of_the_connection_can_be_shadowed(self):
        """An attribute of the connection refuses a commit that goes past the cursor."""
        connection = self.env.cr.connection
        connection.commit = self.fail
        self.addCleanup(vars(connection).pop, "commit", None)
        self.assertEqual(self.env.cr.connection.commit, self.fail)

    def test_a_savepoint_flushes_before_it_begins_and_forgets_when_it_is_rolled_back(self):
        """A failed operation leaves nothing in the cache, and takes nothing of the ones before."""
        partner = self.env["res.partner"].create({"name": "Acme"})
        partner.name = "before"
        with self.assertRaises(ZeroDivisionError), self.env.cr.savepoint():
            partner.name = "after"
            1 / 0  # noqa: B018
        self.assertEqual(partner.name, "before")

    def test_deferred_computations_run_in_the_default_environment(self):
        """The environment of a flush can be made the owner's."""
        transaction = self.env.transaction
        self.assertIs(transaction.default_env.transaction, transaction)
        user_env = self.env(user=self.env.ref("base.user_admin"), su=False)
        before = transaction.default_env
        self.addCleanup(setattr, transaction, "default_env", before)
        transaction.default_env = user_env
        self.assertIs(transaction.default_env, user_env)

    def test_the_registry_says_what_was_invalidated(self):
        """Caches that an operation has invalidated are known by name."""
        registry = self.env.registry
        self.assertIsInstance(registry.cache_invalidated, set)
        self.assertIs(registry.registry_invalidated, False)
        before = set(registry.cache_invalidated)
        self.addCleanup(registry.cache_invalidated.intersection_update, before)
        registry.clear_cache()
        self.assertIn("default", registry.cache_invalidated)

    def test_rows_of_an_external_id(self):
        """`_lookup_xmlids` gives tuples of seven columns; the last one is null without a record."""
        self.env["ir.model.data"].create(
            {"module": "__test__", "name": "gone", "model": "res.partner", "res_id": 2**31 - 1}
        )
        partners = self.env["res.partner"]
        (row,) = self.env["ir.model.data"]._lookup_xmlids(["__test__.gone"], partners)
        self.assertEqual(row[1:], ("__test__", "gone", "res.partner", 2**31 - 1, False, None))

    def test_external_ids_that_cannot_be_written_are_logged_where_the_filter_stands(self):
        """The log of a failing operation is kept quiet by the names of these loggers."""
        with (
            mute_logger("odoo.sql_db"),
            self.assertLogs("odoo.addons.base.models.ir_model", "ERROR"),
            self.assertRaises(Exception),  # noqa: B017
            self.env.cr.savepoint(),
        ):
            row = {"xml_id": "__test__.x\0", "record": self.env.user, "noupdate": False}
            self.env["ir.model.data"]._update_xmlids([row])

    def test_columns_of_an_import(self):
        """`fix_import_export_id_paths` cuts a column into its path."""
        self.assertEqual(fix_import_export_id_paths("a_id/b_id:id"), ["a_id", "b_id", "id"])
        self.assertEqual(fix_import_export_id_paths("a_id.id"), ["a_id", ".id"])

    def test_the_import_asks_for_a_flush(self):
        """`load()` passes two keys in the context that the addon fills in its place."""
        source = inspect.getsource(BaseModel.load)
        for key in ("import_flush", "import_cache", "_import_current_module"):
            self.assertIn(key, source)

    def test_what_a_call_may_call_is_odoos_own_rule(self):
        """`get_public_method` gives a function, and refuses what RPC may not call."""
        partners = self.env["res.partner"]
        self.assertTrue(callable(get_public_method(partners, "action_archive")))
        for name, error in (("_search", Exception), ("no_such_method", AttributeError)):
            with self.subTest(name=name), self.assertRaises(error):
                get_public_method(partners, name)
        self.assertTrue(get_public_method(partners, "name_search")._api_model)

    def test_what_makes_values_of_a_create(self):
        """The hooks by which a model may store other values than it is given."""
        for name in ("create", "_create", "_prepare_create_values", "_add_precomputed_values"):
            self.assertTrue(callable(vars(BaseModel).get(name)), name)

    def test_a_constraint_knows_its_message(self):
        """`_table_objects` has the constraints of a model by their name in the database."""
        states = self.env["res.country.state"]
        constraint = states._table_objects["res_country_state_name_code_uniq"]
        self.assertEqual(constraint.message, "The code of the state must be unique by country!")

    def test_the_limits_of_a_cron_worker(self):
        """The time limits are options of Odoo's configuration."""
        for name in ("limit_time_real", "limit_time_real_cron", "limit_time_cpu"):
            self.assertIn(name, config.options)
