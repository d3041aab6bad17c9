from odoo.tests import tagged

from .rpc_cases import MODEL, RpcCase, create

CONTRACT = ("status", "results", "start", "pause", "resume", "cancel", "retry", "append")


@tagged("post_install", "-at_install")
class TestOddContext(RpcCase):
    """A context that Odoo cannot work in is refused by every method, in a sentence."""

    def setUp(self):
        super().setUp()
        self.job = self.submit([create("context")], user=self.user, start=False)

    def calls(self):
        yield from ((method, {"ids": self.job.ids}) for method in CONTRACT if method != "append")
        operations = [create("never")]
        yield "append", {"ids": self.job.ids, "operations": operations, "part": 0}
        yield "submit", {"operations": operations}
        yield "execute", {"operations": operations}
        yield "write", {"ids": self.job.ids, "vals": {"name": "never"}}
        yield "unlink", {"ids": self.job.ids}
        yield "search_read", {"domain": []}
        yield "read", {"ids": self.job.ids, "fields": ["state"]}
        for flag, method in (("only_draft", "start"), ("skip", "resume"), ("cancelled", "retry")):
            yield method, {"ids": self.job.ids, flag: "odd"}

    def assert_each_refused(self, context, status, message):
        for method, arguments in self.calls():
            reply = self.rpc(self.user, "batch.job", method, **arguments, context=context)
            with self.subTest(method=method, context=context):
                self.assertEqual((reply.status, reply.message), (status, message))
        self.assertEqual(self.call("status", self.job.ids)["state"], "draft")
        self.assertEqual(self.count("never"), 0)

    def test_companies_must_be_ids(self):
        """Companies are a list of ids."""
        for odd in ({}, "", [[]]):
            self.assert_each_refused(
                {"allowed_company_ids": odd},
                422,
                "the context's allowed_company_ids must be a list of company ids, such as [1].",
            )

    def test_company_of_nobody(self):
        """Companies are those of the user."""
        message = "Access to unauthorized or invalid companies."
        self.assert_each_refused({"allowed_company_ids": [2**40]}, 403, message)

    def test_language_and_time_zone(self):
        """Language and time zone are texts."""
        for name in ("lang", "tz"):
            for odd, kind in (
                ([], "a list"),
                (["a"], "a list"),
                ({}, "an object"),
                (5, "a number"),
            ):
                self.assert_each_refused(
                    {name: odd}, 422, f"the context's {name} must be a text, not {kind}."
                )

    def test_language_that_is_not_there(self):
        """A job in a language that is not installed is refused: its texts would go elsewhere."""
        for arguments in (
            {"operations": [create("never")]},
            {"operations": [], "start": False, "name": "to be filled in parts"},
        ):
            context = {"lang": "xx_XX"}
            reply = self.rpc(self.user, "batch.job", "submit", **arguments, context=context)
            self.assertEqual(reply.status, 422, arguments)
            self.assertIn("xx_XX", reply.message)
        self.assertEqual(self.count("never"), 0)

    def test_harmless_context_is_taken(self):
        """What Odoo does not use, or takes for nothing, harms nobody."""
        for context in (
            {"lang": None, "tz": False, "allowed_company_ids": []},
            {"uid": {}},
            {"uid": "a", "params": 1, "active_id": [], "active_test": {}, "bin_size": {}},
            {"tz": "Nowhere/Else"},
            {"default_name": {}, "tracking_disable": []},
        ):
            for method in ("status", "results", "pause", "write"):
                arguments = {"vals": {"name": "renamed"}} if method == "write" else {}
                reply = self.rpc(
                    self.user, "batch.job", method, self.job.ids, **arguments, context=context
                )
                with self.subTest(method=method, context=context):
                    self.assertIn(reply.status, (200, 422))
                    if reply.status == 422:
                        self.assertRegex(reply.message, "^Job .* is in state draft; pause works in")


@tagged("post_install", "-at_install")
class TestStatusAndResults(RpcCase):
    def test_status_has_the_contract_fields(self):
        """Status has the fields of the contract, in JSON types, before, during and after."""
        options = {"name": "My job", "chunk_size": 2, "priority": 3}
        status = self.call(
            "submit", operations=[create(f"status {n}") for n in range(4)], **options
        )
        job = self.env["batch.job"].browse(status["id"])
        created = status.pop("created_at")
        self.assertRegex(created, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$")
        self.assertEqual(
            status,
            {
                "id": job.id,
                "name": "My job",
                "state": "queued",
                "total": 4,
                "succeeded": 0,
                "failed": 0,
                "skipped": 0,
                "remaining": 4,
                "progress": 0.0,
                "rate": 0.0,
                "time_left": None,
                "eta": None,
                "started_at": None,
                "finished_at": None,
                "url": f"{job.get_base_url()}/odoo/batch-jobs/{job.id}",
                "error": None,
                "parts": 0,
                "dry_run": False,
                "side_by_side": False,
                "untried": 0,
                "on_end": None,
                "policy": "isolate",
                "causes": [],
            },
        )
        self.run_jobs()
        ended = self.call("status", [job.id])
        self.assertEqual(
            (ended["state"], ended["succeeded"], ended["remaining"], ended["progress"]),
            ("done", 4, 0, 100.0),
        )
        self.assertEqual(ended["created_at"], created)
        times = [created, ended["started_at"], ended["finished_at"]]
        self.assertEqual(times, sorted(times))
        for moment in times:
            self.assertRegex(moment, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}\+00:00$")
        self.assertGreater(ended["rate"], 0)
        self.assertIsNone(ended["time_left"])

    def test_no_such_job(self):
        """A job that does not exist and one of somebody else are answered alike, in a sentence."""
        other = self.submit([create("unseen")], start=False)
        for job_id in (2_000_000_000, other.id):
            for method in CONTRACT:
                body = {"operations": [], "part": 0} if method == "append" else {}
                reply = self.rpc(self.user, "batch.job", method, ids=[job_id], **body)
                self.assertEqual(
                    (method, reply.status, reply.message),
                    (method, 404, f"Job {job_id} does not exist, or you have no right to see it."),
                )

    def test_call_must_name_one_job(self):
        """A call that names no job, or several, is told to name one."""
        ids = [self.call("submit", operations=[create(f"one {n}")])["id"] for n in range(2)]
        message = "Name one job: ids is a list with one id, such as [7]."
        for method in ("status", "results", "start", "pause", "resume", "cancel", "retry"):
            for several in ([], ids, [0], [True], ["x"], [1.5], [[1]], [{}]):
                self.assertEqual(self.refused(method, several), message)
        self.assertEqual(self.refused("append", [], operations=[], part=0), message)

    def test_context_that_cannot_be_kept(self):
        """What PostgreSQL cannot store is left out of the job's context; the rest is kept."""
        deep = []
        for _level in range(200):
            deep = [deep]
        context = {"a": "\0", "b\0": 1, "c": "\ud800", "d": deep, "tz": "Europe/Brussels"}
        job_id = self.call("submit", operations=[create("context")], context=context)["id"]
        job = self.env["batch.job"].browse(job_id)
        self.cr.execute("SELECT run_context FROM batch_job WHERE id = %s", [job.id])
        kept = self.cr.fetchone()[0]
        self.assertEqual(kept["tz"], "Europe/Brussels")
        self.assertFalse({"a", "b\0", "c", "d"} & kept.keys())

    def test_results_by_index(self):
        """Named operations only, in order, in pages, and in a state if one is named."""
        operations = [create("" if n % 2 else f"by index {n}") for n in range(8)]
        for operation in operations[1::2]:
            operation["values"] = {}
        job_id = self.call("submit", operations=operations)["id"]
        self.run_jobs()
        by_index = {"indexes": [6, 1, 3, 1]}
        page = self.call("results", [job_id], **by_index, limit=2)
        self.assertEqual([one["index"] for one in page["results"]], [1, 3])
        page = self.call("results", [job_id], **by_index, limit=2, after=page["next"])
        self.assertEqual([one["index"] for one in page["results"]], [6])
        self.assertIsNone(page["next"])
        page = self.call("results", [job_id], **by_index, state="failed")
        self.assertEqual([one["index"] for one in page["results"]], [1, 3])
        message = f"Job {job_id} has no operation 8; it has operations 0 to 7."
        self.assertEqual(self.refused("results", [job_id], indexes=[0, 8]), message)

    def test_arguments_of_a_retry(self):
        """What names no operations or no state is refused in words, and nothing runs."""
        job_id = self.call("submit", operations=[{**create(""), "values": {}}])["id"]
        self.run_jobs()
        holds = "an index is a whole number from 0 on."
        states = "state must be one of failed, rolled_back, skipped, cancelled."
        for arguments, message in (
            ({"indexes": 0}, "indexes must be a list of 1 to 10,000 indexes, such as [7]."),
            ({"indexes": []}, "indexes must be a list of 1 to 10,000 indexes, such as [7]."),
            ({"indexes": ["0"]}, f"indexes holds '0'; {holds}"),
            ({"indexes": [1]}, f"Job {job_id} has no operation 1; it has operations 0 to 0."),
            ({"state": "done"}, states),
            ({"state": ["failed"]}, states),
            ({"state": "failed", "indexes": [0]}, "Give state or indexes, not both."),
            ({"indexes": [0], "cancelled": "no"}, "cancelled must be true or false."),
        ):
            with self.subTest(**arguments):
                self.assertEqual(self.refused("retry", [job_id], **arguments), message)
        self.assertEqual(self.call("status", [job_id])["state"], "failed")
        self.assertEqual(self.call("retry", [job_id], indexes=[0])["state"], "queued")

    def test_pages_follow_by_index(self):
        """Pages of results follow each other by index; a state filters."""
        operations = [create("" if n % 3 == 0 else f"page {n}") for n in range(10)]
        for operation in operations[::3]:
            operation["values"] = {}
        job_id = self.call("submit", operations=operations)["id"]
        self.run_jobs()
        seen, after, pages = [], -1, 0
        while after is not None:
            page = self.call("results", [job_id], after=after, limit=4)
            seen += [outcome["index"] for outcome in page["results"]]
            after, pages = page["next"], pages + 1
        self.assertEqual((seen, pages), (list(range(10)), 3))
        failed = self.call("results", [job_id], state="failed", limit=3)
        self.assertEqual([o["index"] for o in failed["results"]], [0, 3, 6])
        self.assertEqual(failed["next"], 6)
        rest = self.call("results", [job_id], state="failed", after=6, limit=3)
        self.assertEqual([o["index"] for o in rest["results"]], [9])
        self.assertIsNone(rest["next"])
        self.assertEqual(
            rest["results"][0],
            {
                "index": 9,
                "state": "failed",
                "op": "create",
                "model": MODEL,
                "ids": None,
                "value": None,
                "error": {
                    "type": "required",
                    "message": f"Name (name) is required on {MODEL}, and no value was given.",
                    "field": "name",
                },
            },
        )

    def test_odd_pages_are_refused(self):
        """Arguments that results cannot use are refused."""
        job_id = self.call("submit", operations=[create("odd")])["id"]
        states = "pending, failed, skipped, rolled_back, cancelled, done"
        for state in ("bad", [], ["done"], 0):
            self.assertEqual(
                self.refused("results", [job_id], state=state), f"state must be one of {states}."
            )
        for arguments in ({"limit": 0}, {"limit": 10_001}, {"after": "1"}, {"limit": True}):
            self.assertEqual(
                self.refused("results", [job_id], **arguments),
                "after is an index; limit is a number from 1 to 10000.",
            )


@tagged("post_install", "-at_install")
class TestRepeatedSubmission(RpcCase):
    """The same key and body give the same job; whoever changes something is told so."""

    def test_repeated_submit_gives_the_first_job(self):
        """A repeated submission returns the first job, also when it has ended."""
        body = {"operations": [create("key 1")], "idempotency_key": "K1", "name": "Keyed"}
        first = self.call("submit", **body)
        self.assertEqual(self.call("submit", **body), first)
        self.run_jobs()
        again = self.call("submit", **body)
        self.assertEqual((again["id"], again["state"]), (first["id"], "done"))
        self.assertEqual(self.count("key 1"), 1)

    def test_other_body_under_a_key_is_refused(self):
        """Another body under the same key is refused and names the job, whatever differs."""
        body = {"operations": [create("other 1")], "idempotency_key": "K2"}
        first = self.call("submit", **body)
        for change in (
            {"operations": [create("other 2")]},
            {"operations": [create("other 1"), create("other 2")]},
            {"name": "Another"},
            {"policy": "chunk"},
            {"chunk_size": 7},
            {"max_parallel": 2},
            {"priority": 1},
            {"eta": "2090-01-01"},
            {"start": False},
        ):
            self.assertEqual(
                self.refused("submit", **(body | change)),
                f"The idempotency key K2 belongs to job {first['id']}, which was submitted with "
                "other operations, another name or other options. Use another key, or send "
                "exactly the same.",
            )

    def test_order_in_json_is_no_change(self):
        """The order of keys in the JSON does not make another body."""
        operation = create("equal", number=1)
        turned = dict(reversed(operation.items()))
        turned["values"] = dict(reversed(operation["values"].items()))
        first = self.call("submit", operations=[operation], idempotency_key="K3")
        self.assertEqual(self.call("submit", operations=[turned], idempotency_key="K3"), first)

    def test_key_belongs_to_its_user(self):
        """A key is the user's own."""
        other = self.new_user("key_other")
        body = {"operations": [create("own key")], "idempotency_key": "K4"}
        ids = {self.call("submit", user=user, **body)["id"] for user in (self.user, other)}
        self.assertEqual(len(ids), 2)


@tagged("post_install", "-at_install")
class TestInBatches(RpcCase):
    def test_one_operation_a_record(self):
        """A recordset's `_in_batches` makes a job of one merged call per record."""
        values = self.env[MODEL].create([{"name": f"batch {n}", "number": n} for n in range(5)])
        job = values.with_user(self.user)._in_batches("add", 10, chunk_size=2)
        self.commit()
        self.assertEqual(
            (job.name, job.user_id, job.total), (f"{values._description}: add", self.user, 5)
        )
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=5)
        self.assertEqual(values.mapped("number"), [10, 11, 12, 13, 14])
        self.assertEqual([o["ids"] for o in self.outcomes(job)], [[one] for one in values.ids])
        self.assertEqual(len(job.chunk_ids), 3)

    def test_keyword_arguments_go_to_the_method(self):
        """Keyword arguments go to the method, those of the job to the job."""
        value = self.env[MODEL].create({"name": "kw"})
        job = value.with_user(self.user)._in_batches("add", number=3, name="Three")
        self.commit()
        self.run_jobs()
        self.assertEqual((job.name, value.number), ("Three", 3))

    def test_method_at_the_end(self):
        """`on_end` goes to the job, which calls that method when all records are done."""
        value = self.env[MODEL].create({"name": "at the end"})
        end = {"model": MODEL, "method": "add", "ids": value.ids, "kwargs": {"number": 100}}
        job = value.with_user(self.user)._in_batches("add", 3, on_end=end)
        self.commit()
        self.run_jobs()
        self.assertEqual((job.state, job.status()["on_end"]["state"]), ("done", "done"))
        self.assertEqual(value.number, 103)


@tagged("post_install", "-at_install")
class TestDoc(RpcCase):
    def test_doc_page_shows_each_method(self):
        """`/doc` shows each method of the contract with its parameters, types and errors."""
        self.user.group_ids += self.env.ref("api_doc.group_allow_doc")
        self.commit()
        reply = self.post(self.user, "/doc-bearer/batch.job.json", json={})
        self.assertEqual(reply.status, 200)
        methods = reply.body["methods"]
        submit = methods["submit"]
        self.assertIn("Store operations as a job", submit["doc"])
        self.assertEqual(submit["api"], ["model"])
        self.assertEqual(submit["return"]["annotation"], "dict")
        self.assertEqual(submit["raise"].keys(), {"UserError", "AccessError", "TooManyRequests"})
        annotations = {name: p["annotation"] for name, p in submit["parameters"].items()}
        self.assertEqual(
            annotations,
            {
                "operations": "list[dict]",
                "name": "str | None",
                "policy": "str",
                "chunk_size": "int",
                "max_parallel": "int",
                "priority": "int",
                "eta": "str | None",
                "dry_run": "bool",
                "idempotency_key": "str | None",
                "on_end": "dict | None",
                "start": "bool",
                "max_failures": "int | str | None",
            },
        )
        for name in (
            "submit", "execute", "append", "status", "results",
            "start", "pause", "resume", "cancel", "retry",
        ):  # fmt: skip
            with self.subTest(method=name):
                self.assertTrue(methods[name]["doc"] and methods[name]["return"]["doc"])
                for parameter in methods[name]["parameters"].values():
                    self.assertTrue(parameter["doc"] and parameter["annotation"])
