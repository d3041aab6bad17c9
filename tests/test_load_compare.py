from odoo.tests import tagged
from odoo.tools import mute_logger

from .row_cases import FRENCH, MODULE, ROW, RowCase, load

COLUMNS = [
    "id",
    "name",
    "code",
    "title",
    "number",
    "ratio",
    "flag",
    "day",
    "moment",
    "kind",
    "country_id",
    "tag_ids",
    "parent_id/id",
    "line_ids/name",
    "line_ids/amount",
    "line_ids/country_id/id",
]
PLAIN = COLUMNS[:13]
RECORDS = 1_500  # of one or several rows each, 3,000 in all
CONTEXT = FRENCH | {"default_note": "by default"}


@tagged("post_install", "-at_install")
class TestLoadCompare(RowCase):
    def test_job_and_load_make_the_same(self):
        """3,000 rows with relations, lines, translations and 20 bad records come out, field by
        field and refusal by refusal, as Odoo's `load()` a record at a time makes them."""
        groups = self.groups()
        rows = [row for group in groups for row in group]
        self.assertEqual(len(rows), 3_000)
        refused, expected = self.load_by_odoo(groups)
        self.assertEqual(len(refused), 20)
        self.remove_all()
        job = self.run_as_job(rows)
        self.assertEqual(set(self.refused_by(job, groups)), refused)
        self.assertEqual(self.everything(), expected)
        bad_rows = sum(len(groups[number]) for number in refused)
        self.assert_counters(job, "partial", succeeded=3_000 - bad_rows, failed=bad_rows)

    def test_odd_cells_mean_what_odoo_says(self):
        """What a cell means is for Odoo's import to say, whatever other operations make of it."""
        cells = [
            *(("number", cell) for cell in ("12", " 12 ", "3.7", "1_00", "", "abc")),
            *(("ratio", cell) for cell in ("3", "1_000", "1,5", "", "abc")),
            *(("flag", cell) for cell in ("true", "false", "0", "yes", "2", "")),
            *(("day", cell) for cell in ("2026-01-31", "2026-01-31 10:00:00", "2026-01-31foo")),
            *(("moment", cell) for cell in ("2026-01-31", "2026-01-31 10:00:00", "2026-01")),
            *(("kind", cell) for cell in ("a", "First Kind", "1", "")),
            *(("country_id", cell) for cell in ("Belgique", "BE", "21", "base.be", "")),
            *(("tag_ids", cell) for cell in ("Rouge", "Rouge,Bleu", "1", "")),
        ]
        model = self.env[ROW].with_user(self.admin).with_context(**CONTEXT)
        expected = []
        with mute_logger("odoo.sql_db"):
            for column, cell in cells:
                ids = model.load(["name", column], [["odd", cell]])["ids"]
                self.env.invalidate_all()
                expected.append(self.held(ids, column))
        self.commit()
        rows = [one for column, cell in cells for one in load(["name", column], ["odd", cell])]
        jobs = self.env["batch.job"].with_user(self.admin).with_context(**CONTEXT)
        job = self.env["batch.job"].browse(jobs.submit(rows)["id"])
        self.run_to_end(job)
        for (column, cell), end, outcome in zip(cells, expected, self.outcomes(job), strict=True):
            with self.subTest(column=column, cell=cell):
                self.assertEqual(self.held(outcome["ids"], column), end)
        self.assertEqual(job.status()["failed"], expected.count("refused"))
        self.assertEqual(expected[3:5], ["100", "0"])

    def held(self, ids, column):
        return repr(self.env[ROW].browse(ids)[column]) if ids else "refused"

    def groups(self):
        """The rows of each record: the columns in turn filled, the lines in rows of their own."""
        groups = [self.record(number) for number in range(RECORDS)]
        for place, damage in enumerate(self.damages()):
            groups[37 + 70 * place][0].update(damage)
        lines = self.lines_to(3_000 - RECORDS)
        for number, count in enumerate(lines):
            first, *more = groups[number]
            self.assertFalse(more)
            for line in range(count):
                cells = {
                    "line_ids/name": f"line {number}.{line}",
                    "line_ids/amount": str(line / 4),
                    "line_ids/country_id/id": "base.fr" if line % 2 else "",
                }
                if line == 0:
                    first.update(cells)
                else:
                    groups[number].append(cells)
        groups[40][-1]["line_ids/country_id/id"] = "base.nowhere"
        return [[[row.get(name, "") for name in COLUMNS] for row in group] for group in groups]

    @staticmethod
    def lines_to(more):
        """How many lines each record has, so that `more` rows continue one."""
        counts, number = [], 0
        while more:
            rows = min(number % 4, more)
            counts.append(rows + 1 if rows else number % 8 // 4)
            more -= rows
            number += 1
        return counts

    @staticmethod
    def record(number):
        repeated = number % 50 == 49  # updates the record before it
        return [
            {
                "id": f"{MODULE}.r{number - repeated}",
                "name": f"Row {number:04}",
                "code": f"C{number}" if number % 3 else "",
                "title": f"Titre {number}",
                "number": str(number % 900),
                "ratio": f"{number / 8}",
                "flag": ("1", "0", "")[number % 3],
                "day": f"2030-01-{number % 28 + 1:02}",
                "moment": f"2030-07-01 {number % 24:02}:30:00",
                "kind": ("a", "Second Kind", "")[number % 3],
                "country_id": ("Belgique", "FR", "")[number % 3],
                "tag_ids": ("Rouge", "Bleu,Rouge", "")[number % 3],
                "parent_id/id": f"{MODULE}.r{number // 2 * 2 - 2}" if number % 7 == 5 else "",
            }
        ]

    @staticmethod
    def damages():
        """What makes a record bad; the one in a line is put in by itself."""
        return [
            {"country_id": "Nulle part"},
            {"kind": "third"},
            {"number": "many"},
            {"day": "2030-02-30"},
            {"moment": "soon"},
            {"ratio": "1,5 €"},
            {"parent_id/id": f"{MODULE}.nobody"},
            {"tag_ids": "Rouge,Vert"},
            {"name": ""},
            {"code": "C1"},
            {"number": "1000"},
            {"number": "-1"},
            {"id": "base.batch_job_new"},
            {"parent_id/id": f"{MODULE}.r37"},  # that one is bad itself
            {"flag": "perhaps"},
            {"name": "", "code": "C2"},
            {"number": "-2"},
            {"code": "C4"},
            {"parent_id/id": "base.be"},
        ]

    def load_by_odoo(self, groups):
        """(numbers of the refused records, what is there) after `load()` a record at a time."""
        model = self.env[ROW].with_user(self.admin).with_context(**CONTEXT)
        refused = set()
        with mute_logger("odoo.sql_db"):
            for number, group in enumerate(groups):
                if group[0][0].startswith("base."):
                    refused.add(number)  # the one thing that a job refuses and `load()` does not
                elif not model.load(COLUMNS, group)["ids"]:
                    refused.add(number)
        self.commit()
        return refused, self.everything()

    def run_as_job(self, rows):
        jobs = self.env["batch.job"].with_user(self.admin).with_context(**CONTEXT)
        job = self.env["batch.job"].browse(jobs.submit(load(COLUMNS, *rows))["id"])
        self.run_to_end(job)
        return job

    def run_to_end(self, job):
        while job.status()["remaining"]:
            self.run_jobs()

    def refused_by(self, job, groups):
        """Numbers of the records that failed; all rows of one have the same outcome."""
        outcomes, at = self.outcomes(job), 0
        for number, group in enumerate(groups):
            ours = outcomes[at : at + len(group)]
            at += len(group)
            self.assertEqual({one["state"] for one in ours}, {ours[0]["state"]})
            self.assertEqual([one["ids"] for one in ours], [ours[0]["ids"]] * len(ours))
            if ours[0]["state"] == "failed":
                yield number
