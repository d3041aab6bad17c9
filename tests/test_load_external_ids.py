from odoo.tests import tagged

from .row_cases import FRENCH, MODULE, ROW, RowCase, load


@tagged("post_install", "-at_install")
class TestLoadExternalIds(RowCase):
    def give_id(self, record, external_id):
        module, _dot, name = external_id.partition(".")
        values = {"module": module, "name": name, "model": ROW, "res_id": record.id}
        self.env["ir.model.data"].create(values)
        self.commit()

    def test_installed_modules_name(self):
        """A new external id under an installed module's name is refused, also that of a line and
        that of a record that is gone; a known one is updated."""
        known, gone = self.env[ROW].create([{"name": "known"}, {"name": "gone"}])
        self.give_id(known, "base.batch_job_known")
        self.give_id(gone, "base.batch_job_gone")
        self.cr.execute("DELETE FROM test_batch_row WHERE id = %s", [gone.id])
        self.commit()
        columns = ["id", "name", "line_ids/id", "line_ids/name"]
        rows = [
            ["base.batch_job_known", "known anew", "", ""],
            ["base.batch_job_new", "new", "", ""],
            ["base.batch_job_gone", "gone", "", ""],
            [f"{MODULE}.own", "own", "base.batch_job_line", "line"],
            ["unqualified", "import", "", ""],
        ]
        job = self.submit_and_run(load(columns, *rows))
        self.assertEqual(self.states(job), ["done", "failed", "failed", "failed", "done"])
        for index, name in ((1, "new"), (2, "gone"), (3, "line")):
            error = self.failures(job)[index]
            self.assertEqual(error["type"], "bad_value")
            self.assertIn(f"The external id base.batch_job_{name} is new", error["message"])
        self.renew()
        self.assertEqual(known.name, "known anew")
        self.assertEqual(self.env.ref("__import__.unqualified").name, "import")
        self.assertIsNone(self.env.ref("base.batch_job_new", raise_if_not_found=False))

    def test_same_id_twice(self):
        """Two rows with one external id are one record, and the later row has the last word."""
        rows = [["same", f"name {number}"] for number in range(3)]
        job = self.submit_and_run(load(["id", "name"], *rows, ["other", "other"]))
        self.assert_counters(job, "done", succeeded=4)
        record = self.named("name 2")
        self.assertEqual([one["ids"] for one in self.outcomes(job)[:3]], [[record.id]] * 3)
        self.assertEqual(self.env[ROW].search_count([]), 2)

    def test_earlier_rows_are_found(self):
        """Rows refer by external id to records of earlier rows: of the same chunk, of another, and
        with several chunks at once."""
        for parallel in (1, 2):
            rows = [[f"r{n}", f"row {n}", f"r{n // 2}" if n else ""] for n in range(60)]
            job = self.submit(
                load(["id", "name", "parent_id/id"], *rows), chunk_size=7, max_parallel=parallel
            )
            while job.status()["remaining"]:
                self.run_jobs()
            self.assert_counters(job, "done", succeeded=60)
            for number in range(1, 60):
                parent = self.named(f"row {number}").parent_id
                self.assertEqual(parent.name, f"row {number // 2}")
            self.remove_all()

    def test_row_of_a_failed_one(self):
        """Who refers to a row that failed fails too, and says which; retry makes both."""
        rows = [["a", "a", ""], ["b", "", "a"], ["c", "c", "b"], ["d", "d", "c"], ["e", "e", "a"]]
        job = self.submit_and_run(load(["id", "name", "parent_id/id"], *rows))
        self.assertEqual(self.states(job), ["done", "failed", "failed", "failed", "done"])
        self.assertIn(
            "'__import__.b'", self.failures(job)[2]["message"].replace("'b'", "'__import__.b'")
        )
        self.cr.execute(
            "UPDATE batch_job_operation SET payload = jsonb_set(payload, '{row,1}', '\"b\"')"
            " WHERE job_id = %s AND index = 1",
            [job.id],
        )
        self.commit()
        job.retry()
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=5)
        self.assertEqual(self.named("d").parent_id.parent_id.parent_id, self.named("a"))

    def test_failed_row_leaves_no_external_id(self):
        """A row that is refused by the database leaves no external id, in no cache either."""
        rows = [["good", "good", "1"], ["bad", "bad", "1000"]]
        job = self.submit_and_run(load(["id", "name", "number"], *rows))
        self.assertEqual(self.states(job), ["done", "failed"])
        self.assertIsNone(self.env.ref("__import__.bad", raise_if_not_found=False))
        self.assertEqual(self.env.ref("__import__.good").name, "good")

    def test_mode_and_noupdate(self):
        """`mode` and `noupdate` of the context mean what they mean to `load()`: update leaves what
        was loaded as not to be updated, and takes no row without an id."""
        keep = {"noupdate": True}
        update = {"mode": "update"}
        columns = ["id", "name"]
        self.submit_and_run(load(columns, ["fixed", "fixed"], context=keep))
        self.submit_and_run(load(columns, ["free", "free"]))
        rows = [["fixed", "fixed 2"], ["free", "free 2"], ["new", "new"], ["", "nameless"]]
        job = self.submit_and_run(load(columns, *rows, context=update))
        self.assertEqual(self.states(job), ["done", "done", "done", "failed"])
        self.assertIn("without specifying its id", self.failures(job)[3]["message"])
        names = sorted(self.env[ROW].search([]).mapped("name"))
        self.assertEqual(names, ["fixed", "free 2", "new"])
        flags = self.env["ir.model.data"].search([("model", "=", ROW)])
        self.assertEqual(
            {one.name: one.noupdate for one in flags}, {"fixed": True, "free": False, "new": False}
        )

    def test_context_of_an_operation_comes_first(self):
        """Language, time zone, defaults and flags of the context count; those of an operation come
        before the job's."""
        jobs = self.env["batch.job"].with_user(self.admin).with_context(**FRENCH)
        columns = ["name", "title", "moment", "country_id"]
        row = ["Titre", "2030-07-01 12:00:00", "Belgique"]
        english = {"lang": "en_US", "tz": "UTC", "default_note": "default", "default_kind": "b"}
        operations = load(columns, ["one", *row])
        operations += load(columns, ["two", *row[:2], "Belgium"], context=english)
        job = self.env["batch.job"].browse(jobs.submit(operations)["id"])
        self.commit()
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=2)
        one, two = self.named("one"), self.named("two")
        self.assertEqual(one.with_context(lang="fr_FR").title, "Titre")
        self.assertEqual(
            [str(each.moment) for each in (one, two)],
            ["2030-07-01 10:00:00", "2030-07-01 12:00:00"],
        )
        self.assertEqual((one.country_id, two.country_id), (self.env.ref("base.be"),) * 2)
        self.assertEqual(one.told, "fr_FR Europe/Brussels True None")
        self.assertEqual(two.told, "en_US UTC True None")
        self.assertEqual((one.note, two.note, two.kind), (False, "default", "b"))

    def test_names_made_on_the_way(self):
        """Records that Odoo makes of a mere name are kept for good rows and not for bad ones."""
        made = {"name_create_enabled_fields": {"tag_ids": True}}
        rows = [["one", "Green", "1"], ["two", "Grey", "many"], ["three", "Green", "2"]]
        job = self.submit_and_run(load(["name", "tag_ids", "number"], *rows, context=made))
        self.assertEqual(self.states(job), ["done", "failed", "done"])
        tags = self.env["res.partner.category"].search([("name", "in", ["Green", "Grey"])])
        self.assertEqual(tags.mapped("name"), ["Green"])
        self.assertEqual(self.named("one").tag_ids, self.named("three").tag_ids)
