"""The form of a row: the content as a table, in words of people."""

from lxml import html

from odoo.tests import tagged

from .view_cases import ViewsCase, create

PARTNER = "res.partner"


@tagged("post_install", "-at_install")
class TestOperationForm(ViewsCase):
    def table(self, row):
        """(label, value, whether it is marked as wrong) of each line of the table."""
        lines = html.fromstring(str(row.content_table)).xpath("//tbody/tr")
        return [
            (
                line.find("th").text_content(),
                "".join(line.xpath("td/text()")),
                "table-danger" in (line.get("class") or ""),
            )
            for line in lines
        ]

    def rows(self, *operations, **options):
        jobs = self.env["batch.job"].with_user(self.owner)
        return jobs.browse(jobs.submit(list(operations), **options)["id"]).operation_ids

    def test_values_have_labels_and_names(self):
        """The form has labels of fields and of choices, and names of records, and no password."""
        belgium = self.env.ref("base.be")
        values = {
            "name": "Acme",
            "is_company": True,
            "country_id": belgium.id,
            "type": "contact",
            "parent_id": {"$ref": "p"},
            "child_ids": [[0, 0, {"name": "Jo"}]],
            "x_password": "s3cret",
            "ref": None,
        }
        parent = {"op": "create", "model": PARTNER, "values": {"name": "P"}, "ref": "p"}
        row = self.rows(parent, {"op": "create", "model": PARTNER, "values": values})[1]
        found = {label: value for label, value, _wrong in self.table(row)}
        labels = self.env[PARTNER].fields_get(["child_ids", "parent_id", "type", "ref"])
        self.assertEqual(
            found,
            {
                "Name": "Acme",
                "Is a Company": "Yes",
                "Country": f"Belgium ({belgium.id})",
                labels["type"]["string"]: "Contact",
                labels["parent_id"]["string"]: "what “p” makes",
                labels["child_ids"]["string"]: '[[0, 0, {"name": "Jo"}]]',
                "x_password": "••••••",
                labels["ref"]["string"]: "",
            },
        )

    def test_columns_of_a_file(self):
        """A path is told by its labels, and the key is named."""
        columns = ["id", "name", "country_id/code", "parent_id:id"]
        cells = ["my.p1", "Acme", "BE", "my.p2"]
        load = {"op": "load", "model": PARTNER, "fields": columns, "row": cells}
        self.assertEqual(
            [line[:2] for line in self.table(self.rows(load))],
            [
                ("External ID", "my.p1"),
                ("Name", "Acme"),
                ("Country / Country Code", "BE"),
                (f"{self.env[PARTNER]._fields['parent_id'].string} / External ID", "my.p2"),
            ],
        )
        keyed = {**load, "fields": ["ref", "name"], "row": ["K", "A"], "key": ["ref"]}
        self.assertEqual(self.table(self.rows(keyed))[0][0], "Reference (key)")

    def test_the_wrong_cell_is_marked(self):
        """By a colour and by words: the kind of error stands in the cell."""
        row = self.execute(create(name="A", parent_id=2**31 - 1)).operation_ids
        wrong = [line for line in self.table(row) if line[2]]
        self.assertEqual([line[0] for line in wrong], ["Category"])
        self.assertIn("Refers to a missing or used record", row.content_table)

    def test_a_missing_value_is_shown(self):
        """A required field that was not given has a line of its own, marked."""
        row = self.execute(create(color=1)).operation_ids
        self.assertEqual(self.table(row)[-1], ("Name", "", True))
        several = {**create(), "values": [{"name": "A"}, {"color": 1, "name": None}]}
        lines = self.table(self.execute(several).operation_ids)
        self.assertEqual([line[0] for line in lines][:2], ["Record 1", "Name"])
        self.assertEqual([line[2] for line in lines], [False, False, False, True, False])

    def test_calls_and_changes(self):
        """A call names its method, its records and its arguments; a change its records."""
        tag = self.env["res.partner.category"].create({"name": "Wholesale"})
        about = {"model": tag._name, "ids": tag.ids}
        call = {"op": "call", **about, "method": "write", "args": [{"color": 1}]}
        change = {"op": "write", **about, "values": {"color": 1}}
        rows = self.rows(call, change, {"op": "unlink", **about})
        records = ("Records", f"Wholesale ({tag.id})", False)
        self.assertEqual(
            self.table(rows[0]),
            [records, ("Method", "write", False), ("Argument 1", '{"color": 1}', False)],
        )
        self.assertEqual(self.table(rows[1]), [records, ("Color", "1", False)])
        self.assertEqual(self.table(rows[2]), [records])

    def test_content_is_text(self):
        """What was submitted is shown, never taken for HTML; a long value is cut."""
        bad = "<img src=x onerror=alert(1)>"
        row = self.execute(create(**{"name": bad + "x" * 5000, bad: 1})).operation_ids
        self.assertNotIn("<img", row.content_table)
        lines = dict(line[:2] for line in self.table(row))
        self.assertEqual(lines["Name"], (bad + "x" * 5000)[:2000] + "…")
        self.assertEqual(lines[bad], "1")

    def test_it_is_a_table_for_everybody(self):
        """Screen readers are told the heads of columns and rows; texts find their direction."""
        table = html.fromstring(str(self.execute(create(name="A")).operation_ids.content_table))
        self.assertEqual(table.xpath("//thead//th[@scope='col']/text()"), ["Field", "Value"])
        self.assertEqual(len(table.xpath("//tbody/tr/th[@scope='row'][@dir='auto']")), 1)
        self.assertEqual(len(table.xpath("//tbody/tr/td[@dir='auto']")), 1)

    def test_manager_reads_who_sees_the_content(self):
        """A manager reads who sees the content, and nothing of it; the owner reads no hint."""
        row = self.execute(create(name="Secret", colour=1)).operation_ids
        self.assertFalse(row.content_hint)
        seen = row.with_user(self.manager)
        self.assertFalse(seen.content_table)
        self.assertEqual(seen.content_hint, f"Only {self.owner.name} sees the content of this row.")
        self.assertEqual(seen.error_text, "Unknown field: colour")

    def test_labels_in_the_language_of_the_reader(self):
        """Field labels are those of the language of whoever reads."""
        self.env["res.lang"]._activate_lang("fr_FR")
        field = self.env["ir.model.fields"]._get("res.partner.category", "name")
        field.with_context(lang="fr_FR").field_description = "Nom"
        row = self.execute(create(color=1)).operation_ids.with_context(lang="fr_FR")
        self.assertEqual(row.error_field_text, "Nom")
        self.assertEqual(self.table(row)[-1][0], "Nom")

    def test_a_model_that_is_gone(self):
        """The content stays readable where its app was removed."""
        row = self.execute(create(name="B")).operation_ids
        row.sudo().model = "gone.with.its.app"
        self.assertEqual(self.table(row), [("name", "B", False)])
