from odoo.tests import tagged

from ..engine.coalesce import Group
from ..engine.operations import Operation
from ..execution.checks.prechecks import suspects
from .common import CommittedCase

MODEL = "test.batch.value"
GONE = 2_000_000_000


def call(method, *args, ids=(), model=MODEL, **options):
    return {
        "op": "call",
        "model": model,
        "method": method,
        "args": list(args),
        "ids": list(ids),
        **options,
    }


def create(**values):
    return {"op": "create", "model": MODEL, "values": values}


def write(ids, **values):
    return {"op": "write", "model": MODEL, "ids": ids, "values": values}


class OutcomesCase(CommittedCase):
    cleans = (MODEL,)

    def make(self, *names, **values):
        records = self.env[MODEL].create([{"name": name, **values} for name in names])
        self.commit()
        return records

    def run_one(self, operation, **options):
        (outcome,) = self.outcomes(self.submit_and_run([operation], **options))
        return outcome


@tagged("post_install", "-at_install")
class TestReturnValues(OutcomesCase):
    """What a method returns is kept as JSON, as far as it is some; it never fails the operation."""

    def assert_value(self, operation, value, note=None):
        outcome = self.run_one(operation)
        self.assertEqual((outcome["state"], outcome["error"]), ("done", None))
        self.assertEqual(outcome["value"], value)
        self.assertEqual(outcome.get("note"), note)

    def test_recordset_is_kept_as_ids(self):
        """A recordset is kept as its ids."""
        records = self.make("recordset 1", "recordset 2")
        self.assert_value(call("return_self", ids=records.ids), records.ids)

    def test_nested_values_are_kept_as_json(self):
        """Recordsets and dates inside of a value are kept as JSON-2 gives them."""
        first = self.make("nested") and self.env[MODEL].search([], limit=1, order="id")
        self.assert_value(call("return_nested"), {"values": first.ids, "on": ["2030-01-02"]})
        self.assert_value(call("return_moment"), "2030-01-02 03:04:05")

    def test_write_and_unlink(self):
        """Writes and unlinks name their ids and are true; a create names the new ones."""
        records = self.make("to write")
        (created,) = self.run_one(create(name="created"))["ids"]
        self.assertEqual(self.env[MODEL].browse(created).name, "created")
        for operation in (
            write(records.ids, number=1),
            {"op": "unlink", "model": MODEL, "ids": records.ids},
        ):
            outcome = self.run_one(operation)
            self.assertEqual((outcome["ids"], outcome["value"]), (records.ids, True))

    def test_create_of_several(self):
        """An operation may create several records: all of them or none."""
        several = {"op": "create", "model": MODEL, "values": [{"name": "s 1"}, {"name": "s 2"}]}
        half = {"op": "create", "model": MODEL, "values": [{"name": "s 3"}, {"name": "s 1"}]}
        job = self.submit_and_run([several, half])
        good, bad = self.outcomes(job)
        self.assertEqual(self.env[MODEL].browse(good["ids"]).mapped("name"), ["s 1", "s 2"])
        self.assertEqual((bad["state"], bad["error"]["type"]), ("failed", "unique"))
        self.assertEqual(self.env[MODEL].search_count([("name", "=", "s 3")]), 0)

    def test_strange_values_become_null(self):
        """What is not JSON becomes null with a note, and the operation is done."""
        strange = (
            ("set", "The return value, a set, is not plain JSON and was not kept."),
            ("nan", "The return value, a float, is not plain JSON and was not kept."),
            ("nul", "The return value has a NUL character and was not kept."),
            ("half", "The return value, a str, is not plain JSON and was not kept."),
            ("circle", "The return value, a list, is not plain JSON and was not kept."),
            ("tuple keys", "The return value, a dict, is not plain JSON and was not kept."),
            ("bytes", "The return value, a bytes, is not plain JSON and was not kept."),
            ("generator", "The return value, a generator, is not plain JSON and was not kept."),
            ("lazy that fails", "The return value, a lazy, is not plain JSON and was not kept."),
            ("huge number", "The return value, an int, is not plain JSON and was not kept."),
        )
        job = self.submit_and_run([call("return_strange", kind) for kind, _note in strange])
        found = [(o["state"], o["value"], o.get("note")) for o in self.outcomes(job)]
        self.assertEqual(found, [("done", None, note) for _kind, note in strange])

    def test_long_value_is_cut(self):
        """A value over 64 KB is cut, and the note says how much there was."""
        text = self.run_one(call("return_text", 70_000))
        self.assertEqual(text["value"], "é" * 65_536)
        self.assertEqual(text["note"], "The return value was cut: it had 70002 characters of JSON.")
        several = self.run_one(call("return_list", 20_000))
        self.assertEqual(several["value"], list(range(len(several["value"]))))
        self.assertEqual(
            several["note"],
            f"The return value was cut: {len(several['value'])} of 20000 items are kept.",
        )
        self.assert_value(call("return_text", 60_000), "é" * 60_000)

    def test_more_records_than_are_kept(self):
        """Of a recordset too large to keep no ids are kept, and what refers to it fails: a part of
        it would go wrong unnoticed."""
        many = call("return_many", 20_000) | {"ref": "many"}
        rename = call("return_self", ids=[{"$ref": "many"}])
        few = call("return_many", 3) | {"ref": "few"}
        for size in (3, 1):
            first, second, third = self.outcomes(
                self.submit_and_run([many, rename, few], chunk_size=size)
            )
            self.assertEqual((first["state"], first["ids"]), ("done", None))
            self.assertIn(" of 20000 items are kept.", first["note"])
            self.assertEqual(second["error"]["type"], "reference")
            self.assertIn("'many', operation 0, gave more records", second["error"]["message"])
            self.assertEqual(third["ids"], [1, 2, 3])

    def test_empty_values_are_no_suspects(self):
        """A field that is emptied, as Odoo writes it, is not tried apart from its neighbours."""
        values = {"kind": False, "day": False, "user_id": None, "trail": "", "number": 0}
        operation = Operation(0, 0, "write", MODEL, {"ids": [1], "values": values})
        self.assertEqual(suspects(self.env[MODEL], Group("write", MODEL, [operation])), {})

    def test_ids_on_a_model_without_records(self):
        """A model without a table has no record of any id, and says so in words."""
        outcome = self.run_one(call("double", 21, ids=[1], model="test.batch.abstract"))
        self.assertEqual(outcome["error"]["type"], "missing")

    def test_method_without_records(self):
        """A method of a model without records can be called; `each` keeps no values."""
        self.assert_value(call("double", 21, model="test.batch.abstract"), 42)
        records = self.make("each 1", "each 2")
        self.assert_value(call("return_self", ids=records.ids, each=True), None)


@tagged("post_install", "-at_install")
class TestFailures(OutcomesCase):
    """Each failure has a type, names its field and is a sentence for people."""

    def assert_failure(self, operation, error_type, message, field=None):
        outcome = self.run_one(operation)
        self.assertEqual(outcome["state"], "failed")
        self.assertEqual(outcome["error"], {"type": error_type, "message": message, "field": field})

    def test_unstorable_values_fail_by_their_rule(self):
        """Values that cannot be stored fail by the rule they break."""
        self.make("taken")
        model = f"{MODEL} has no field 'colour'. Correct the name or leave it out."
        self.assert_failure(create(name="n", colour=1), "unknown_field", model, "colour")
        required = f"Name (name) is required on {MODEL}, and no value was given."
        self.assert_failure(create(number=1), "required", required, "name")
        self.assert_failure(create(name=None), "required", required, "name")
        nobody = f"user_id: there is no res.users with id {GONE}."
        self.assert_failure(create(name="n", user_id=GONE), "foreign_key", nobody, "user_id")
        whole = "Send a whole number of at most 2147483647."
        for values, shown in (
            ({"kind": "z"}, "kind (Kind): 'z' is not a valid selection. Send one of: a, b."),
            ({"number": "many"}, f"number (Number): 'many' is not a valid integer. {whole}"),
            ({"number": 2**31}, f"number (Number): 2147483648 is not a valid integer. {whole}"),
            (
                {"day": "tomorrow"},
                "day (Day): 'tomorrow' is not a valid date. "
                'Send a text such as "2026-01-31", without a time.',
            ),
            (
                {"user_id": "me"},
                "user_id (User): 'me' is not a valid many2one. "
                "Send the id of a record, a whole number above 0; null or false empties it.",
            ),
        ):
            self.assert_failure(create(name="n", **values), "bad_value", shown, next(iter(values)))
        self.assert_failure(create(name="taken"), "unique", "A value of this name exists already.")
        self.assert_failure(
            create(name="n", number=1000), "constraint", "The number must be below 1,000."
        )
        self.assert_failure(
            create(name="n", number=-1), "constraint", "The number must not be negative."
        )
        both = create(name="n", number=1000, user_id=GONE)
        self.assert_failure(both, "constraint", "The number must be below 1,000.")
        self.assertEqual(self.env[MODEL].search_count([("name", "=", "n")]), 0)

    def test_exception_of_a_method_has_a_type(self):
        """What a method raises becomes a type; an unexpected error keeps its name."""
        for kind, error_type, message in (
            ("user", "user_error", "Somebody must do something first."),
            ("redirect", "user_error", "Go there first."),
            ("anything", "error", "RuntimeError: out of order"),
            ("speechless", "error", "Speechless"),
        ):
            self.assert_failure(call("fail", kind), error_type, message)
        self.assert_failure(
            call("fail"),
            "error",
            "TypeError: TestBatchValue.fail() missing 1 required positional argument: 'kind'",
        )

    def test_missing_right_fails_as_access(self):
        """What the owner may not do fails as `access`, also deep inside a method."""
        user = self.new_user("outcomes_user")
        outcome = self.run_one(call("fail", "access"), user=user)
        self.assertEqual((outcome["state"], outcome["error"]["type"]), ("failed", "access"))
        self.assertIn("System Parameter", outcome["error"]["message"])

    def test_rules_of_other_tables(self):
        """The rule may be that of another model, which the operation writes through: its sentence
        is shown, and no other values of the row."""
        user = {"op": "create", "model": "res.users", "values": {"login": "nameless"}}
        self.assert_failure(user, "constraint", "Contacts require a name")
        rule = "test_batch_value_trail"
        query = f"ALTER TABLE test_batch_value %s CONSTRAINT {rule}"
        self.cr.execute(query % "ADD" + " CHECK (trail != 'z')")
        self.addCleanup(self.commit)
        self.addCleanup(self.cr.execute, query % "DROP")
        unnamed = f'new row for relation "test_batch_value" violates check constraint "{rule}"'
        self.assert_failure(create(name="zzz"), "constraint", unnamed)

    def test_unlink_of_what_is_used(self):
        """Who unlinks what others refer to is told who does."""
        operation = {"op": "unlink", "model": "res.country", "ids": self.env.ref("base.be").ids}
        self.assert_failure(
            operation,
            "foreign_key",
            "A record of Country state (res.country.state) still refers to it: change or delete "
            "that one first, or archive this one.",
        )

    def test_odd_context_fails_alone(self):
        """An operation whose context cannot be worked with fails alone."""
        bad = {**create(number=1), "context": {"lang": "xx_XX"}}
        lost = {**create(name="lost"), "context": {"allowed_company_ids": [GONE]}}
        job = self.submit_and_run([create(name="c 1"), bad, lost, create(name="c 2")])
        outcomes = self.outcomes(job)
        found = [o["error"] and o["error"]["type"] for o in outcomes]
        self.assertEqual(found, [None, "required", "access", None])
        self.assertEqual(job.chunk_ids.mapped("attempt"), [1])

    def test_failures_are_counted_by_cause(self):
        """Failures are counted by cause, most frequent first."""
        self.make("c 0")
        operations = [create(name="c 0") for _time in range(3)] + [create(), create(name="c 9")]
        job = self.submit_and_run(operations)
        self.assertEqual(
            [(c["type"], c["model"], c["field"], c["constraint"], c["count"]) for c in job.causes],
            [
                ("unique", MODEL, None, "test_batch_value_name_unique", 3),
                ("required", MODEL, "name", None, 1),
            ],
        )


@tagged("post_install", "-at_install")
class TestMissing(OutcomesCase):
    """Who names a record that is not there fails as `missing`, and costs no neighbour anything."""

    def assert_third_is_missing(self, operations, **options):
        job = self.submit_and_run(operations, **options)
        self.assertEqual(
            [(o["state"], o["error"] and o["error"]["type"]) for o in self.outcomes(job)],
            [("done", None), ("done", None), ("failed", "missing"), ("done", None)],
        )
        self.assertEqual(
            self.outcomes(job)[2]["error"]["message"],
            f"{MODEL}: no record with id {GONE} exists (any more).",
        )

    def test_in_merged_writes(self):
        """A merged write leaves the missing one out."""
        ids = self.make("mw 1", "mw 2", "mw 3").ids
        self.assert_third_is_missing([write([one], number=7) for one in [*ids[:2], GONE, ids[2]]])
        self.assertEqual(self.env[MODEL].browse(ids).mapped("number"), [7, 7, 7])

    def test_in_merged_unlinks(self):
        """A merged unlink leaves the missing one out; Odoo's own would be silent."""
        ids = self.make("mu 1", "mu 2", "mu 3").ids
        self.assert_third_is_missing(
            [{"op": "unlink", "model": MODEL, "ids": [one]} for one in [*ids[:2], GONE, ids[2]]]
        )
        self.assertFalse(self.env[MODEL].browse(ids).exists())

    def test_in_merged_calls(self):
        """A merged call leaves the missing one out."""
        ids = self.make("mc 1", "mc 2", "mc 3").ids
        self.assert_third_is_missing(
            [call("add", 5, ids=[one], each=True) for one in [*ids[:2], GONE, ids[2]]]
        )
        self.assertEqual(self.env[MODEL].browse(ids).mapped("number"), [5, 5, 5])

    def test_in_single_calls(self):
        """A call that is not merged fails alone."""
        ids = self.make("sc 1", "sc 2", "sc 3").ids
        self.assert_third_is_missing(
            [call("add", 5, ids=[one]) for one in [*ids[:2], GONE, ids[2]]]
        )

    def test_unlinked_by_a_neighbour(self):
        """A record that an earlier operation of the job unlinked is missing for a later one."""
        ids = self.make("un 1", "un 2").ids
        unlink = {"op": "unlink", "model": MODEL, "ids": [ids[0]]}
        job = self.submit_and_run([unlink, unlink, write(ids[:1], number=1), write(ids, number=2)])
        self.assertEqual(self.states(job), ["done", "failed", "failed", "failed"])
        self.assertEqual({o["error"]["type"] for o in self.outcomes(job)[1:]}, {"missing"})
        self.assertEqual(self.env[MODEL].browse(ids[1]).number, 0)

    def test_under_other_policies(self):
        """`missing` is a failure like any other for the policies that look for a culprit."""
        ids = self.make("op 1", "op 2", "op 3").ids
        operations = [write([one], number=9) for one in [*ids[:2], GONE, ids[2]]]
        job = self.submit_and_run(operations, policy="all")
        self.assertEqual(self.states(job), ["rolled_back", "rolled_back", "failed", "rolled_back"])
        self.assertEqual(self.env[MODEL].browse(ids).mapped("number"), [0, 0, 0])

    def test_merged_call_that_fails(self):
        """A merged call that fails is split until only the bad record fails."""
        ids = self.make(*(f"split {number}" for number in range(20))).ids
        self.env[MODEL].browse(ids[13]).number = 999
        job = self.submit_and_run([call("add", 1, ids=[one], each=True) for one in ids])
        self.assert_counters(job, "partial", succeeded=19, failed=1)
        self.assertEqual(self.outcomes(job)[13]["error"]["type"], "constraint")
        numbers = [1] * 20
        numbers[13] = 999
        self.assertEqual(self.env[MODEL].browse(ids).mapped("number"), numbers)
