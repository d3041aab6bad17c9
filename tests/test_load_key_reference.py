import os
import random

from odoo.tests import tagged
from odoo.tools import mute_logger

from .row_cases import FRENCH, ROW, RowCase, load

ROWS = int(os.environ.get("BATCH_JOB_KEYED_ROWS", "300"))
PLAIN = (
    *("note", "country_id/code", "name", "code", "title", "number", "ratio", "day", "kind"),
    *("tag_ids", "parent_id/name"),
)
OF_LINES = ("line_ids/name", "line_ids/amount", "line_ids/country_id/id")
COLUMNS = (*PLAIN, *OF_LINES)
KEY = ["note", "country_id/code", "line_ids/name"]


class Refused(Exception):
    pass


class Reference:
    """What a load with a key shall do, a record at a time: search by key, then Odoo's own `load()`
    with the database id. Odoo's `load()` knows no `country_id/code`, so those are searched too."""

    def __init__(self, env):
        self.env = env
        self.rows = env[ROW]

    def run(self, groups) -> list[str]:
        """What became of each record: created, updated or failed."""
        return [
            self._end_of([dict(zip(COLUMNS, row, strict=True)) for row in one]) for one in groups
        ]

    def _end_of(self, group):
        self.env.invalidate_all()
        try:
            with self.env.cr.savepoint():
                return self._load(group)
        except Refused:
            return "failed"

    def _load(self, group):
        first = {name: cell for name, cell in group[0].items() if name not in OF_LINES}
        country = self._one("res.country", "code", first.pop("country_id/code"))
        parent = self._one(ROW, "name", first.pop("parent_id/name"))
        domain = [("note", "=", first["note"]), ("country_id", "=", country)]
        record = self.rows.with_context(active_test=False).search(domain)
        if len(record) > 1:
            raise Refused
        cells = {".id": record.id, **first, "country_id/.id": country, "parent_id/.id": parent}
        if not any(row[name] for row in group for name in OF_LINES):
            cells["line_ids/name"] = ""  # as in the file: no line at all
        record_id = self._odoo_loads(cells)
        for row in group:
            if any(row[name] for name in OF_LINES):
                self._load_line(record_id, row)
        return "updated" if record else "created"

    def _load_line(self, record_id, row):
        domain = [("row_id", "=", record_id), ("name", "=", row["line_ids/name"])]
        line = self.env[f"{ROW}.line"].search(domain)
        if len(line) > 1:
            raise Refused
        cells = {name: row[name] for name in OF_LINES}
        self._odoo_loads({".id": record_id, "line_ids/.id": line.id, **cells})

    def _odoo_loads(self, cells):
        row = [str(cell or "") for cell in cells.values()]
        answer = self.rows.load(list(cells), [row])
        if not answer["ids"]:
            raise Refused
        return answer["ids"][0]

    def _one(self, model, field, cell):
        found = self.env[model].search([(field, "=", cell)]) if cell else self.env[model]
        if cell and len(found) != 1:
            raise Refused
        return found.id


@tagged("post_install", "-at_install")
class TestLoadKeyReference(RowCase):
    def setUp(self):
        super().setUp()
        self.chance = random.Random(13)

    def test_job_and_reference_make_the_same(self):
        """Random rows with relations, lines and bad cells come out, field by field and outcome by
        outcome, as by a search and Odoo's `load()`; a second run doubles nothing."""
        groups = self.groups()
        self.make_some()
        reference = Reference(self.env(user=self.admin.id, su=False, context=FRENCH))
        with mute_logger("odoo.sql_db"):
            expected = [self.seen_after(reference.run(groups)) for _run in (1, 2)]
        self.remove_all()
        self.make_some()
        for ends, records in expected:
            job = self.run_as_job(groups)
            self.assertEqual(self.ends_of(job, groups), ends)
            self.assertEqual(self.everything(), records)
        for kind in ("created", "updated", "failed"):
            self.assertGreater(expected[0][0].count(kind), ROWS // 20, kind)
        self.assert_nothing_doubled()

    def seen_after(self, ends):
        self.commit()
        return ends, self.everything()

    def run_as_job(self, groups):
        jobs = self.env["batch.job"].with_user(self.admin).with_context(**FRENCH)
        rows = [row for group in groups for row in group]
        operations = load(list(COLUMNS), *rows, key=KEY)
        job = self.env["batch.job"].browse(jobs.submit(operations, chunk_size=120)["id"])
        while job.status()["remaining"]:
            self.run_jobs()
        return job

    def ends_of(self, job, groups):
        """What became of each record; all rows of one have the same outcome."""
        outcomes, ends = iter(self.outcomes(job)), []
        for group in groups:
            ours = [next(outcomes) for _row in group]
            self.assertEqual(len({(one["state"], one["value"]) for one in ours}), 1)
            ends.append(ours[0]["value"] or ours[0]["state"])
        return ends

    def assert_nothing_doubled(self):
        for query in (
            "SELECT 1 FROM test_batch_row WHERE name NOT LIKE 'twice%' GROUP BY note, country_id"
            " HAVING count(*) > 1",
            "SELECT 1 FROM test_batch_row_line GROUP BY row_id, name HAVING count(*) > 1",
        ):
            self.cr.execute(query)
            self.assertFalse(self.cr.rowcount, query)

    def make_some(self):
        """Records that the rows meet: with and without lines, and two of one key."""
        belgium, france = self.env.ref("base.be").id, self.env.ref("base.fr").id
        values = [
            {
                "name": f"old {number:03}",
                "note": f"n{number}",
                "country_id": belgium if number % 2 else france,
                "line_ids": [(0, 0, {"name": f"l{one}"}) for one in range(number % 3)],
            }
            for number in range(ROWS // 8)
        ]
        twice = {"note": "twice", "country_id": belgium}
        values += [{"name": f"twice {number}", **twice} for number in range(2)]
        self.env[ROW].create(values)
        self.commit()

    def groups(self):
        """The rows of each record. The keys are few enough to come several times."""
        groups, left = [], ROWS
        while left > 0:
            group = self.group(len(groups))[:left]
            groups.append(group)
            left -= len(group)
        return groups

    def group(self, number):
        chance = self.chance
        first = {
            "note": f"n{chance.randrange(ROWS // 3)}",
            "country_id/code": chance.choice(("BE", "FR")),
            "name": f"row {number:04}",
            "code": chance.choice(("", "", f"c{chance.randrange(ROWS)}")),
            "title": f"Titre {number}",
            "number": str(chance.randrange(900)),
            "ratio": str(chance.randrange(80) / 8),
            "day": f"2030-01-{number % 28 + 1:02}",
            "kind": chance.choice(("a", "Second Kind", "")),
            "tag_ids": chance.choice(("Rouge", "Bleu,Rouge", "")),
            "parent_id/name": f"row {chance.randrange(number):04}" if number % 7 == 5 else "",
        }
        group = [
            first | self.line(),
            *(self.line(1) for _more in range(chance.choice((0, 0, 1, 3)))),
        ]
        if chance.random() < 0.15:
            self.damage(chance.choice(group), group[0])
        return [[row.get(name, "") for name in COLUMNS] for row in group]

    def line(self, least=0):
        """The cells of a line; the same name may come twice in a record."""
        chance = self.chance
        if chance.random() < 0.4 and not least:
            return {}
        return {
            "line_ids/name": f"l{chance.randrange(5)}",
            "line_ids/amount": str(chance.randrange(40) / 4),
            "line_ids/country_id/id": chance.choice(("", "base.fr")),
        }

    def damage(self, row, first):
        """Make a record bad: in any of its rows, or in the first."""
        bad_line = {"line_ids/name": "l1", "line_ids/country_id/id": "base.nowhere"}
        bad = self.chance.choice(
            (
                *({"country_id/code": "XX"}, {"number": "many"}, {"number": "1000"}),
                *({"number": "-1"}, {"name": ""}, {"kind": "third"}, {"day": "2030-02-30"}),
                *({"parent_id/name": "nobody"}, {"tag_ids": "Vert"}, bad_line),
                *({"note": "twice", "country_id/code": "BE"}, {"line_ids/amount": "lots"}),
            )
        )
        in_line = next(iter(bad)).startswith("line_ids/")
        target = row if in_line else first
        target.update({"line_ids/name": "l1"} | bad if in_line else bad)
