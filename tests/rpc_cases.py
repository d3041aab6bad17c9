"""Users and shorthands for tests through RPC."""

from .common import CommittedCase

MODEL = "test.batch.value"


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


class AccessCase(CommittedCase):
    cleans = (MODEL,)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        prefix = cls.__name__.lower()
        cls.owner = cls.new_user(f"{prefix}_owner")
        cls.other = cls.new_user(f"{prefix}_other")
        groups = "base.group_user,batch_job.group_manager"
        cls.manager = cls.new_user(f"{prefix}_manager", groups)

    def assert_forbidden(self, reply):
        self.assertEqual((reply.status, reply.body["name"].split(".")[-1]), (403, "AccessError"))

    def assert_unseen(self, reply, job):
        """As if there were no such job."""
        self.assertEqual(
            (reply.status, reply.message),
            (404, f"Job {job.id} does not exist, or you have no right to see it."),
        )

    def stored(self, job):
        """All that is stored of a job."""
        self.renew()
        rows = []
        for table, column in (
            ("batch_job", "id"),
            ("batch_job_operation", "job_id"),
            ("batch_job_chunk", "job_id"),
            ("batch_job_event", "job_id"),
        ):
            self.cr.execute(f"SELECT * FROM {table} WHERE {column} = %s ORDER BY id", [job.id])
            rows.append(self.cr.dictfetchall())
        return rows
