import json
from inspect import signature
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL

from ..engine.options import Options
from .common import CommittedCase

GOOD = {"op": "create", "model": "test.batch.value", "values": {"name": "good"}}
TABLES = ("batch_job", "batch_job_operation", "batch_job_chunk", "ir_cron_trigger")


@tagged("post_install", "-at_install")
class TestSubmitInput(CommittedCase):
    """Bad input is refused with the operation's index and what to do, and nothing is stored."""

    cleans = ("test.batch.value",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls.new_user("input_user")
        cls.key_of(cls.user)

    def setUp(self):
        super().setUp()
        self.before = self.rows()

    def rows(self):
        self.renew()
        counts = []
        for table in TABLES:
            self.cr.execute(f"SELECT count(*) FROM {table}")
            counts += self.cr.fetchone()
        return counts

    def assert_refused(self, reply, message, status=422):
        self.assertEqual((reply.status, reply.message), (status, message))
        self.assertEqual(self.rows(), self.before)

    def refuse(self, operations, message, status=422, **options):
        reply = self.rpc(self.user, "batch.job", "submit", operations=operations, **options)
        with self.subTest(operations=repr(operations)[:200], **options):
            self.assert_refused(reply, message, status)

    def refuse_second(self, operation, problem, status=422):
        """The bad one comes after a good one, so that its index shows."""
        self.refuse([GOOD, operation], f"Operation 1: {problem}", status)

    def refuse_raw(self, text, message):
        """A body that json.dumps would not write."""
        headers = {"Content-Type": "application/json"}
        data = text.encode()
        reply = self.post(self.user, "/json/2/batch.job/submit", data=data, headers=headers)
        self.assert_refused(reply, message)

    def test_submit_takes_every_option(self):
        """Each option is an argument of submit, with the default of its column."""
        arguments = signature(self.env["batch.job"].submit).parameters.values()
        given = {one.name: one.default for one in arguments if one.default is not one.empty}
        self.assertEqual(given, {**vars(Options()), "start": True})

    def test_all_at_once(self):
        """Bad operations are named together, each on a line, with their indexes."""
        load = {"op": "load", "model": "test.batch.value", "fields": ["id", "name"]}
        rows = [{**load, "row": row} for row in (["a", "A"], ["b" * 256, "B"], ["c", "C\0"])]
        reply = self.rpc(self.user, "batch.job", "submit", operations=rows)
        self.assert_refused(
            reply,
            "Operation 1: id has more than 255 characters.\n"
            "Operation 2: row holds a NUL character; remove it.",
        )
        self.assertEqual(reply.body["context"], {"index": 1, "indexes": [1, 2]})

    def test_too_many_ids(self):
        """An operation of more ids than one takes is refused in a sentence, whatever it does."""
        self.refuse_second(
            {"op": "unlink", "model": "test.batch.value", "ids": [7] * 1_000_001},
            "ids holds 1,000,001 ids; one operation takes 1,000,000: make several of it.",
        )

    def test_more_than_a_statement_takes(self):
        """What PostgreSQL cannot take is refused in a sentence; PostgreSQL quotes the operations in
        its own, of which nothing goes to people or the log."""
        job = {"id": 0, "user_id": self.user.id, "company_id": self.user.company_id.id}
        text = f'[{{"op":"call","model":"x","args":[[{"7," * 17_000_000}7]]}}]'
        stored = self.env["batch.job.operation"]
        with self.assertNoLogs("odoo.sql_db"), self.assertRaises(UserError) as caught:
            stored._store(job, text, 0)
        self.assertEqual(
            str(caught.exception),
            "These operations are too large for one call: PostgreSQL takes 256 MB of JSON, and 16 "
            "million items in a list. Open a draft with start=False and append them in parts; an "
            "operation that is too large alone must be cut into several.",
        )
        self.assertTrue(caught.exception.__suppress_context__)

    def test_operations_must_be_a_list(self):
        """Operations are a list of objects."""
        hint = 'Send [{"op": "create", "model": "res.partner", "values": {…}}, …].'
        for operations, kind in (
            (GOOD, "an object"),
            ("[]", "a text"),
            (None, "null"),
            (7, "a number"),
        ):
            self.refuse(operations, f"operations must be a list of objects, not {kind}. {hint}")
        self.refuse_second("create", "must be an object, not a text.")
        self.refuse_second([GOOD], "must be an object, not a list.")
        self.refuse_second(None, "must be an object, not null.")

    def test_started_job_needs_an_operation(self):
        """A job that starts has at least one operation."""
        self.refuse([], "operations is empty. Send at least one, or start=false for a draft.")

    def test_unknown_op_is_refused(self):
        """The op is one of the list."""
        use = "use one of create, write, unlink, call, upsert, load."
        self.refuse_second({**GOOD, "op": "insert"}, f"op 'insert' is unknown; {use}")
        self.refuse_second({**GOOD, "op": ["create"]}, f"op ['create'] is unknown; {use}")
        self.refuse_second({"model": "res.partner"}, f"op None is unknown; {use}")

    def test_unknown_key_is_refused(self):
        """A misspelt key is refused, not ignored."""
        self.refuse_second(
            {**GOOD, "vals": {}}, "'vals' is unknown for op create; it takes values."
        )
        self.refuse_second(
            {**GOOD, "op": "unlink", "ids": [1]},
            "'values' is unknown for op unlink; it takes ids.",
        )

    def test_unknown_model_is_refused(self):
        """The model exists and has records."""
        self.refuse_second(
            {**GOOD, "model": "res.partnr"},
            "model res.partnr does not exist; check its spelling and its app.",
        )
        self.refuse_second(
            {**GOOD, "model": None}, 'model is missing; name one, such as "res.partner".'
        )
        self.refuse_second(
            {**GOOD, "model": "test.batch.abstract"},
            "model test.batch.abstract is abstract and has no records.",
        )

    def test_values_must_be_objects(self):
        """Values are an object, or a list of objects."""
        create = {"op": "create", "model": "test.batch.value"}
        missing = 'values is missing; give an object, such as {"name": "Acme"}.'
        self.refuse_second(create, missing)
        self.refuse_second({**create, "values": None}, missing)
        self.refuse_second({**create, "values": "Acme"}, "values must be an object, not a text.")
        self.refuse_second({**create, "values": [7]}, "values must be an object, not a number.")
        self.refuse_second(
            {**create, "values": []}, "values is empty; give the values of at least one record."
        )
        self.refuse_second({**create, "op": "write", "ids": [1]}, missing)

    def test_ids_must_be_positive_numbers(self):
        """Ids are a list of positive whole numbers that fit into an id."""
        write = {"op": "write", "model": "test.batch.value", "values": {}}
        missing = "ids is missing; give a list of record ids, such as [7, 8]."
        for ids in ([], None):
            self.refuse_second({**write, "ids": ids}, missing)
        for ids, kind in ((5, "a number"), ("7", "a text"), ({"7": 8}, "an object")):
            self.refuse_second(
                {**write, "ids": ids},
                f"ids must be a list of record ids, such as [7, 8], not {kind}.",
            )
        self.refuse_second(write, missing)
        for one in ("7", 7.0, True, None, 0, -1, 2**31, [7]):
            problem = f"ids holds {one!r}; record ids are positive whole numbers."
            self.refuse_second({**write, "ids": [7, one]}, problem)
        unlink = {"op": "unlink", "model": "test.batch.value"}
        self.refuse_second(unlink, missing)
        call = {"op": "call", "model": "test.batch.value", "method": "add", "each": True}
        self.refuse_second(call, missing)

    def test_call_arguments_must_have_their_shapes(self):
        """A call names a method and gives its arguments in the right shapes."""
        call = {"op": "call", "model": "test.batch.value", "ids": [1], "method": "add"}
        for change, problem in (
            ({"method": None}, "method is missing; name the method to call."),
            ({"args": {"number": 1}}, "args must be a list, not an object."),
            ({"kwargs": [1]}, "kwargs must be an object, not a list."),
            (
                {"kwargs": {"context": {}}},
                "kwargs holds a context; give it as the operation's context.",
            ),
            ({"each": "yes"}, "each must be true or false, not 'yes'."),
            ({"context": "lang"}, "context must be an object, not a text."),
            ({"ref": ""}, "ref must be a text that is not empty, not ''."),
            (
                {"method": "fly"},
                "The method 'test.batch.value.fly' does not exist",
            ),
        ):
            self.refuse_second({**call, **change}, problem)

    def test_unstorable_values_are_refused(self):
        """What PostgreSQL cannot store is found before anything is stored."""
        good = json.dumps(GOOD)
        nan = "values holds NaN or infinity; send a number or null."
        for value, problem in (
            ("NaN", nan),
            ("Infinity", nan),
            ("-Infinity", nan),
            ("1e999", nan),
            ('"a\\u0000b"', "values holds a NUL character; remove it."),
            ('{"\\u0000": 1}', "values holds a NUL character; remove it."),
            (
                '"\\ud800"',
                "values holds half a character (a lone surrogate); send whole Unicode text.",
            ),
        ):
            bad = good.replace('"good"', value)
            with self.subTest(value=value):
                self.refuse_raw(f'{{"operations": [{good}, {bad}]}}', f"Operation 1: {problem}")

    def test_useless_contexts_are_refused(self):
        """A context in which Odoo can do nothing is refused, the job's and an operation's."""
        for context, problem in (
            ({"lang": ["x"]}, "the context's lang must be a text, not a list."),
            ({"tz": {"a": 1}}, "the context's tz must be a text, not an object."),
            (
                {"allowed_company_ids": [[1]]},
                "the context's allowed_company_ids must be a list of company ids, such as [1].",
            ),
        ):
            self.refuse_second({**GOOD, "context": context}, problem)
        reply = self.rpc(
            self.user, "batch.job", "submit", operations=[GOOD], context={"lang": ["x"]}
        )
        self.assert_refused(reply, "the context's lang must be a text, not a list.")

    def test_text_is_no_flag(self):
        """A text is not taken for true or false."""
        self.refuse([GOOD], "start must be true or false.", start="false")

    def test_wrong_option_is_named(self):
        """An option that cannot be is refused by its name."""
        one = [GOOD]
        for options, message in (
            (
                {"policy": "maybe"},
                "policy 'maybe' is unknown; use one of isolate, chunk, stop, all.",
            ),
            ({"chunk_size": -1}, "chunk_size must be a whole number from 0 to 10000, not -1."),
            (
                {"max_parallel": True},
                "max_parallel must be a whole number from 0 to 128, not True.",
            ),
            (
                {"priority": "high"},
                "priority must be a whole number from -1000 to 1000, not 'high'.",
            ),
            (
                {"policy": "stop", "max_parallel": 2},
                "policy 'stop' keeps one chunk at a time; use max_parallel=1.",
            ),
            (
                {"eta": "tomorrow"},
                "eta 'tomorrow' is not a time; use ISO 8601, such as 2030-01-31T12:00:00Z.",
            ),
            ({"name": "a\0b"}, "name must be a text of at most 255 characters."),
            (
                {"idempotency_key": "k" * 256},
                "idempotency_key must be a text of at most 255 characters.",
            ),
        ):
            self.refuse(one, message, **options)

    def test_unknown_argument_is_refused(self):
        """An argument that submit does not have is refused."""
        self.refuse([GOOD], "got an unexpected keyword argument 'polcy'", polcy="all")

    def test_large_body_is_not_read(self):
        """A body above the limit is refused before it is read."""
        parameters = self.env["ir.config_parameter"]
        before = parameters.get_param("web.max_file_upload_size")
        self.addCleanup(self.set_limit, before)
        self.set_limit("1000")
        operations = [GOOD] * 100
        reply = self.rpc(self.user, "batch.job", "submit", operations=operations)
        self.assertEqual(reply.status, 413)
        self.assertEqual(self.rows(), self.before)

    def set_limit(self, size):
        self.env["ir.config_parameter"].set_param("web.max_file_upload_size", size)
        self.commit()

    def test_more_than_postgresql_takes(self):
        """Server code may submit more than fits into one statement: it is told of parts."""
        too_long = SQL("SELECT repeat('x', 2000000000)")  # with the error of too much JSON
        operations, jobs = self.registry["batch.job.operation"], self.env["batch.job"]
        with (
            patch.object(operations, "_query_to_store", lambda *_arguments: too_long),
            self.assertRaisesRegex(UserError, "append them in parts"),
        ):
            jobs.with_user(self.user).submit([GOOD])
        self.assertEqual(self.rows(), self.before)

    def test_execute_takes_up_to_1000_operations(self):
        """`execute` takes 1 to 1,000 operations and the policies isolate and all."""
        for arguments, message in (
            ({"operations": []}, "execute takes 1 to 1000 operations; use submit."),
            ({"operations": [GOOD] * 1001}, "execute takes 1 to 1000 operations; use submit."),
            (
                {"operations": [GOOD], "policy": "stop"},
                "execute knows the policies isolate, all; use submit.",
            ),
            ({"operations": [GOOD, {}]}, None),
        ):
            reply = self.rpc(self.user, "batch.job", "execute", **arguments)
            known = "create, write, unlink, call, upsert, load"
            message = message or f"Operation 1: op None is unknown; use one of {known}."
            self.assert_refused(reply, message)
        self.assertEqual(self.env["test.batch.value"].search_count([]), 0)

    def test_index_in_a_part(self):
        """In a part the index counts from the start of the job."""
        job = self.submit([], user=self.user, start=False)
        job.append([GOOD, GOOD], part=0)
        self.commit()
        self.before = self.rows()
        reply = self.rpc(
            self.user, "batch.job", "append", ids=job.ids, operations=[GOOD, {"op": "x"}], part=1
        )
        message = (
            "Operation 3: op 'x' is unknown; use one of create, write, unlink, call, upsert, load."
        )
        self.assert_refused(reply, message)
