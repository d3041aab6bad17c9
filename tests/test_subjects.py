"""The subject of an operation: what it is, how it is found, and by whom."""

from odoo import Command
from odoo.tests import new_test_user, tagged

from .view_cases import ViewsCase, create

TAG = "res.partner.category"


class SubjectCase(ViewsCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.env.ref("base.user_admin")
        cls.jobs = cls.env["batch.job"].with_user(cls.owner)

    def submit(self, *operations, **options):
        return self.jobs.browse(self.jobs.submit(list(operations), **options)["id"])

    def stored(self, job):
        return job.operation_ids.sudo().mapped("subject")

    def found(self, user, *condition, order=None):
        """The rows that a user finds by the subject."""
        operations = self.env["batch.job.operation"].with_user(user)
        domain = [("job_id", "=", self.job.id), ("subject_text", *condition)]
        return operations.search(domain, order=order).mapped("row")


@tagged("post_install", "-at_install")
class TestSubjects(SubjectCase):
    def test_stored_with_the_operation(self):
        """A submission and each part of a draft store the subjects, in the order of the operations;
        a model is known by its own name field."""
        bank = {"op": "create", "model": "res.partner.bank", "values": {"acc_number": "BE 1"}}
        job = self.submit(create(name="A"), create(color=1), bank, start=False)
        job.append([create(name="B"), {**create(name="C"), "ref": "c"}], 0)
        job.append([create(name="D", parent_id={"$ref": "c"})], 1)
        self.assertEqual(self.stored(job), ["A", False, "BE 1", "B", "C", "D"])

    def test_title_has_the_subject(self):
        """The title of a row has the subject; of a change the names of the records that the user
        may read."""
        tag = self.env[TAG].create({"name": "Wholesale"})
        change = {"op": "write", "model": TAG, "ids": tag.ids, "values": {"color": 1}}
        job = self.submit(create(name="Kunde 00123"), change)
        self.assertEqual(
            job.operation_ids.mapped("title"),
            ["Create: Partner Tags “Kunde 00123”", "Change: Partner Tags “Wholesale”"],
        )
        self.assertEqual(job.operation_ids.mapped("subject_text"), ["Kunde 00123", str(tag.id)])

    def test_subject_is_never_a_password(self):
        """A subject never holds a password, and the blanking leaves it as it is."""
        secret = {"op": "upsert", "model": TAG, "key": ["name"], "values": {"name": "N"}}
        user = {"op": "create", "model": TAG, "values": {"password": "s3cret", "name": "U"}}
        job = self.submit(secret, user, {**user, "values": {"password": "s3cret"}})
        before = self.stored(job)
        self.assertEqual(before, ["N", "U", False])
        self.env.cr.execute(
            "UPDATE batch_job_operation SET state = 'failed' WHERE job_id = %s", [job.id]
        )
        operations = self.env["batch.job.operation"]
        operations._blank_ended({"id": job.id, "has_passwords": True, "dry_run": False}, 0, 2)
        self.env.invalidate_all()
        self.assertEqual(self.stored(job), before)

    def test_old_operations_tell_their_name(self):
        """An operation of before the column shows its name as ever; its payload tells it."""
        job = self.submit(create(name="Old"), create(color=1))
        self.env.cr.execute(
            "UPDATE batch_job_operation SET subject = NULL WHERE job_id = %s", [job.id]
        )
        self.env.invalidate_all()
        rows = job.operation_ids
        self.assertEqual(rows.mapped("subject_text"), ["Old", False])
        self.assertEqual(rows[0].title, "Create: Partner Tags “Old”")
        self.assertFalse(rows[0].with_user(self.manager).subject_text)


@tagged("post_install", "-at_install")
class TestSearch(SubjectCase):
    def setUp(self):
        super().setUp()
        names = ("Kunde 00123", "Kunde 00124", "Other")
        self.job = self.submit(*(create(name=name) for name in names), create(color=1))

    def test_owner_finds_by_every_operator(self):
        """The owner and administrators find rows by every operator, as by any other field."""
        for user in (self.owner, self.admin):
            for condition, rows in (
                (("ilike", "kunde 00123"), [1]),
                (("like", "kunde"), []),
                (("=", "Other"), [3]),
                (("in", ["Other", "Kunde 00124"]), [2, 3]),
                (("=ilike", "kunde%"), [1, 2]),
                (("not ilike", "kunde"), [3, 4]),
                (("!=", "Other"), [1, 2, 4]),
                (("=", False), [4]),
                (("!=", False), [1, 2, 3]),
            ):
                with self.subTest(user=user.login, condition=condition):
                    self.assertEqual(self.found(user, *condition), rows)

    def test_manager_learns_nothing(self):
        """To a manager all subjects are empty, whatever they ask."""
        for condition, rows in (
            (("ilike", "kunde 00123"), []),
            (("=", "Other"), []),
            (("not ilike", "kunde"), [1, 2, 3, 4]),
            (("!=", "Other"), [1, 2, 3, 4]),
            (("not in", ["Other", "Kunde 00124"]), [1, 2, 3, 4]),
            (("=", False), [1, 2, 3, 4]),
            (("!=", False), []),
            (("not like", ""), []),
        ):
            with self.subTest(condition=condition):
                self.assertEqual(self.found(self.manager, *condition), rows)
        order = "subject_text desc, index"
        self.assertEqual(self.found(self.manager, "=", False, order=order), [1, 2, 3, 4])

    def test_own_among_others(self):
        """A manager who has jobs finds those rows of theirs, and no other."""
        own = self.env["batch.job"].with_user(self.manager)
        job = own.browse(own.submit([create(name="Kunde 00123")])["id"])
        rows = self.env["batch.job.operation"].with_user(self.manager)
        self.assertEqual(rows.search([("subject_text", "ilike", "kunde")]).job_id, job)
        found = own.search([("operation_ids.subject_text", "ilike", "kunde")])
        self.assertEqual(found, job)
        self.assertEqual(own.search([("row_name", "ilike", "kunde")]), job)

    def test_jobs_are_found_by_row_name(self):
        """Jobs are found by the name of a row, by whoever may see the content."""
        jobs = self.env["batch.job"]
        for operator, value in (("ilike", "kunde 00123"), ("=", "Other"), ("=like", "Kun%")):
            domain = [("id", "=", self.job.id), ("row_name", operator, value)]
            for user in (self.owner, self.admin):
                self.assertEqual(jobs.with_user(user).search(domain), self.job, domain)
            self.assertFalse(jobs.with_user(self.manager).search(domain), domain)
        nothing = [("id", "=", self.job.id), ("row_name", "ilike", "nobody")]
        self.assertFalse(jobs.with_user(self.owner).search(nothing))
        negative = [("id", "=", self.job.id), ("row_name", "not ilike", "kunde")]
        self.assertEqual(jobs.with_user(self.manager).search(negative), self.job)
        self.assertFalse(jobs.with_user(self.owner).search(negative))

    def test_no_more_than_a_million(self):
        """Only the newest jobs are searched, a million rows together, and the newest always."""
        newer = self.submit(create(name="Newer"))
        jobs = self.jobs
        for total, found in ((1_000_001, newer), (999_997, newer), (999_996, newer + self.job)):
            self.env.cr.execute("UPDATE batch_job SET total = %s WHERE id = %s", [total, newer.id])
            with self.subTest(total=total):
                domain = [("row_name", "in", ["Newer", "Other"])]
                self.assertEqual(jobs.search(domain), found)

    def test_administrator_elsewhere_finds_no_job(self):
        """Company rules hold beside: an administrator of another company finds no job."""
        company = self.env["res.company"].create({"name": "Another"})
        at_another = {"company_id": company.id, "company_ids": [Command.set(company.ids)]}
        elsewhere = new_test_user(self.env, "subject_away", "base.group_system", **at_another)
        self.assertFalse(
            self.env["batch.job"].with_user(elsewhere).search([("row_name", "=", "Other")])
        )
