from odoo.tests import tagged

from .key_cases import KEY, KeyCase, create, refer, upsert, write

ORDER, LINE = "test.batch.order", "test.batch.order.line"
LINES = 5


def orders(count, bad=()):
    """Operations for partners, orders and lines, as somebody writes them down."""
    operations = []
    for n in range(count):
        color = {"no_such_field": n} if n in bad else {}
        operations += [
            create(f"partner {n}", "res.partner", name=f"partner {n}", **color),
            create(f"order {n}", ORDER, name=f"order {n}", partner_id=refer(f"partner {n}")),
        ]
        operations += [
            create(None, LINE, name=f"order {n} line {k}", order_id=refer(f"order {n}"))
            for k in range(LINES)
        ]
    return operations


@tagged("post_install", "-at_install")
class TestReferences(KeyCase):
    """`{"$ref": name}` stands for the records of an earlier operation."""

    def assert_orders(self, numbers):
        """These orders exist, each with its own partner and its own lines, and no others."""
        found = self.env[ORDER].search([])
        self.assertEqual(sorted(found.mapped("name")), sorted(f"order {n}" for n in numbers))
        for order in found:
            self.assertEqual(order.partner_id.name, order.name.replace("order", "partner"))
            lines = sorted(order.line_ids.mapped("name"))
            self.assertEqual(lines, [f"{order.name} line {k}" for k in range(LINES)])

    def test_orders_with_lines(self):
        """Across chunks, one after the other or at once, each order has its partner and lines."""
        for options in ({"max_parallel": 1}, {"max_parallel": 2}, {"policy": "all"}):
            with self.subTest(**options):
                job = self.submit_and_run(orders(20), chunk_size=9, **options)
                self.assert_counters(job, "done", succeeded=140)
                self.assert_orders(range(20))
                self.env[ORDER].search([]).unlink()
                self.commit()

    def test_parents_that_fail(self):
        """What refers to a failed operation is skipped and says why, and so on to the last child;
        `retry` takes all along, and with the fault mended they land."""
        for parallel in (1, 2):
            with self.subTest(parallel=parallel):
                job = self.submit_and_run(orders(9, {1, 4}), chunk_size=8, max_parallel=parallel)
                self.assert_counters(job, "partial", succeeded=49, failed=2, skipped=12)
                self.assert_orders({0, 2, 3, 5, 6, 7, 8})
                outcomes = self.outcomes(job)
                self.assertEqual(outcomes[7]["error"]["type"], "unknown_field")
                self.assertEqual(outcomes[8]["state"], "skipped")
                self.assertEqual(outcomes[8]["error"]["type"], "reference")
                self.assertIn(
                    "'partner 1', operation 7, is failed", outcomes[8]["error"]["message"]
                )
                self.assertIn("'order 1', operation 8, is skipped", outcomes[9]["error"]["message"])
                self.cr.execute(
                    "UPDATE batch_job_operation SET payload = payload #- '{values,no_such_field}'"
                    " WHERE job_id = %s",
                    [job.id],
                )
                job.retry()
                self.run_jobs()
                self.assert_counters(job, "done", succeeded=63)
                self.assertEqual({o["error"] for o in self.outcomes(job)}, {None})
                self.assert_orders(range(9))
                self.env[ORDER].search([]).unlink()
                self.commit()

    def test_under_every_policy(self):
        """A parent that fails rolls its mates back as the policy says; children are skipped."""
        operations = [create("a", no_such_field=1), create("b"), create(), create()]
        operations[2]["values"]["parent_id"] = refer("a")
        operations[3]["values"]["parent_id"] = refer("b")
        ends = {
            "isolate": ["failed", "done", "skipped", "done"],
            "chunk": ["failed", "rolled_back", "skipped", "skipped"],
            "stop": ["failed", "pending", "pending", "pending"],
            "all": ["failed", "rolled_back", "rolled_back", "rolled_back"],
        }
        for policy, states in ends.items():
            with self.subTest(policy=policy):
                job = self.submit_and_run(operations, policy=policy, chunk_size=2)
                self.assertEqual(self.states(job), states)
                self.assertEqual(len(self.records([])), states.count("done"))
                self.records([]).unlink()
                self.commit()

    def test_stop_then_skip(self):
        """After `stop`, leaving the parent behind skips its children and lands the others."""
        operations = [create("a", no_such_field=1), create("b"), create(), create()]
        operations[2]["values"]["parent_id"] = refer("a")
        operations[3]["values"]["parent_id"] = refer("b")
        job = self.submit_and_run(operations, policy="stop", chunk_size=4)
        job.resume(skip=True)
        self.run_jobs()
        self.assertEqual(self.states(job), ["failed", "done", "skipped", "done"])
        self.assert_counters(job, "partial", succeeded=2, failed=1, skipped=1)

    def test_commands_take_references(self):
        """x2many commands take references, also in the values of what they create."""
        operations = [
            create("a", name="a"),
            create("b", name="b"),
            create("c", name="c", friend_ids=[[6, 0, [refer("a"), refer("b")]]]),
            create("d", name="d", friend_ids=[[4, refer("c"), 0], [4, refer("a")]]),
            create("e", name="e", child_ids=[[0, 0, {"name": "kid", "parent_id": refer("a")}]]),
            write([refer("c")], friend_ids=[[3, refer("a"), 0]], child_ids=[[4, refer("b")]]),
        ]
        a, b, c, d, e = [one["ids"] for one in self.outcomes(self.submit_and_run(operations))][:5]
        browse = self.env[KEY].browse
        self.assertEqual(browse(c).friend_ids.ids, b)
        self.assertEqual(browse(d).friend_ids, browse(c + a))
        self.assertEqual(browse(e).child_ids.mapped("name"), ["kid"])
        self.assertEqual(browse(b).parent_id.ids, c)

    def test_ids_args_kwargs(self):
        """Ids, arguments and named arguments take references."""
        operations = [
            create("a", name="a"),
            create("b", name="b"),
            {
                "op": "call",
                "model": KEY,
                "ids": [refer("a"), refer("b")],
                "method": "write",
                "args": [{"parent_id": refer("b")}],
            },
            {
                "op": "call",
                "model": KEY,
                "ids": [refer("a")],
                "method": "rename",
                "args": ["new"],
                "kwargs": {"one": refer("b"), "all": [refer("a"), refer("b")]},
            },
            {"op": "unlink", "model": KEY, "ids": [refer("b")]},
        ]
        outcomes = self.outcomes(self.submit_and_run(operations))
        self.assertEqual({one["state"] for one in outcomes}, {"done"})
        (a,), (b,) = outcomes[0]["ids"], outcomes[1]["ids"]
        self.assertEqual(outcomes[2]["ids"], [a, b])
        self.assertEqual(self.records([]).mapped("name"), [f"new all=[{a}, {b}] one={b}"])

    def test_several_records_fit_into_lists_only(self):
        """An operation with several records stands for all of them in a list; where one is needed
        the operation fails as `reference`, and the others land."""
        operations = [
            create("two"),
            create(None, name="list", friend_ids=[[6, 0, [refer("two")]]]),
            create(None, name="single", parent_id=refer("two")),
            create(None, name="command", friend_ids=[[4, refer("two"), 0]]),
            write([refer("two")], text="both"),
            upsert("parent_id", parent_id=refer("two")),
        ]
        operations[0]["values"] = [{"name": "1"}, {"name": "2"}]
        ends = ["done", "done", "failed", "failed", "done", "failed"]
        for size in (6, 1):
            with self.subTest(size=size):
                job = self.submit_and_run(operations, chunk_size=size)
                self.assertEqual(self.states(job), ends)
                outcomes = self.outcomes(job)
                for index in (2, 3, 5):
                    self.assertEqual(outcomes[index]["error"]["type"], "reference")
                    self.assertIn("'two' stands for 2 records", outcomes[index]["error"]["message"])
                both = self.env[KEY].browse(outcomes[0]["ids"])
                self.assertEqual(both.mapped("text"), ["both", "both"])
                self.assertEqual(self.env[KEY].browse(outcomes[1]["ids"]).friend_ids, both)
                self.assertEqual(job.chunk_ids.mapped("conflicts"), [0] * len(job.chunk_ids))

    def test_several_records_under_stop(self):
        """Such a failure is the culprit's under the other policies too."""
        operations = [create("two"), create(), create(None, parent_id=refer("two"))]
        operations[0]["values"] = [{"name": "1"}, {"name": "2"}]
        job = self.submit_and_run(operations, policy="chunk")
        self.assertEqual(self.states(job), ["rolled_back", "rolled_back", "failed"])
        self.assertEqual(self.outcomes(job)[2]["error"]["type"], "reference")

    def test_what_operations_stand_for(self):
        """A write stands for its records, an upsert for the one it found or made, a call for the
        records it gave, or those it was called on."""
        record = self.make({"code": "known", "name": "known"})
        operations = [
            write(record.ids, text="x") | {"ref": "written"},
            upsert("code", code="known") | {"ref": "found"},
            upsert("code", code="new", name="new") | {"ref": "made"},
            {"op": "call", "model": KEY, "method": "find_named", "args": ["new"], "ref": "given"},
            {"op": "call", "model": KEY, "ids": record.ids, "method": "rename", "args": ["on"]}
            | {"ref": "called"},
        ]
        names = ["written", "found", "made", "given", "called"]
        operations += [create(None, parent_id=refer(name)) for name in names]
        for size in (20, 2):
            with self.subTest(size=size):
                outcomes = self.outcomes(self.submit_and_run(operations, chunk_size=size))
                self.assertEqual({one["state"] for one in outcomes}, {"done"})
                parents = [self.env[KEY].browse(one["ids"]).parent_id.code for one in outcomes[5:]]
                self.assertEqual(parents, ["known", "known", "new", "new", "known"])

    def test_inside_a_key(self):
        """A key may hold a reference; its record is found again by what it stands for."""
        operations = [
            upsert("code", code="a") | {"ref": "a"},
            upsert("parent_id", "name", parent_id=refer("a"), name="kid"),
            upsert("name", "parent_id", parent_id=refer("a"), name="kid"),
        ]
        for size, first in ((3, "created"), (1, "updated"), (3, "updated")):
            values = [first, first, "updated"]
            self.assertEqual(self.values_of(operations, chunk_size=size), values)
        self.assertEqual(len(self.records([])), 2)

    def test_parts_of_a_submission(self):
        """A part may refer to earlier parts, also when chunks run at once."""
        for parallel in (1, 2):
            with self.subTest(parallel=parallel):
                operations = orders(6)
                job = self.submit([], start=False, max_parallel=parallel, chunk_size=4)
                for part, start in enumerate(range(0, len(operations), 5)):
                    job.append(operations[start : start + 5], part=part)
                job.start()
                self.run_jobs()
                self.assert_counters(job, "done", succeeded=42)
                self.assert_orders(range(6))
                self.env[ORDER].search([]).unlink()
                self.commit()

    def test_wrong_references_are_refused(self):
        """References to nothing, forward, in a circle or doubled are refused with the index."""
        first = create("a", name="a")
        self.assert_refused([first, create(None, parent_id=refer("b"))], "Operation 1", "'b'")
        forward = [create(None, parent_id=refer("a")), first]
        self.assert_refused(forward, "Operation 0", "Put what is referred to first")
        circle = [create("x", parent_id=refer("y")), create("y", parent_id=refer("x"))]
        self.assert_refused(circle, "Operation 0", "'y'")
        self.assert_refused([create("x", parent_id=refer("x"))], "Operation 0", "itself")
        self.assert_refused([first, create(), first], "Operation 2", "'a' is used")
        self.assert_refused([first, create(None, **refer("a"))], "Operation 1", "into a field")
        mixed = create(None, parent_id={"$ref": "a", "name": "b"})
        self.assert_refused([first, mixed], "Operation 1", "nothing else")

    def test_refused_in_a_part(self):
        """The index of a refusal counts from the job's first operation, and the part is not in."""
        job = self.submit([create("a"), create()], start=False)
        for operation in (create("a"), create(None, parent_id=refer("b"))):
            with self.assertRaisesRegex(Exception, "Operation 3"):
                job.append([create(), operation], part=0)
            self.renew()
        job.append([create("b", parent_id=refer("a"))], part=0)
        self.assertEqual(job.status()["total"], 3)
        self.commit()

    def test_references_work_inside_execute(self):
        """References work inside one call as well."""
        answer = self.env["batch.job"].with_user(self.admin).execute(orders(2, {1}))
        self.commit()
        states = [one["state"] for one in answer["results"]]
        self.assertEqual(states, ["done"] * 7 + ["failed"] + ["skipped"] * 6)
        self.assert_orders({0})

    def test_a_parent_deleted_meanwhile(self):
        """A parent that somebody has deleted since makes its child fail, by itself."""
        operations = [create("a"), create(None, parent_id=refer("a"), unique_code="taken")]
        taken = self.make({"unique_code": "taken"})
        job = self.submit_and_run(operations)
        self.assertEqual(self.states(job), ["done", "failed"])
        self.env[KEY].browse(self.outcomes(job)[0]["ids"]).unlink()
        taken.unlink()
        self.commit()
        job.retry()
        self.run_jobs()
        self.assertEqual(self.states(job), ["done", "failed"])
        error = self.outcomes(job)[1]["error"]
        self.assertEqual((error["type"], error["field"]), ("foreign_key", "parent_id"))

    def test_a_reference_alone(self):
        """`"ids": {"$ref": …}` stands for the records of that operation: in write, unlink and call,
        and in waves when chunks run at once; it is the same submission as with a list."""
        makes = {
            "op": "create",
            "model": KEY,
            "ref": "two",
            "values": [{"name": "a"}, {"name": "b"}],
        }
        operations = [
            makes,
            {"op": "write", "model": KEY, "ids": refer("two"), "values": {"code": "alone"}},
            {"op": "call", "model": KEY, "method": "read", "ids": refer("two"), "args": [["code"]]},
            {"op": "unlink", "model": KEY, "ids": refer("two")},
        ]
        for options in ({}, {"chunk_size": 1}, {"chunk_size": 1, "max_parallel": 2}):
            with self.subTest(**options):
                job = self.submit_and_run(operations, **options)
                self.assert_counters(job, "done", succeeded=4)
                made, written, read, gone = self.outcomes(job)
                self.assertEqual(len(made["ids"]), 2)
                self.assertEqual([written["ids"], read["ids"], gone["ids"]], [made["ids"]] * 3)
                self.assertEqual([one["code"] for one in read["value"]], ["alone", "alone"])
                self.assertEqual(self.env[KEY].search_count([("id", "in", made["ids"])]), 0)
        listed = [{**one, "ids": [one["ids"]]} if "ids" in one else one for one in operations]
        job = self.submit(operations, idempotency_key="alone")
        self.assertEqual(self.submit(listed, idempotency_key="alone"), job)

    def test_a_failure_names_what_its_reference_stands_for(self):
        """The outcome of a failed operation has the ids of the records that its references stand
        for, in its chunk and in a later one, and in one call; none where there are no records."""
        bad = {"no_such_field": 1}
        operations = [
            {"op": "create", "model": KEY, "ref": "two", "values": [{"name": "a"}, {"name": "b"}]},
            write(refer("two"), **bad),
            write([refer("two")], **bad),
            {"op": "call", "model": KEY, "method": "read", "ids": refer("two"), "args": [1]},
            write([10**9], **bad),
        ]
        for size in (0, 1):
            with self.subTest(chunk_size=size):
                job = self.submit_and_run(operations, chunk_size=size)
                self.assert_failures_name(self.outcomes(job))
        answer = self.env["batch.job"].with_user(self.admin).execute(operations)
        self.assert_failures_name(answer["results"])
        self.commit()
        job = self.submit_and_run(operations[:2], policy="chunk")
        self.assertEqual([one["ids"] for one in self.outcomes(job)], [None, None])

    def assert_failures_name(self, outcomes):
        made, *failed = outcomes
        self.assertEqual({one["state"] for one in failed}, {"failed"})
        ids = made["ids"]
        self.assertEqual([one["ids"] for one in failed], [ids, ids, ids, [10**9]])
