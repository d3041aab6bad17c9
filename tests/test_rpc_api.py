from odoo.tests import tagged

from .common import CommittedCase

MODEL = "test.batch.value"
BLANKED = {"$blanked": True}


def create(name, **values):
    return {"op": "create", "model": MODEL, "values": {"name": name, **values}}


class RpcCase(CommittedCase):
    cleans = (MODEL,)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls.new_user(f"{cls.__name__.lower()}_user")

    def call(self, method, ids=None, user=None, **arguments):
        """Call a method of batch.job, which must succeed."""
        reply = self.rpc(user or self.user, "batch.job", method, ids, **arguments)
        self.assertEqual(reply.status, 200, reply.body)
        return reply.body

    def refused(self, method, ids=None, **arguments):
        """Call a method of batch.job, which must be refused; gives the message."""
        reply = self.rpc(self.user, "batch.job", method, ids, **arguments)
        self.assertEqual(reply.status, 422)
        return reply.message

    def count(self, prefix):
        return self.env[MODEL].search_count([("name", "=like", f"{prefix}%")])


@tagged("post_install", "-at_install")
class TestStatusAndResults(RpcCase):
    def test_status(self):
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
                "started_at": None,
                "finished_at": None,
                "url": f"{job.get_base_url()}/odoo/batch-jobs/{job.id}",
                "error": None,
                "parts": 0,
                "dry_run": False,
            },
        )
        self.run_jobs()
        ended = self.call("status", [job.id])
        self.assertEqual(
            (ended["state"], ended["succeeded"], ended["remaining"], ended["progress"]),
            ("done", 4, 0, 100.0),
        )
        self.assertEqual(ended["created_at"], created)
        self.assertLessEqual(created[:19], ended["started_at"][:19])
        self.assertLessEqual(ended["started_at"], ended["finished_at"])
        self.assertGreater(ended["rate"], 0)
        self.assertIsNone(ended["time_left"])

    def test_no_such_job(self):
        """A job that does not exist is a 404, whatever is asked of it."""
        for method in ("status", "results", "start", "cancel", "retry"):
            reply = self.rpc(self.user, "batch.job", method, ids=[2_000_000_000])
            self.assertEqual((method, reply.status), (method, 404))

    def test_pages(self):
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

    def test_odd_pages(self):
        """Arguments that results cannot use are refused."""
        job_id = self.call("submit", operations=[create("odd")])["id"]
        states = "pending, done, failed, skipped, rolled_back, cancelled"
        self.assertEqual(
            self.refused("results", [job_id], state="bad"), f"state must be one of {states}."
        )
        for arguments in ({"limit": 0}, {"limit": 10_001}, {"after": "1"}, {"limit": True}):
            self.assertEqual(
                self.refused("results", [job_id], **arguments),
                "after is an index; limit is a number from 1 to 10000.",
            )


@tagged("post_install", "-at_install")
class TestAppend(RpcCase):
    def draft(self, **options):
        return self.call("submit", operations=[], start=False, **options)["id"]

    def test_parts(self):
        """Parts come in order and make one job, in the order of submission."""
        job_id = self.draft()
        for part in range(3):
            operations = [create(f"part {part} {n}") for n in range(2)]
            status = self.call("append", [job_id], operations=operations, part=part)
            self.assertEqual((status["parts"], status["total"]), (part + 1, 2 * part + 2))
        self.assertEqual(self.call("start", [job_id])["state"], "queued")
        self.run_jobs()
        results = self.call("results", [job_id])["results"]
        names = [self.env[MODEL].browse(outcome["ids"]).name for outcome in results]
        self.assertEqual(names, [f"part {part} {n}" for part in range(3) for n in range(2)])

    def test_repeated_part(self):
        """The same part again changes nothing, even after the start; another body is refused."""
        job_id = self.draft()
        first, second = [create("again 0")], [create("again 1"), create("again 2")]
        self.call("append", [job_id], operations=first, part=0)
        status = self.call("append", [job_id], operations=second, part=1)
        for part, operations in ((0, first), (1, second)):
            self.assertEqual(
                self.call("append", [job_id], operations=operations, part=part), status
            )
        message = "Part 0 was appended before with other operations."
        self.assertEqual(self.refused("append", [job_id], operations=second, part=0), message)
        self.call("start", [job_id])
        repeated = self.call("append", [job_id], operations=first, part=0)
        self.assertEqual((repeated["state"], repeated["total"]), ("queued", 3))

    def test_gap(self):
        """A gap is refused with the part that is expected; so is what is no number."""
        job_id = self.draft()
        for part in (1, -1, "0", None, 0.0, True):
            self.assertEqual(
                self.refused("append", [job_id], operations=[create("gap")], part=part),
                f"Part {part} does not follow; send part 0.",
            )
        self.assertEqual(self.call("status", [job_id])["total"], 0)

    def test_empty_part(self):
        """A part has at least one operation."""
        self.assertEqual(
            self.refused("append", [self.draft()], operations=[], part=0),
            "operations is empty; a part has at least one.",
        )

    def test_after_the_start(self):
        """Nothing new is appended to a job that was started."""
        job_id = self.draft()
        self.call("append", [job_id], operations=[create("started")], part=0)
        self.call("start", [job_id])
        self.assertEqual(
            self.refused("append", [job_id], operations=[create("late")], part=1),
            f"Job {job_id} is no draft any more; submit a new one.",
        )


@tagged("post_install", "-at_install")
class TestRepeatedSubmission(RpcCase):
    """The same key and body give the same job; whoever changes something is told so."""

    def test_submit(self):
        """A repeated submission returns the first job, also when it has ended."""
        body = {"operations": [create("key 1")], "idempotency_key": "K1", "name": "Keyed"}
        first = self.call("submit", **body)
        self.assertEqual(self.call("submit", **body), first)
        self.run_jobs()
        again = self.call("submit", **body)
        self.assertEqual((again["id"], again["state"]), (first["id"], "done"))
        self.assertEqual(self.count("key 1"), 1)

    def test_other_body(self):
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
                "other operations or options. Use another key, or send exactly the same.",
            )

    def test_equal_bodies(self):
        """The order of keys in the JSON does not make another body."""
        operation = create("equal", number=1)
        turned = dict(reversed(operation.items()))
        turned["values"] = dict(reversed(operation["values"].items()))
        first = self.call("submit", operations=[operation], idempotency_key="K3")
        self.assertEqual(self.call("submit", operations=[turned], idempotency_key="K3"), first)

    def test_users(self):
        """A key is the user's own."""
        other = self.new_user("key_other")
        body = {"operations": [create("own key")], "idempotency_key": "K4"}
        ids = {self.call("submit", user=user, **body)["id"] for user in (self.user, other)}
        self.assertEqual(len(ids), 2)


@tagged("post_install", "-at_install")
class TestExecute(RpcCase):
    """`execute` runs now, in the call's transaction, and is kept as a finished job."""

    def test_isolate(self):
        """A bad operation fails alone; the reply has status and results."""
        reply = self.call("execute", operations=[create("now 1"), {**create(""), "values": {}}])
        self.assertEqual(
            (reply["state"], reply["succeeded"], reply["failed"], reply["progress"]),
            ("partial", 1, 1, 100.0),
        )
        good, bad = reply["results"]
        self.assertEqual(self.env[MODEL].browse(good["ids"]).name, "now 1")
        self.assertEqual((bad["state"], bad["error"]["type"]), ("failed", "required"))
        status = self.call("status", [reply["id"]])
        results = self.call("results", [reply["id"]])
        self.assertEqual({**status, **results}, reply)

    def test_all(self):
        """Under `all` a bad operation leaves nothing."""
        operations = [create("all 1"), create("all 1"), create("all 2")]
        reply = self.call("execute", operations=operations, policy="all")
        self.assertEqual((reply["state"], reply["failed"], reply["skipped"]), ("failed", 1, 2))
        self.assertEqual(
            [o["state"] for o in reply["results"]], ["rolled_back", "failed", "rolled_back"]
        )
        self.assertEqual(self.count("all "), 0)

    def test_repeated(self):
        """The same key and body give the first results and do nothing; another body is refused."""
        body = {"operations": [create("twice")], "idempotency_key": "E1"}
        first = self.call("execute", **body)
        self.assertEqual(self.call("execute", **body), first)
        self.assertEqual(self.count("twice"), 1)
        message = f"The idempotency key E1 belongs to job {first['id']}, which was"
        for change in ({"operations": [create("thrice")]}, {"policy": "all"}):
            self.assertIn(message, self.refused("execute", **(body | change)))
        self.assertIn(message, self.refused("submit", **body))

    def test_retry(self):
        """A job that `execute` has left partly done can be retried like any other."""
        self.env[MODEL].create({"name": "in the way"})
        reply = self.call("execute", operations=[create("in the way"), create("free")])
        self.assertEqual(reply["state"], "partial")
        self.env[MODEL].search([("name", "=", "in the way")]).unlink()
        self.assertEqual(self.call("retry", [reply["id"]])["state"], "queued")
        self.run_jobs()
        self.assertEqual(self.call("status", [reply["id"]])["state"], "done")


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

    def test_keyword_arguments(self):
        """Keyword arguments go to the method, those of the job to the job."""
        value = self.env[MODEL].create({"name": "kw"})
        job = value.with_user(self.user)._in_batches("add", number=3, name="Three")
        self.commit()
        self.run_jobs()
        self.assertEqual((job.name, value.number), ("Three", 3))


@tagged("post_install", "-at_install")
class TestDoc(RpcCase):
    def test_docstrings(self):
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
        self.assertEqual(submit["raise"].keys(), {"UserError", "AccessError"})
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
                "start": "bool",
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


@tagged("post_install", "-at_install")
class TestPasswords(RpcCase):
    """A password is kept no longer than its operation needs it."""

    def submit_passwords(self, login, **options):
        """Three operations with a password: a good one, a bad one, a good one."""
        self.target = self.new_user(login)
        values = {"password": "S3cret-pass"}
        operations = [
            {"op": "write", "model": "res.users", "ids": [one], "values": values}
            for one in (self.target.id, 2_000_000_000, self.target.id)
        ]
        return self.submit(operations, **options)

    def payloads(self, job):
        self.cr.execute(
            "SELECT payload FROM batch_job_operation WHERE job_id = %s ORDER BY index", [job.id]
        )
        return [payload["values"]["password"] for (payload,) in self.cr.fetchall()]

    def test_blanked(self):
        """Passwords are there while an operation waits, and blanked once it has ended, well or
        badly; the operation has used the true one."""
        job = self.submit_passwords("pw_isolate")
        self.assertEqual(self.payloads(job), ["S3cret-pass"] * 3)
        before = self.target._compute_session_token("sid")
        self.run_jobs()
        self.assertEqual(self.states(job), ["done", "failed", "done"])
        self.assertEqual(self.payloads(job), [BLANKED] * 3)
        self.assertNotEqual(self.target._compute_session_token("sid"), before)

    def test_other_ends(self):
        """They are blanked as well when an operation was rolled back, or cancelled."""
        for policy, states in (
            ("all", ["rolled_back", "failed", "rolled_back"]),
            ("chunk", ["rolled_back", "failed", "rolled_back"]),
        ):
            job = self.submit_passwords(f"pw_{policy}", policy=policy)
            self.run_jobs()
            self.assertEqual(self.states(job), states)
            self.assertEqual(self.payloads(job), [BLANKED] * 3)
        job = self.submit_passwords("pw_cancel")
        job.cancel()
        self.commit()
        self.assertEqual(self.states(job), ["cancelled"] * 3)
        self.assertEqual(self.payloads(job), [BLANKED] * 3)

    def test_stop(self):
        """What waits for a resume keeps its password."""
        job = self.submit_passwords("pw_stop", policy="stop")
        self.run_jobs()
        self.assertEqual(self.states(job), ["pending", "failed", "pending"])
        job.resume(skip=True)
        self.run_jobs()
        self.assertEqual(self.states(job), ["done", "failed", "done"])
        self.assertEqual(self.payloads(job), [BLANKED] * 3)

    def test_retry(self):
        """A retry of a blanked operation fails and says to submit it anew."""
        job = self.submit_passwords("pw_retry", policy="chunk")
        self.run_jobs()
        job.retry()
        self.run_jobs()
        (outcome, *_rest) = self.outcomes(job)
        self.assertEqual(outcome["state"], "failed")
        self.assertEqual(
            outcome["error"]["message"],
            "Its password was blanked when the operation ended and cannot be used again: "
            "submit the operation anew.",
        )

    def test_execute(self):
        """`execute` blanks them too."""
        operation = {"op": "write", "model": "res.users", "values": {"password": "S3cret-pass"}}
        operation["ids"] = self.new_user("pw_execute").ids
        jobs = self.env["batch.job"].with_user(self.admin)
        job = jobs.browse(jobs.execute([operation])["id"])
        self.assertEqual(self.payloads(job), [BLANKED])

    def test_other_names(self):
        """Passwords go by other names, and lie deep in a payload."""
        hidden = {"smtp_pass": "a", "api_key": "b", "client_secret": "c", "list": [{"token": "d"}]}
        call = {"op": "call", "model": MODEL, "method": "return_env", "kwargs": {"x": hidden}}
        job = self.submit_and_run([call])
        self.cr.execute("SELECT payload FROM batch_job_operation WHERE job_id = %s", [job.id])
        found = self.cr.fetchone()[0]["kwargs"]["x"]
        self.assertEqual(
            found,
            {
                "smtp_pass": BLANKED,
                "api_key": BLANKED,
                "client_secret": BLANKED,
                "list": [{"token": BLANKED}],
            },
        )
