"""What tests of loads have in common: records with a column of every kind."""

from unittest.mock import patch

from odoo.tools.translate import code_translations

from .common import CommittedCase

ROW = "test.batch.row"
MODULE = "batch_job_rows"  # of the external ids here; no module has this name
IGNORED = {"id", "create_date", "write_date", "create_uid", "write_uid", "display_name"}
FRENCH = {"lang": "fr_FR", "tz": "Europe/Brussels", "tracking_disable": True}


def load(columns, *rows, **options):
    """An operation for each row."""
    base = {"op": "load", "model": ROW, "fields": columns, **options}
    return [{**base, "row": list(row)} for row in rows]


class RowCase(CommittedCase):
    cleans = (ROW, "res.partner.category")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # values are French here, and messages are not: the tests know the English ones
        languages, english = code_translations.python_translations, {("batch_job", "fr_FR"): {}}
        cls.startClassPatcher(patch.dict(languages, english))
        cls._speak_french()
        cls.tags = cls.env["res.partner.category"].create([{"name": "Red"}, {"name": "Blue"}])
        for tag, name in zip(cls.tags, ("Rouge", "Bleu"), strict=True):
            tag.with_context(lang="fr_FR").name = name
        cls.commit()

    @classmethod
    def _speak_french(cls):
        """French is switched on, and Belgium has its French name."""
        language = cls.env["res.lang"]._activate_lang("fr_FR")
        cls.cr.execute("SELECT name FROM res_country WHERE code = 'BE'")
        (before,) = cls.cr.fetchone()
        cls.addClassCleanup(cls._speak_as_before, language.id, before)
        cls.env.ref("base.be").with_context(lang="fr_FR").name = "Belgique"

    @classmethod
    def _speak_as_before(cls, language_id, names):
        cls.renew()
        belgium = cls.env.ref("base.be")
        belgium.with_context(lang="en_US").name = names["en_US"]
        belgium.with_context(lang="fr_FR").name = names.get("fr_FR", names["en_US"])
        cls.env["res.lang"].browse(language_id).active = False
        cls.commit()

    def setUp(self):
        super().setUp()
        self.addCleanup(self.remove_all)

    def remove_all(self):
        self.renew()
        self.cr.execute("DELETE FROM batch_job")
        self.cr.execute(
            "DELETE FROM ir_model_data WHERE model LIKE 'test.batch.row%' AND res_id > 0"
        )
        self.env[ROW].search([]).unlink()
        self.env.registry.clear_cache()
        self.commit()

    def named(self, name):
        """The one record of a name, as committed."""
        record = self.env[ROW].search([("name", "=", name)])
        self.assertEqual(len(record), 1, name)
        return record

    def failures(self, job):
        """By index: the error of each operation that failed."""
        return {
            one["index"]: one["error"] for one in self.outcomes(job) if one["state"] == "failed"
        }

    def everything(self):
        """All records as committed."""
        self.renew()
        return self.all_records()

    def all_records(self, order="name"):
        """All records with all fields, records as their names, terms in both languages."""
        rows = self.env[ROW].search([], order=order)
        lines = rows.line_ids.sorted(lambda line: (line.row_id.name, line.name))
        ids = self.env["ir.model.data"].search([("model", "=", ROW)])
        return {
            "rows": [self.all_of(row) for row in rows],
            "lines": [self.all_of(line) for line in lines],
            "ids": sorted((one.complete_name, rows.browse(one.res_id).name) for one in ids),
        }

    def all_of(self, record):
        found = {}
        for name in record._fields.keys() - IGNORED:
            for lang in ("en_US", "fr_FR"):
                value = record.with_context(lang=lang)[name]
                named = isinstance(value, type(record.env[record._name])) or hasattr(value, "_ids")
                found[name, lang] = value.mapped("name") if named else value
        return found
