"""Small limits, and jobs that wait."""

from ..dispatch.admission import PARAMETERS
from ..engine.admission import RETRY_AFTER
from .races import RaceCase
from .rpc_cases import MODEL, create


class AdmissionCase(RaceCase):
    """A user may have ten open operations, all users fifteen, and a job eight."""

    cleans = (MODEL,)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        prefix = cls.__name__.lower()
        cls.user, cls.other = (cls.new_user(f"{prefix}_{name}") for name in ("user", "other"))

    def setUp(self):
        super().setUp()
        self.set_limits(per_user=10, in_all=15, job=8)

    def set_limits(self, **limits):
        for name, number in limits.items():
            self.set_parameter(PARAMETERS[name], number)

    def set_parameter(self, name, value):
        parameters = self.env["ir.config_parameter"]
        self.addCleanup(self.commit)
        self.addCleanup(parameters.set_param, name, parameters.get_param(name))
        parameters.set_param(name, str(value))
        self.commit()

    def operations(self, count):
        return [create(f"{self._testMethodName} {number}") for number in range(count)]

    def waiting(self, count, user=None, **options):
        """A job, stored and not begun."""
        options = {"eta": "2100-01-01", **options}
        return self.submit(self.operations(count), user or self.user, **options)

    def draft(self, count=0, user=None, **options):
        return self.submit(self.operations(count), user or self.user, start=False, **options)

    def send(self, count, user=None, **options):
        """What JSON-2 answers to a submission."""
        options = {"eta": "2100-01-01", **options}
        arguments = {"operations": self.operations(count), **options}
        return self.rpc(user or self.user, "batch.job", "submit", **arguments)

    def send_part(self, job, part, count):
        """What JSON-2 answers to the part of a draft."""
        operations = self.operations(count)
        return self.rpc(self.user, "batch.job", "append", job.ids, part=part, operations=operations)

    def assert_no_room(self, reply, text):
        self.assertEqual((reply.status, reply.message), (429, text))
        self.assertEqual(reply.body["context"], {"retry_after": RETRY_AFTER, "no_room": True})

    def jobs(self):
        return self.env["batch.job"].search_count([])

    def make_old(self, job, hours):
        self.cr.execute(
            "UPDATE batch_job SET write_date = write_date - make_interval(hours => %s)"
            " WHERE id = %s",
            [hours, job.id],
        )
        self.commit()
