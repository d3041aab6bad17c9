import importlib
import logging
from contextlib import contextmanager

import psycopg2

from odoo.tests import tagged

from ..execution.transaction.savepoint import REGISTRY_REFUSED
from .races import ITEM, RaceCase

COMMIT_REFUSED = (
    "It called %s: an operation of a batch job may not end the transaction. "
    "Its outcome is committed with it."
)
REPAIR = "test.batch.repair"
PARAMETER = "batch_job_test.repair"
SECRET = "Jane Doe, BE68 5390 0754 7034"


def call(model, method, ids=None, **kwargs):
    operation = {"op": "call", "model": model, "method": method, "kwargs": kwargs}
    return operation | ({"ids": ids} if ids else {})


class Collector(logging.Handler):
    """Every line that anybody logs, formatted with its traceback."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.lines = []
        self.setFormatter(logging.Formatter())

    def emit(self, record):
        self.lines.append(f"{record.name}: {self.format(record)}")


@tagged("post_install", "-at_install")
class TestRepairs(RaceCase):
    """What a savepoint does not undo is undone: a failed operation leaves nothing anywhere."""

    cleans = (ITEM, REPAIR, "ir.config_parameter")

    def setUp(self):
        super().setUp()
        self.mailbox.clear()

    @property
    def mailbox(self):
        return importlib.import_module("odoo.addons.batch_job_test.models.repairs").MAILBOX

    def among_good_ones(self, *operations, **options):
        """Run operations between good ones, in one chunk; gives the job and their outcomes."""
        before = self.creates(f"{self._testMethodName} before", 3)
        after = self.creates(f"{self._testMethodName} after", 3)
        job = self.submit([*before, *operations, *after], **options)
        self.run_to_end(job)
        outcomes = self.outcomes(job)
        good = outcomes[:3] + outcomes[-3:]
        self.assertEqual([outcome["state"] for outcome in good], ["done"] * 6)
        return job, outcomes[3:-3]

    def assert_failed(self, outcome, error_type, message):
        self.assertEqual(outcome["state"], "failed")
        self.assertEqual(
            (outcome["error"]["type"], outcome["error"]["message"]), (error_type, message)
        )

    def names(self, model=REPAIR):
        return self.env[model].search([("name", "like", self._testMethodName)]).mapped("name")

    # Hooks of the commit

    def test_mail_of_a_failed_operation(self):
        """What a failed operation would have sent at the commit is not sent; what good ones send
        is, once, with nothing of the failed one in it."""
        _job, outcomes = self.among_good_ones(
            call(REPAIR, "send", name="good one"),
            call(REPAIR, "send", name="bad", fail=True),
            call(REPAIR, "send", name="good two"),
        )
        self.assert_failed(outcomes[1], "user_error", "bad")
        single = [mail for mail in self.mailbox if isinstance(mail, str)]
        batched = [mail for mail in self.mailbox if isinstance(mail, list)]
        self.assertEqual(single, ["good one", "good two"])
        self.assertEqual(sorted(name for batch in batched for name in batch), single)

    def test_mail_of_a_rolled_back_chunk(self):
        """Under policy `chunk` the good mails of a rolled back chunk are not sent either."""
        job = self.submit(
            [
                call(REPAIR, "send", name="chunk-mate"),
                call(REPAIR, "send", name="bad", fail=True),
            ],
            policy="chunk",
        )
        self.run_to_end(job)
        self.assertEqual(self.states(job), ["rolled_back", "failed"])
        self.assertEqual(self.mailbox, [])

    def test_mail_of_execute(self):
        """`execute` runs in its caller's transaction: only the good mail leaves at its commit."""
        jobs = self.env["batch.job"].with_user(self.admin)
        jobs.execute(
            [
                call(REPAIR, "send", name="bad", fail=True),
                call(REPAIR, "send", name="good"),
            ]
        )
        self.assertEqual(self.mailbox, [])
        self.commit()
        self.assertEqual(self.mailbox, ["good", ["good"]])

    def test_what_was_to_run_before_the_commit(self):
        """A hook before the commit dies with its operation."""
        self.among_good_ones(
            call(REPAIR, "send_on_precommit", name="bad", fail=True),
            call(REPAIR, "send_on_precommit", name="good"),
        )
        self.assertEqual(self.mailbox, ["good before the commit"])

    def test_a_commit_hook_that_fails(self):
        """A hook that fails after the commit undoes nothing, is no conflict, and keeps no mail of
        other operations from leaving."""
        name = self._testMethodName
        with self.collected_log() as log:
            job, outcomes = self.among_good_ones(
                call(REPAIR, "send", name="good one"),
                call(REPAIR, "break_the_commit_hook", name=name),
                call(REPAIR, "break_the_commit_hook", name=name),
                call(REPAIR, "send", name="good two"),
            )
        self.assertEqual([outcome["state"] for outcome in outcomes], ["done"] * 4)
        self.assert_counters(job, "done", succeeded=10)
        self.assertEqual(self.names(), [name, name])
        self.assertEqual(job.chunk_ids.mapped(lambda c: (c.attempt, c.conflicts)), [(1, 0)])
        self.assertEqual(self.mailbox, ["good one", ["good one", "good two"], "good two"])
        warnings = [line for line in log.lines if line.endswith("hook failed: RuntimeError")]
        self.assertEqual(len(warnings), 2)

    # The transaction

    def test_an_operation_cannot_end_the_transaction(self):
        """cr.commit(), cr.rollback() and a scheduled action's progress fail it, also on the
        connection, and closing the cursor; nothing is kept."""
        words = {
            "commit": "cr.commit()",
            "rollback": "cr.rollback()",
            "progress": "cr.commit()",
            "close": "cr.close()",
            "connection": "commit() of the connection",
        }
        _job, outcomes = self.among_good_ones(
            *[call(REPAIR, "end_transaction", name=self._testMethodName, how=way) for way in words]
        )
        for what, outcome in zip(words.values(), outcomes, strict=True):
            self.assert_failed(outcome, "error", COMMIT_REFUSED % what)
        self.assertEqual(self.names(), [])
        self.assertEqual(len(self.names(ITEM)), 6)

    def test_statements_that_end_the_transaction(self):
        """They fail the operation as well, however they are written; a savepoint is none."""
        name = self._testMethodName
        refused = {
            "commit": "COMMIT",
            " ROLLBACK; ": "ROLLBACK",
            "End": "END",
            "start transaction": "START TRANSACTION",
            "SELECT 1; /* ; */ COMMIT": "COMMIT",
        }
        _job, outcomes = self.among_good_ones(
            *[call(REPAIR, "run_statement", name=name, statement=one) for one in refused],
            call(REPAIR, "run_statement", name=name, statement="ROLLBACK TO SAVEPOINT own"),
        )
        for words, outcome in zip(refused.values(), outcomes, strict=False):
            self.assert_failed(outcome, "error", COMMIT_REFUSED % words)
        self.assertEqual(outcomes[-1]["state"], "done")
        self.assertEqual(len(self.names(ITEM)), 6)

    def test_an_unseen_end(self):
        """What ends the transaction where nobody can see it is not done again: its chunk-mates
        without an outcome fail with it, and say that somebody has to look."""
        name = self._testMethodName
        unseen = call(REPAIR, "end_transaction", name=name, how="unseen")
        good = {"op": "create", "model": ITEM, "values": {"name": name}}
        for policy in ("isolate", "chunk", "all"):
            with self.subTest(policy=policy), self.collected_log() as log:
                later = {**good, "values": {"name": f"{name} later"}}
                job = self.submit([good, unseen, later], policy=policy)
                self.run_to_end(job)
                self.assert_counters(job, "failed", failed=3)
                for outcome in self.outcomes(job):
                    self.assertEqual(outcome["error"]["type"], "error")
                    self.assertIn("not known: look before you retry", outcome["error"]["message"])
                self.assertEqual(len(self.names()), 1)
                self.assertEqual(sorted(self.names(ITEM)), [name, f"{name} later"])
                expected = f"job {job.id}: an operation ended the transaction"
                self.assertTrue([line for line in log.lines if expected in line])
                self.env[REPAIR].search([]).unlink()
                self.env[ITEM].search([]).unlink()
                self.commit()

    def test_an_unseen_end_of_a_call(self):
        """`execute` says so, and leaves no job that a runner would do again."""
        name = self._testMethodName
        unseen = call(REPAIR, "end_transaction", name=name, how="unseen")
        job = {"operations": [unseen], "idempotency_key": name}
        reply = self.rpc(self.admin, "batch.job", "execute", **job)
        self.assertEqual(reply.status, 422, reply.body)
        self.assertIn("look before you repeat it", reply.body["message"])
        again = self.rpc(self.admin, "batch.job", "execute", **job)
        self.assertEqual((again.status, again.body["state"]), (200, "failed"))
        self.assertIn("not known", again.body["results"][0]["error"]["message"])
        self.assertEqual(len(self.names()), 1)

    def test_a_swallowed_refusal_has_committed_nothing(self):
        """An operation that ignores the refusal is still rolled back with its chunk."""
        name = self._testMethodName
        operations = [call(REPAIR, "swallow_commit_refusal", name=name), call(ITEM, "create_gated")]
        job = self.submit(operations, policy="chunk")
        self.run_to_end(job)
        self.assertEqual(self.states(job), ["rolled_back", "failed"])
        self.assertEqual(self.names(), [])

    def test_a_swallowed_database_error(self):
        """An operation that ignores a database error fails alone: its transaction was broken."""
        _job, outcomes = self.among_good_ones(call(REPAIR, "swallow_sql_error", text="no number"))
        self.assertEqual((outcomes[0]["state"], outcomes[0]["error"]["type"]), ("failed", "error"))

    def test_leaving_the_process_politely(self):
        """SystemExit is a failure like any other; the runner stays."""
        _job, outcomes = self.among_good_ones(call(REPAIR, "leave_process"))
        self.assert_failed(outcomes[0], "error", f"SystemExit: {REPAIR}")

    # What is cached

    def test_a_system_parameter(self):
        """A failed operation that changed a system parameter leaves the old value, in the database
        and in the cache of this process."""
        self.env["ir.config_parameter"].set_param(PARAMETER, "old")
        self.commit()
        self.among_good_ones(call(ITEM, "set_parameter", key=PARAMETER, value="new", fail=True))
        self.assertEqual(self.env["ir.config_parameter"].get_param(PARAMETER), "old")
        query = "SELECT value FROM ir_config_parameter WHERE key = %s"
        self.assertEqual(self.ask(query, PARAMETER), ("old",))

    def test_other_processes_hear_of_good_changes(self):
        """The signal of a good operation's change goes out although a later one failed."""
        key = f"{PARAMETER}.good"
        before = self.signals()
        self.among_good_ones(
            call(ITEM, "set_parameter", key=key, value="good"),
            call(ITEM, "set_parameter", key=f"{PARAMETER}.bad", value="bad", fail=True),
        )
        parameters = self.env["ir.config_parameter"]
        found = [parameters.get_param(key), parameters.get_param(f"{PARAMETER}.bad")]
        self.assertEqual(found, ["good", False])
        self.assertNotEqual(self.signals(), before)

    def signals(self):
        """What other processes compare to know that their caches are stale."""
        self.renew()
        return self.registry.get_sequences(self.cr)

    def test_the_model_registry(self):
        """A new field is refused, and no process knows it afterwards."""
        name = "x_batch_job_repair"
        _job, outcomes = self.among_good_ones(call(ITEM, "add_field", name=name))
        self.assert_failed(outcomes[0], "error", REGISTRY_REFUSED)
        self.assertNotIn(name, self.env[ITEM]._fields)
        query = "SELECT count(*) FROM information_schema.columns WHERE column_name = %s"
        self.assertEqual(self.ask(query, name), (0,))
        self.assertFalse(self.registry.registry_invalidated)

    def test_records_in_memory(self):
        """A good operation after a failed one on the same record starts from the stored value."""
        record = self.env[REPAIR].create({"name": self._testMethodName, "number": 5})
        self.commit()
        self.among_good_ones(
            call(REPAIR, "add", ids=record.ids),
            call(REPAIR, "add_then_fail", ids=record.ids),
            call(REPAIR, "add", ids=record.ids),
        )
        self.assertEqual(record.number, 7)

    def test_the_cache_of_the_cursor(self):
        """What an operation kept for the rest of the transaction goes with it if it fails."""
        _job, outcomes = self.among_good_ones(
            call(REPAIR, "remember", key="bad", fail=True), call(REPAIR, "recall")
        )
        self.assertEqual(outcomes[1]["value"], [])

    def test_the_cache_of_the_cursor_ends_with_the_chunk(self):
        """One runner serves many jobs: what one kept for its transaction no other may see."""
        first = self.submit([call(REPAIR, "remember", key="mine")])
        second = self.submit([call(REPAIR, "recall")])
        self.run_to_end(first, second)
        self.assertEqual(self.outcomes(second)[0]["value"], [])

    def test_deferred_computations_run_as_the_owner(self):
        """A stored field computed when the chunk is flushed sees the owner, not the runner."""
        user = self.new_user("repair_owner", lang="en_US")
        operation = {"op": "create", "model": REPAIR, "values": {"name": self._testMethodName}}
        job = self.submit([operation], user)
        self.run_to_end(job)
        record = self.env[REPAIR].search([("name", "=", self._testMethodName)])
        self.assertEqual(record.computed_as, f"uid {user.id} su False lang en_US")
        self.assertEqual(record.create_uid, user)

    # The log

    def test_no_customer_data_in_the_log(self):
        """However an operation fails, nothing of its content is logged."""
        self.env[ITEM].create({"name": SECRET})
        self.commit()
        with self.collected_log() as log:
            job, outcomes = self.among_good_ones(
                call(ITEM, "bad_query", text=SECRET),
                call(REPAIR, "swallow_sql_error", text=SECRET),
                call(REPAIR, "send", name=SECRET, fail=True),
                call(REPAIR, "break_the_commit_hook", name=SECRET),
                call(REPAIR, "end_transaction", name=SECRET, how="commit"),
                {"op": "create", "model": ITEM, "values": {"name": SECRET}},
                {"op": "create", "model": ITEM, "values": {"name": "x", SECRET: 1}},
                {"op": "create", "model": ITEM, "values": {"name": "y", "value": SECRET}},
            )
        self.assertEqual([outcome["state"] for outcome in outcomes].count("failed"), 7)
        self.assertEqual([line for line in log.lines if SECRET in line or "bad query" in line], [])
        self.assertNotEqual(log.lines, [], "nothing was collected")

    def test_other_code_still_logs_its_errors(self):
        """Only operations are quiet: an SQL error outside of them is logged as ever."""
        with self.collected_log() as log, self.assertRaises(psycopg2.errors.DivisionByZero):
            self.cr.execute("SELECT 1 / 0")
        self.assertIn("bad query", log.lines[0])

    @contextmanager
    def collected_log(self):
        """All that is logged from INFO up, by anybody, instead of in the log of the tests."""
        collector, odoo = Collector(), logging.getLogger("odoo")
        level, odoo.propagate = odoo.level, False
        odoo.addHandler(collector)
        odoo.setLevel(logging.INFO)
        try:
            yield collector
        finally:
            odoo.propagate = True
            odoo.setLevel(level)
            odoo.removeHandler(collector)
