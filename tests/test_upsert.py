from datetime import datetime
from unittest.mock import patch

from odoo.tests import tagged

from ..engine.operations import Operation
from ..execution.orm.find_keys import Keys
from ..execution.orm.upsert import upsert as apply
from .key_cases import BUDGET, KEY, KeyCase, upsert, write
from .races import HERE

HALF = 300


@tagged("post_install", "-at_install")
class TestUpsert(KeyCase):
    """Update the record that has the key, or create one: never a second one."""

    def test_half_of_them_known(self):
        """Known keys are updated, others created, doubled ones fail naming both; again: none
        created."""
        self.make(*({"code": f"half {number}"} for number in range(HALF)))
        twice = self.make(*({"code": f"half {number}"} for number in range(5)))
        operations = [
            upsert("code", code=f"half {number}", name=f"n {number}") for number in range(2 * HALF)
        ]
        for created, updated in ((HALF, HALF - 5), (0, 2 * HALF - 5)):
            job = self.submit_and_run(operations, chunk_size=100)
            self.assert_counters(job, "partial", succeeded=2 * HALF - 5, failed=5)
            outcomes = self.outcomes(job)
            values = [outcome["value"] for outcome in outcomes]
            self.assertEqual((values.count("created"), values.count("updated")), (created, updated))
        self.assertEqual([o["index"] for o in outcomes if o["state"] == "failed"], [0, 1, 2, 3, 4])
        for outcome, second in zip(outcomes[:5], twice, strict=True):
            first = self.records([("code", "=", second.code)])[0]
            self.assertEqual(outcome["error"]["type"], "ambiguous_key")
            self.assertIn(f"ids {first.id}, {second.id}", outcome["error"]["message"])
        self.assertEqual(len(self.records([])), 2 * HALF + 5)
        for outcome in outcomes[5:]:
            record = self.env[KEY].browse(outcome["ids"])
            number = outcome["index"]
            self.assertEqual((record.code, record.name), (f"half {number}", f"n {number}"))

    def test_archived_match_is_updated(self):
        """An archived record is found and updated, and stays archived."""
        record = self.make({"code": "old", "active": False})
        outcome = self.run_one(upsert("code", code="old", name="new"))
        self.assertEqual((outcome["value"], outcome["ids"]), ("updated", record.ids))
        self.assertEqual((record.name, record.active), ("new", False))

    def test_hidden_match_is_left_alone(self):
        """A record that a rule hides is named and left alone, and no second one is made."""
        record = self.make({"code": "hidden", "secret": True})
        self.assert_failed(upsert("code", code="hidden", name="x"), "access", f"id {record.id},")
        self.assertEqual((self.records([]), record.name), (record, False))

    def test_hidden_beside_a_visible_one(self):
        """Of two with the key, one of them hidden, the visible one is the user's."""
        visible, _hidden = self.make({"code": "both"}, {"code": "both", "secret": True})
        self.assertEqual(self.run_one(upsert("code", code="both"))["ids"], visible.ids)

    def test_one_key_several_times(self):
        """The same key within a chunk and over chunk borders is one record; the last one stays."""
        operations = [upsert("code", code=f"k{n % 3}", name=f"name {n}") for n in range(12)]
        for size in (12, 4, 1):
            with self.subTest(size=size):
                values = self.values_of(operations, chunk_size=size)
                self.assertEqual(values, ["created"] * 3 + ["updated"] * 9)
                named = [(one.code, one.name) for one in self.records([])]
                self.assertEqual(named, [("k0", "name 9"), ("k1", "name 10"), ("k2", "name 11")])
                self.records([]).unlink()

    def test_other_operations_between(self):
        """What happens to the record between two upserts of its key is not overtaken."""
        record = self.make({"code": "a"})
        operations = [
            upsert("code", code="a", name="1", number=1),
            write(record.ids, name="2", text="kept"),
            upsert("code", code="a", number=3),
            {"op": "unlink", "model": KEY, "ids": record.ids},
            upsert("code", code="a", name="4"),
            upsert("code", code="a", number=5),
        ]
        values = ["updated", True, "updated", True, "created", "updated"]
        self.assertEqual(self.values_of(operations), values)
        (made,) = self.records([])
        self.assertEqual((made.name, made.number, made.text), ("4", 5, False))

    def test_a_record_made_on_the_way(self):
        """What an earlier operation makes of its own, by an x2many command, is found."""
        operations = [
            upsert("code", code="a", child_ids=[[0, 0, {"code": "b", "name": "kid"}]]),
            upsert("code", code="b", name="found"),
        ]
        self.assertEqual(self.values_of(operations), ["created", "updated"])
        self.assertEqual(self.records([]).mapped("name"), [False, "found"])

    def test_an_empty_xml_id(self):
        """An external id of null beside a key is none."""
        self.assertEqual(self.values_of([upsert("code", code="a") | {"xml_id": None}]), ["created"])

    def test_only_the_key(self):
        """An upsert with nothing but its key writes nothing to a record that exists."""
        record = self.make({"code": "a"})
        self.cr.execute("UPDATE test_batch_key SET write_date = '2000-01-01'")
        self.assertEqual(self.values_of([upsert("code", code="a")]), ["updated"])
        self.assertEqual(record.write_date, datetime(2000, 1, 1))

    def test_under_every_policy(self):
        """A key that fits two fails as under `isolate`, and the policy decides on the others."""
        self.make({"code": "2"}, {"code": "2"})
        operations = [upsert("code", code=str(number), name="x") for number in range(6)]
        self.assert_policies_decide(operations)

    def test_unique_by_another_field(self):
        """A violation that has nothing to do with the key is a failure, at once and of one."""
        self.make({"unique_code": "taken"})
        operations = [upsert("code", code=f"u{n}", unique_code=f"free {n}") for n in range(4)]
        operations[2]["values"]["unique_code"] = "taken"
        job = self.submit_and_run(operations)
        self.assertEqual(self.states(job), ["done", "done", "failed", "done"])
        self.assertEqual(self.outcomes(job)[2]["error"]["type"], "unique")
        self.assertEqual(job.chunk_ids.mapped("attempt"), [1])

    def test_later_chunk_updates_the_earlier_record(self):
        """With chunks at once the later operation of a key still updates the earlier one's."""
        operations = [upsert("code", code=f"p{n % 4}", name=f"name {n}") for n in range(12)]
        job = self.submit(operations[:6], max_parallel=2, chunk_size=2, start=False)
        job.append(operations[6:], part=0)
        job.start()
        self.assertEqual(self.locked(job)["wave_ends"], [3, 7, 11])
        self.run_jobs()
        values = [outcome["value"] for outcome in self.outcomes(job)]
        self.assertEqual(values, ["created"] * 4 + ["updated"] * 8)
        names = [(one.code, one.name) for one in self.records([])]
        self.assertEqual(names, [(f"p{n}", f"name {n + 8}") for n in range(4)])

    def test_one_look_up(self):
        """However many keys a chunk has, they are looked up by the same few statements."""
        self.make(*({"code": f"q {number}"} for number in range(200)))
        counts = []
        for size in (2, 200):
            self.renew()
            env = self.env(user=self.admin, su=False)
            operations = [upsert("code", code=f"q {number}") for number in range(size)]
            counts.append(self.statements_of(env, operations))
        self.assertEqual(counts[0], counts[1])

    def statements_of(self, env, operations):
        stored = [
            Operation(at, at, "upsert", KEY, {"key": one["key"], "values": one["values"]})
            for at, one in enumerate(operations)
        ]
        apply(env[KEY], stored)  # warm caches: rights, rules
        before = self.cr.sql_log_count
        outcomes = apply(env[KEY], stored)
        self.assertEqual({outcome.value for outcome in outcomes}, {"updated"})
        return self.cr.sql_log_count - before

    def test_execute_upserts_as_jobs_do(self):
        """`execute` upserts as a job does."""
        jobs = self.env["batch.job"].with_user(self.admin)
        for values in (["created", "updated"], ["updated", "updated"]):
            answer = jobs.execute([upsert("code", code="e", name=name) for name in ("1", "2")])
            self.assertEqual([one["value"] for one in answer["results"]], values)
            self.commit()
        self.assertEqual(self.records([]).mapped("name"), ["2"])

    def test_execute_after_own_changes(self):
        """What the caller's own transaction has made before is found, and nobody else is waited
        for."""
        record = self.env[KEY].create({"code": "own"})
        jobs = self.env["batch.job"].with_user(self.admin)
        answer = jobs.execute([upsert("code", code="own", name="x")])
        self.assertEqual(answer["results"][0]["ids"], record.ids)
        self.commit()

    def test_more_keys_than_locks(self):
        """Past a number of keys models are locked instead; the end is the same."""
        operations = [upsert("code", code=f"m {number}") for number in range(20)]
        with patch(BUDGET, lambda _locks: 5):
            self.assertEqual(self.values_of(operations, chunk_size=20), ["created"] * 20)
            self.assertEqual(self.values_of(operations, chunk_size=20), ["updated"] * 20)

    def test_a_key_that_cannot_be_worked_out(self):
        """Whatever a model's own code raises when its key is looked at is that operation's failure
        at once, and no conflict that is waited for."""
        key_of = Keys.key_of

        def broken(finder, operation):
            if operation.payload["values"]["code"] == "broken":
                finder.model.env.cr.execute("SELECT 1 / 0")
            return key_of(finder, operation)

        codes = ("fine", "broken", "as well")
        with patch.object(Keys, "key_of", broken):
            job = self.submit_and_run([upsert("code", code=code) for code in codes])
        outcomes = self.outcomes(job)
        self.assertEqual([one["state"] for one in outcomes], ["done", "failed", "done"])
        self.assertEqual(outcomes[1]["error"]["message"], "division by zero")
        self.assertEqual(set(job.chunk_ids.mapped("conflicts")), {0})

    def test_no_more_keys_than_its_share(self):
        """Where the size is left to the server, a chunk has no more keys than a runner may lock."""
        job = self.submit([upsert("code", code=f"s {number}") for number in range(50)])
        with patch(BUDGET, lambda _locks: 20):
            self.run_jobs()
        self.assert_counters(job, "done", succeeded=50)
        self.assertEqual(set(job.chunk_ids.mapped("size")), {10})

    def test_no_more_keys_than_its_share_after_a_retry(self):
        """Also where a retry cuts all chunks at once."""
        job = self.submit([upsert("code", code=f"r {number}") for number in range(50)])
        job.cancel()
        with patch(BUDGET, lambda _locks: 20):
            job.retry(cancelled=True)
            self.run_jobs()
        self.assert_counters(job, "done", succeeded=50)
        self.assertEqual(set(job.chunk_ids.mapped("size")), {10})

    def test_no_lock_is_left(self):
        """Whatever became of a chunk, its key locks are free afterwards."""
        self.make({"code": "1"}, {"code": "1"})
        for operations in ([upsert("code", code="0")], [upsert("code", code="1")]):
            self.submit_and_run(operations)
            self.cr.execute(f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND {HERE}")
            self.assertEqual(self.cr.fetchone(), (0,))
