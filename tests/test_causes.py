"""Why operations failed: the values at fault, in people's words, to those who may see them."""

import json

from odoo.tests import tagged

from ..engine.outcomes import Failure, count_causes
from .races import ITEM
from .rpc_cases import MODEL, AccessCase, create

GONE = 2**30  # no record has such an id
TYPE = "test.batch.type"


def load(*row, columns=("name", "user_id"), model=MODEL):
    return {"op": "load", "model": model, "fields": list(columns), "row": list(row)}


class CausesCase(AccessCase):
    cleans = (MODEL, TYPE, "test.batch.key")

    def setUp(self):
        super().setUp()
        self.prefix = self._testMethodName

    def run_as_owner(self, *operations, **options):
        return self.submit_and_run(list(operations), user=self.owner, **options)

    def told(self, job):
        """(count, reason, values) of each cause, as the owner reads them."""
        return [(one["count"], one["reason"], one["values"]) for one in job.causes]

    def one(self, operation, **options):
        """Reason and values of the only cause of an operation that fails."""
        ((count, reason, values),) = self.told(self.run_as_owner(operation, **options))
        self.assertEqual(count, 1)
        return reason, values


@tagged("post_install", "-at_install")
class TestValuesOfCauses(CausesCase):
    def test_three_ids_are_three(self):
        """A thousand failures of one cause say how many different values they have."""
        operations = [
            create(f"{self.prefix} {number}", user_id=GONE + number % 3) for number in range(30)
        ]
        job = self.run_as_owner(*operations, chunk_size=7)
        (cause,) = job.causes
        self.assertEqual(
            (cause["count"], cause["distinct"], sorted(cause["values"])),
            (30, 3, [str(GONE + number) for number in range(3)]),
        )
        self.assertEqual(
            cause["reason"], f"User: no such record, e.g. {cause['values'][0]} (3 values)"
        )

    def test_missing_record_is_named_by_id(self):
        """A cause names the ids of records that are not there."""
        write = {"op": "write", "model": MODEL, "ids": [GONE], "values": {"number": 1}}
        words = "A record that remembers the order of its writes, and returns what it is told"
        self.assertEqual(self.one(write), (f"{words}: no such record: {GONE}", [str(GONE)]))

    def test_missing_reference_is_named_by_id(self):
        """A cause names the id to which nothing belongs, under every policy."""
        operation = create(self.prefix, user_id=GONE)
        for policy in ("isolate", "chunk", "all"):
            with self.subTest(policy=policy):
                found = self.one(operation, policy=policy)
                self.assertEqual(found, (f"User: no such record: {GONE}", [str(GONE)]))

    def test_taken_keys_are_the_examples(self):
        """A cause names taken keys: that of the first violation, and those known then."""
        self.env[MODEL].create([{"name": f"{self.prefix} {number}"} for number in range(5)])
        names = [f"{self.prefix} {number}" for number in range(5)]
        job = self.run_as_owner(*map(create, names), chunk_size=5)
        (cause,) = job.causes
        self.assertEqual((cause["count"], cause["distinct"]), (5, 5))
        self.assertLess(set(cause["values"]), set(names))
        self.assertIn("exists already, e.g. ", cause["reason"])
        self.assertIn(" (5 values)", cause["reason"])

    def test_wrong_value_is_quoted_as_sent(self):
        """A cause quotes the value that was sent: of a selection, of a type, of an inner line."""
        for values, reason, value in (
            ({"kind": "c"}, "Kind: wrong value: c", "c"),
            ({"number": "many"}, "Number: wrong value: many", "many"),
            ({"day": "31/01/2026"}, "Day: wrong value: 31/01/2026", "31/01/2026"),
            ({"line_ids": [[0, 0, {"number": "x"}]]}, "Line: wrong value: x", "x"),
            ({"country_id": "Belgium"}, "Country: no such record: Belgium", "Belgium"),
        ):
            with self.subTest(values=values):
                operation = {"op": "create", "model": TYPE, "values": values}
                self.assertEqual(self.one(operation), (reason, [value]))

    def test_wrong_cell_is_quoted_as_sent(self):
        """A cause quotes the cell: an external id or a name that is not found, or no number."""
        for cells, columns, found in (
            (["a", "my.nobody"], ["name", "user_id/id"], "User: no such record: my.nobody"),
            (["a", "Nobody"], ["name", "user_id"], "User: no such record: Nobody"),
            (["a", "nobody"], ["name", "user_id/login"], "User: no such record: nobody"),
            (["a", "x"], ["name", "number"], "Number: wrong value: x"),
            (["x", "a"], [".id", "name"], "Database ID: wrong value: x"),
        ):
            with self.subTest(columns=columns):
                reason, values = self.one(load(*cells, columns=columns))
                self.assertEqual((reason, values), (found, [found.rpartition(": ")[2]]))

    def test_one_message_of_several_is_an_example(self):
        """Failures that name their own record say so: the message shown is that of one of them."""
        fails = [
            {"op": "call", "model": ITEM, "method": "fail", "args": [f"Ticket {n} is locked."]}
            for n in range(3)
        ]
        job = self.run_as_owner(*fails, chunk_size=1)
        self.assertEqual(self.told(job), [(3, "e.g. Ticket 0 is locked.", [])])
        self.assertEqual(job.causes[0]["message"], "Ticket 0 is locked.")
        alike = self.run_as_owner(fails[0], fails[0])
        self.assertEqual(self.told(alike), [(2, "Ticket 0 is locked.", [])])

    def test_external_ids_and_keys(self):
        """The external id that may not be made, and the key that fits several records."""
        key = "test.batch.key"
        by_id = {"op": "upsert", "model": key, "xml_id": "base.not_there", "values": {"name": "a"}}
        reason, values = self.one(by_id)
        self.assertRegex(reason, ": wrong value: base.not_there$")
        self.assertEqual(values, ["base.not_there"])
        self.env[key].create([{"name": self.prefix}] * 2)
        by_key = {"op": "upsert", "model": key, "key": ["name"], "values": {"name": self.prefix}}
        words = f"Name: Key fits several records: {self.prefix}"
        self.assertEqual(self.one(by_key), (words, [self.prefix]))

    def test_what_has_no_value(self):
        """What is missing, unknown or refused by the application has no value."""
        fail = {"op": "call", "model": MODEL, "method": "fail", "args": ["user"]}
        job = self.run_as_owner({"op": "create", "model": MODEL, "values": {}}, fail)
        self.assertEqual(
            sorted(self.told(job)),
            [(1, "Name is missing", []), (1, "Somebody must do something first.", [])],
        )
        self.assertEqual({one["distinct"] for one in job.causes}, {None})
        reason, values = self.one(create(self.prefix, nmae="x"))
        self.assertTrue(reason.endswith(" has no field “nmae”"), reason)
        self.assertEqual(values, [])

    def test_password_is_no_example(self):
        """A password is no example, though it is what is wrong."""
        wrong = {"op": "create", "model": "res.users", "values": {"password": ["S3cret"]}}
        job = self.submit_and_run([wrong], user=self.admin)
        self.assertEqual(len(job.causes), 1)
        self.assertNotIn("S3cret", str(job.sudo().cause_counts))

    def test_an_operation_keeps_its_own_value(self):
        """The value of a cause does not become what the operation returned."""
        job = self.run_as_owner(create(self.prefix, user_id=GONE))
        (outcome,) = self.outcomes(job)
        self.assertEqual((outcome["state"], outcome["value"]), ("failed", None))
        self.cr.execute("SELECT value FROM batch_job_operation WHERE job_id = %s", [job.id])
        self.assertEqual(self.cr.fetchall(), [(None,)])


@tagged("post_install", "-at_install")
class TestWordsOfCauses(CausesCase):
    def test_labels_in_the_readers_language(self):
        """A label is looked up when the cause is read: in the language of the reader, and not of
        the owner."""
        self.speak_french()
        nameless = {"op": "create", "model": "res.partner.category", "values": {}}
        job = self.submit_and_run([nameless], user=self.admin)
        english, french = (
            job.with_context(lang=lang).causes[0]["reason"] for lang in ("en_US", "fr_FR")
        )
        self.assertTrue(english.startswith(self.label("en_US")), english)
        self.assertTrue(french.startswith("Étiquette"), french)

    def speak_french(self):
        language = self.env["res.lang"]._activate_lang("fr_FR")
        name = self.env["ir.model.fields"]._get("res.partner.category", "name")
        name = name.with_context(lang="fr_FR")
        self.addCleanup(self.commit)
        self.addCleanup(language.write, {"active": False})
        self.addCleanup(name.write, {"field_description": name.field_description})
        name.field_description = "Étiquette"
        self.commit()

    def label(self, lang):
        tags = self.env["res.partner.category"].with_context(lang=lang)
        return tags.fields_get(["name"], ["string"])["name"]["string"]

    def test_a_column_of_another_record(self):
        """A column that leads to another record is told by the labels on the way."""
        partner = {"op": "load", "model": "res.partner"}
        columns = ["name", "child_ids/country_id/id"]
        row = ["a", "my.nowhere"]
        job = self.submit_and_run([{**partner, "fields": columns, "row": row}], user=self.admin)
        (cause,) = job.causes
        self.assertEqual(cause["values"], ["my.nowhere"])
        self.assertRegex(cause["reason"], r"^Contact / Country: no such record: my\.nowhere$")

    def test_a_model_that_is_gone(self):
        """Without its app a model and a field have their technical names."""
        job = self.run_as_owner(create(self.prefix, user_id=GONE))
        self.cr.execute(
            "UPDATE batch_job SET cause_counts = jsonb_set(cause_counts, '{0,model}', %s)"
            " WHERE id = %s",
            ['"no.more"', job.id],
        )
        job.invalidate_recordset()
        self.assertEqual(job.causes[0]["reason"], f"user_id: no such record: {GONE}")

    def test_causes_of_an_older_version(self):
        """Causes without values are shown as they are."""
        job = self.run_as_owner(create(self.prefix, user_id=GONE))
        self.cr.execute(
            "UPDATE batch_job SET cause_counts = jsonb_build_array("
            " (cause_counts->0) - 'values' - 'distinct' - 'seen') WHERE id = %s",
            [job.id],
        )
        job.invalidate_recordset()
        self.assertEqual(self.told(job), [(1, "User: no such record", [])])
        self.assertEqual(job.status()["causes"][0]["distinct"], None)

    def test_other_causes_are_the_last_line(self):
        """What has no entry of its own is one line, the last."""
        job = self.run_as_owner(create(self.prefix, nmae="x"))
        failures = [Failure("unknown_field", "no", MODEL, f"f{number}") for number in range(105)]
        stored = json.dumps(count_causes(failures))
        self.cr.execute("UPDATE batch_job SET cause_counts = %s WHERE id = %s", [stored, job.id])
        job.invalidate_recordset()
        self.assertEqual(len(job.causes), 101)
        self.assertEqual(self.told(job)[-1], (5, "Other causes", []))


@tagged("post_install", "-at_install")
class TestWhoSeesCauses(CausesCase):
    """Values, and messages that quote them, are content: the owner's and administrators'."""

    PRIVATE = "very private"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env[MODEL].create({"name": cls.PRIVATE})
        operations = [create(cls.PRIVATE), load("x", cls.PRIVATE), create("good")]
        cls.job = cls().submit_and_run(operations, user=cls.owner)

    def ways(self):
        """(model, method, ids, arguments) of each way to the causes over RPC."""
        job = self.job.sudo()
        yield "batch.job", "status", job.ids, {}
        yield "batch.job", "history", job.ids, {}
        yield "batch.job", "retry", job.ids, {"state": "skipped"}
        for model, records in (
            ("batch.job", job),
            ("batch.job.chunk", job.chunk_ids),
            ("batch.job.event", job.event_ids),
        ):
            one = {"causes": {}}
            yield model, "read", records.ids, {"fields": ["causes"]}
            yield model, "read", records.ids, {}
            yield model, "web_read", records.ids, {"specification": one}
            yield model, "search_read", None, {"domain": [], "fields": ["causes"]}
            yield model, "web_search_read", None, {"domain": [], "specification": one}
        nested = {"event_ids": {"fields": {"causes": {}}}, "chunk_ids": {"fields": {"causes": {}}}}
        yield "batch.job", "web_read", job.ids, {"specification": nested}

    def test_manager_reads_no_value_by_rpc(self):
        """Whichever way they ask: the owner and administrators read values, a manager the kind of
        error and the field."""
        for model, method, ids, arguments in self.ways():
            with self.subTest(model=model, method=method, arguments=arguments):
                for user in (self.owner, self.admin):
                    reply = self.rpc(user, model, method, ids, **arguments)
                    self.assertEqual(reply.status, 200, reply.body)
                    self.assertIn(self.PRIVATE, str(reply.body))
                seen = self.rpc(self.manager, model, method, ids, **arguments)
                self.assertEqual(seen.status, 200, seen.body)
                self.assertNotIn(self.PRIVATE, str(seen.body))
                self.assertIn("User: no such record", str(seen.body))

    def test_export_has_what_screens_have(self):
        """An export has what the screen has."""
        for user, sees in ((self.owner, True), (self.manager, False)):
            user.group_ids += self.env.ref("base.group_allow_export")
            for path in ("causes", "event_ids/causes", "chunk_ids/causes"):
                rows = self.job.with_user(user).export_data([path])
                self.assertEqual(self.PRIVATE in str(rows), sees, (user.login, path))
        self.renew()

    def test_what_a_manager_reads(self):
        """How many, which kind of error, and the field by its label; no value, no message and no
        number of values."""
        causes = self.rpc(self.manager, "batch.job", "status", self.job.ids).body["causes"]
        unique = next(one for one in causes if one["type"] == "unique")
        reason = f"{self.env[MODEL]._description}: exists already"
        self.assertEqual(
            unique,
            {
                "type": "unique",
                "model": MODEL,
                "field": None,
                "constraint": "test_batch_value_name_unique",
                "message": reason,
                "count": 1,
                "reason": reason,
                "values": [],
                "distinct": None,
            },
        )

    def test_the_stored_ones(self):
        """The column that holds values is nobody's: no read, search, order, group or export."""
        for user in (self.owner, self.admin, self.manager):
            for model in ("batch.job", "batch.job.chunk", "batch.job.event"):
                for method, arguments in (
                    ("search_read", {"domain": [], "fields": ["cause_counts"]}),
                    ("search", {"domain": [("cause_counts", "ilike", "very")]}),
                    ("search", {"domain": [], "order": "cause_counts"}),
                    ("formatted_read_group", {"domain": [], "groupby": ["cause_counts"]}),
                ):
                    with self.subTest(user=user.login, model=model, method=method):
                        reply = self.rpc(user, model, method, **arguments)
                        self.assertIn(reply.status, (403, 422), reply.body)

    def test_others_see_and_open_no_cause(self):
        """Another user sees no cause, and opens none."""
        cause = {"type": "unique", "model": MODEL, "constraint": "test_batch_value_name_unique"}
        for method, arguments in (
            ("status", {}),
            ("retry", {"cause": cause}),
            ("action_open_cause", {"cause": cause}),
            ("action_retry_cause", {"cause": cause}),
        ):
            with self.subTest(method=method):
                reply = self.rpc(self.other, "batch.job", method, self.job.ids, **arguments)
                self.assertIn(reply.status, (403, 404), reply.body)
                self.assertNotIn(self.PRIVATE, str(reply.body))

    def test_rows_of_a_cause(self):
        """*Rows* opens exactly the operations of a cause, to whoever may read the job; a search by
        somebody else finds none."""
        opened = self.rpc(
            self.manager,
            "batch.job",
            "action_open_cause",
            self.job.ids,
            cause={"type": "unique", "model": MODEL, "constraint": "test_batch_value_name_unique"},
        ).body
        operations = self.env["batch.job.operation"]
        for user, indexes in ((self.owner, [0]), (self.manager, [0]), (self.other, [])):
            found = operations.with_user(user).search(opened["domain"])
            self.assertEqual(found.mapped("index"), indexes)
        everything = self.job.action_open_failed()["domain"]
        self.assertEqual(operations.search(everything).mapped("index"), [0, 1])
        for wrong in ("7", "[]", "{}", '{"job": "7"}', '{"job": 7, "cause": {"type": 7}}', "x"):
            reply = self.rpc(
                self.owner,
                "batch.job.operation",
                "search",
                domain=[("failure_of", "=", wrong)],
            )
            self.assertEqual(reply.status, 422, (wrong, reply.body))
            self.assertIn("failure_of is searched for a text", reply.message)
