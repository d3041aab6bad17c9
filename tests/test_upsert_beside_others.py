"""A job and somebody else who want the same new record, in one fixed order."""

import gc
from contextlib import contextmanager
from unittest.mock import patch

from odoo.exceptions import ConcurrencyError
from odoo.tests import tagged

from ..execution.orm import key_locks
from .common import Reply
from .key_cases import KEY, by_id, refer, upsert
from .races import AT_GATE, KEY_LOCKS, PATIENCE, waits_at_gate
from .upsert_races import LOCKS, UpsertRaceCase


@tagged("post_install", "-at_install")
class TestUpsertBesideExecute(UpsertRaceCase):
    """`execute` runs in its caller's transaction, whose snapshot is older than any lock."""

    def test_a_job_first(self):
        """The call waits for the job, finds that it came too late to see, and is done again."""
        self.beside_a_job([upsert("code", code="a", name="1")], upsert("code", code="a", name="2"))
        self.assertEqual(self.records([]).mapped("name"), ["2"])

    def test_a_key_whose_record_it_has_deleted_or_changed(self):
        """What the call cannot find any more by its own doing was not made beside it."""
        for first in ({"op": "unlink"}, {"op": "write", "values": {"code": "b"}}):
            with self.subTest(op=first["op"]):
                (record,) = self.make({"code": "a"})
                operations = [{**first, "model": KEY, "ids": record.ids}, upsert("code", code="a")]
                reply = self.execute(operations)
                self.assert_values(reply, [True, "created"])
                self.assertEqual(len(self.records([("code", "=", "a")])), 1)
                self.remove_all()

    def test_a_table_that_it_has_locked_itself(self):
        """The look beside it cannot wait for the transaction that waits for it: it gives up."""
        with patch(f"{LOCKS}.PATIENCE", "20ms"), self.assertRaises(ConcurrencyError):
            self.cr.execute("LOCK TABLE test_batch_key IN ACCESS EXCLUSIVE MODE")
            self.env["batch.job"].with_user(self.admin).execute([upsert("code", code="a")])
        self.renew()
        self.assertEqual(self.key_locks(), 0)

    def test_a_call_within_a_job_that_has_the_key(self):
        """What the job's own chunk has locked is not waited for."""
        nested = {"op": "call", "model": KEY, "method": "execute_upsert", "kwargs": {"code": "a"}}
        for policy in ("isolate", "all"):
            with self.subTest(policy=policy):
                job = self.submit([upsert("code", code="a"), nested], policy=policy)
                self.runner().step()
                self.renew()
                self.assertEqual(self.states(job), ["done"] * 2)
                self.assertEqual(len(self.records([])), 1)
                self.assertEqual(self.outcomes(job)[1]["value"], ["updated"])
                self.remove_all()

    def test_a_job_first_with_the_same_external_id(self):
        """The same for external ids, by upsert and by load."""
        row = {"op": "load", "model": KEY, "fields": ["id", "name"], "row": ["x", "3"]}
        for later, name in ((by_id("x", name="2"), "2"), (row, "3")):
            with self.subTest(op=later["op"]):
                self.beside_a_job([by_id("x", name="1")], later)
                self.assertEqual(self.records([]).mapped("name"), [name])
                self.remove_all()

    def test_a_job_first_with_a_key_that_refers(self):
        """What a key refers to is known only when that has been done; so is what came too late."""
        self.make({"code": "p"})
        kid = upsert("parent_id", "name", parent_id=refer("p"), name="kid")
        operations = [upsert("code", code="p") | {"ref": "p"}, kid]
        self.beside_a_job(operations, *operations)
        self.assertEqual(len(self.records([("name", "=", "kid")])), 1)

    def beside_a_job(self, first, *later):
        """A job stops at the gate with its operations done and not committed; the call begins
        and must wait. It finds what the job has made."""
        job = self.submit([*first, waits_at_gate("gate")])
        runner = self.runner()
        self.key_of(self.admin)
        with self.stopped_at_gate(runner):
            call = self.in_background(self.execute, list(later))
            self.until_a_key_is_waited_for()
        values = {"upsert": "updated", "load": None}
        self.assert_values(call.result(PATIENCE), [values[one["op"]] for one in later])
        self.run_to_end(job)
        runner.close()

    def test_locks_lost_before_the_end(self):
        """PostgreSQL ends the session that holds the locks: somebody else may have made it."""
        with self.call_at_gate() as call:
            self.end_sessions_with_key_locks()
            self.make({"code": "a", "name": "1"})
        self.assert_values(call.result(PATIENCE), ["updated"])
        self.assertEqual(self.records([]).mapped("name"), ["2"])

    def test_locks_lost_that_were_not_needed(self):
        """A call that makes nothing by its keys goes on without them, and is not done again."""
        self.make({"code": "a", "name": "1"})
        number = "SELECT nextval('test_batch_item_id_seq')"  # not taken back by a rollback
        (before,) = self.ask(number)
        with self.call_at_gate() as call:
            self.end_sessions_with_key_locks()
        self.assert_values(call.result(PATIENCE), ["updated"])
        self.assertEqual(self.records([]).mapped("name"), ["2"])
        self.assertEqual(self.ask(number), (before + 2,))

    def test_two_calls_in_one_transaction(self):
        """The second does not wait for the first."""
        jobs = self.env["batch.job"].with_user(self.admin)
        keys = (["a", "b"], ["b", "a"], ["c", "a"])
        reports = [jobs.execute([upsert("code", code=code) for code in one]) for one in keys]
        values = [[one["value"] for one in report["results"]] for report in reports]
        expected = [["created"] * 2, ["updated"] * 2, ["created", "updated"]]
        self.assertEqual(values, expected)
        self.commit()
        self.assertEqual(self.key_locks(), 0)
        self.assertEqual(len(self.records([])), 3)

    def assert_values(self, reply, values):
        self.assertEqual(reply.status, 200, reply.body)
        first = reply.body["results"][: len(values)]
        self.assertEqual([one["value"] for one in first], values)

    @contextmanager
    def call_at_gate(self):
        """As long as this lasts a call waits at the gate with its upsert done and not committed."""
        self.key_of(self.admin)
        with self.shut_gate():
            operations = [upsert("code", code="a", name="2"), waits_at_gate("gate")]
            call = self.in_background(self.execute, operations)
            self.renew()
            self.until_a_lock_is_waited_for("somebody waits at the gate", AT_GATE)
            yield call

    def end_sessions_with_key_locks(self):
        with self.registry.cursor() as cr:
            cr.execute(
                f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE granted AND {KEY_LOCKS}"
            )
            self.assertEqual(cr.rowcount, 2, "locks on the model and on the key")
        self.until(lambda: self.key_locks() == 0, "the locks are gone")

    def execute(self, operations):
        """Through the server, which does a call again when its transaction came too late."""
        path = "/json/2/batch.job/execute"
        return Reply.of(self.request(self.admin, path, json={"operations": operations}))

    def test_job_updates_what_execute_made(self):
        """The job waits for the call's commit, and updates what it made."""
        self.env["batch.job"].with_user(self.admin).execute([upsert("code", code="a", name="1")])
        with self.registry.cursor() as other:
            env = self.env(cr=other)
            jobs = env["batch.job"].with_user(self.admin)
            job_id = jobs.submit([upsert("code", code="a", name="2")])["id"]
            other.commit()
        runner = self.runner()
        step = self.waiting_step(runner, keep=True)
        self.commit()
        step.result(PATIENCE)
        job = self.env["batch.job"].with_user(self.admin).browse(job_id)
        self.run_to_end(job)
        self.assertEqual(self.values(job), ["updated"])
        self.assertEqual(self.records([]).mapped("name"), ["2"])

    def test_a_call_that_is_undone(self):
        """A call that its caller rolls back leaves neither a record nor a lock."""
        self.env["batch.job"].with_user(self.admin).execute([upsert("code", code="a")])
        self.renew()
        self.assertEqual(self.values_of([upsert("code", code="a")]), ["created"])

    def test_a_call_that_waited_in_vain(self):
        """A call that gives up waiting leaves no lock and no connection behind."""
        self.submit([upsert("code", code="b"), upsert("code", code="a"), waits_at_gate("gate")])
        runner = self.runner()
        with self.stopped_at_gate(runner), patch(f"{LOCKS}.PATIENCE", "20ms"):
            with self.assertRaises(Exception) as gave_up:
                operations = [upsert("code", code=code) for code in ("c", "a", "b")]
                self.env["batch.job"].with_user(self.admin).execute(operations)
            self.assertIn("at work on records with the same keys", str(gave_up.exception))
            self.renew()
            self.assertEqual(self.key_locks(but=runner.pid), 0)

    def test_a_call_by_a_key_that_a_job_holds_for_long(self):
        """It is told to come again (429) after it has waited once, and nothing is stored."""
        self.submit([upsert("code", code="a"), waits_at_gate("gate")])
        self.key_of(self.admin)
        with self.stopped_at_gate(self.runner()), patch(f"{LOCKS}.PATIENCE", "20ms"):
            reply = self.execute([upsert("code", code="a")])
            self.assertEqual(reply.status, 429, reply.body)
            self.assertIn("same keys; nothing was done", reply.body["message"])
            self.assertEqual(self.env["batch.job"].search_count([]), 1)

    def test_a_call_with_many_keys(self):
        """PostgreSQL's lock table is everybody's: calls with many keys lock the model instead."""
        most = key_locks.MOST_KEYS_OF_A_CALL
        for keys, locks in ((most, most + 1), (most + 1, 1)):
            with self.subTest(keys=keys):
                operations = [upsert("code", code=f"many {number}") for number in range(keys)]
                self.env["batch.job"].with_user(self.admin).execute(operations)
                self.assertEqual(self.key_locks(), locks)
                self.renew()

    def test_a_call_whose_hooks_are_dropped(self):
        """Odoo's test cases drop the hooks of a transaction: the locks and their connection go."""
        self.env["batch.job"].with_user(self.admin).execute([upsert("code", code="a")])
        self.assertGreater(self.key_locks(), 0)
        with self.assertNoLogs("odoo.sql_db", "WARNING"):
            self.cr.postcommit.clear()
            self.cr.postrollback.clear()
            gc.collect()
        self.assertEqual(self.key_locks(), 0)

    def key_locks(self, but=0):
        """How many locks on keys and models are held, but for one backend's."""
        with self.registry.cursor() as cr:
            cr.execute(f"SELECT count(*) FROM pg_locks WHERE pid != %s AND {KEY_LOCKS}", [but])
            return cr.fetchone()[0]


@tagged("post_install", "-at_install")
class TestUpsertBesideOthers(UpsertRaceCase):
    """Writers outside batch jobs take no locks: a unique constraint is what helps."""

    def assert_found_after_all(self, job, conflicts=1):
        self.run_to_end(job)
        self.assertEqual(self.values(job)[-1], "updated")
        self.assertEqual(job.chunk_ids.mapped("conflicts"), [conflicts])
        (record,) = self.records([])
        self.assertEqual(record.name, "job")

    def test_committed_before_the_look_up(self):
        """Made and committed after the chunk's snapshot: the violation leads to another look."""
        operation = upsert("unique_code", unique_code="a", name="job")
        job = self.submit([waits_at_gate("gate"), operation])
        with self.stopped_at_gate(self.runner()):
            self.make({"unique_code": "a", "name": "other"})
        self.assert_found_after_all(job)

    def waiting_for_an_insert(self):
        """A job whose upsert waits for the end of the test's transaction, which has made a record
        with the same key; and its step."""
        job = self.submit([upsert("unique_code", unique_code="a", name="job")])
        runner = self.runner()
        self.env[KEY].create({"unique_code": "a", "name": "other"})
        self.env.flush_all()
        return job, self.waiting_step(runner, keep=True)

    def test_committed_while_it_waits(self):
        """Made and not yet committed: the insert waits, then the same."""
        job, step = self.waiting_for_an_insert()
        self.commit()
        step.result(PATIENCE)
        self.assert_found_after_all(job)

    def test_given_up_while_it_waits(self):
        """Made and given up: the upsert creates its record, at the first try."""
        job, step = self.waiting_for_an_insert()
        self.renew()
        step.result(PATIENCE)
        self.run_to_end(job)
        self.assertEqual(self.values(job), ["created"])
        self.assertEqual(job.chunk_ids.mapped("conflicts"), [0])

    def test_under_every_policy(self):
        """No policy takes such a violation for a failure."""
        for policy in ("chunk", "stop", "all"):
            with self.subTest(policy=policy):
                operation = upsert("unique_code", unique_code="a", name="job")
                job = self.submit([waits_at_gate("gate"), operation], policy=policy)
                runner = self.runner()
                with self.stopped_at_gate(runner):
                    self.make({"unique_code": "a", "name": "other"})
                self.assert_found_after_all(job)
                runner.close()
                self.remove_all()

    def test_unique_by_another_field_after_a_delete(self):
        """That its own job has deleted or changed the record of the key is no conflict."""
        taken = self.make({"unique_code": "taken"})
        for op in ("unlink", "write"):
            for policy in ("isolate", "all"):
                with self.subTest(op=op, policy=policy):
                    (record,) = self.make({"code": "a"})
                    first = {"op": op, "model": KEY, "ids": record.ids}
                    first |= {"values": {"code": "b"}} if op == "write" else {}
                    job = self.submit_and_run(
                        [first, upsert("code", code="a", unique_code="taken")], policy=policy
                    )
                    self.assertEqual(self.states(job)[1], "failed")
                    self.assertEqual(self.outcomes(job)[1]["error"]["type"], "unique")
                    self.assertEqual(job.chunk_ids.mapped("conflicts"), [0])
                    self.renew()
                    (self.records([]) - taken).unlink()
                    self.commit()

    def test_external_id_made_meanwhile_is_found(self):
        """An external id that somebody else has made meanwhile is found in the same way."""
        job = self.submit([waits_at_gate("gate"), by_id("x", name="job")])
        with self.stopped_at_gate(self.runner()):
            self.env[KEY]._load_records([{"xml_id": "__import__.x", "values": {"name": "other"}}])
            self.commit()
        self.assert_found_after_all(job)

    def test_record_deleted_meanwhile_is_made_anew(self):
        """What was found and then deleted by somebody else is made anew."""
        record = self.make({"code": "a", "name": "other"})
        job = self.submit([waits_at_gate("gate"), upsert("code", code="a", name="job")])
        with self.stopped_at_gate(self.runner()):
            record.unlink()
            self.commit()
        self.run_to_end(job)
        self.assertEqual(self.values(job), ["created"])
        self.assertEqual(job.chunk_ids.mapped("conflicts"), [1])
        self.assertEqual(self.records([]).mapped("name"), ["job"])
