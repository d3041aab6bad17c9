from odoo import api, models

from ..execution.orm.load import FINDER, MAKES_NAMES

BY_ODOO = {None, "id", ".id"}  # Odoo itself finds records by name, external id and id


class IrFieldsConverter(models.AbstractModel):
    """Finds the records that rows of a load refer to.

    In a job, a row may also name a record by one of its fields (`country_id/code`). A record that
    was found once is not searched again.
    """

    _inherit = "ir.fields.converter"

    @api.model
    def _referencing_subfield(self, record):
        finds = self.env.context.get(FINDER) and len(record) == 1
        if finds and all(isinstance(value, str) for value in record.values()):
            (name,) = record
            return name, []
        return super()._referencing_subfield(record)

    @api.model
    def db_id_for(self, model, field, subfield, value, savepoint):
        context = self.env.context
        finder = context.get(FINDER)
        if not finder or subfield in ("id", ".id") or field.name in context.get(MAKES_NAMES, ()):
            return super().db_id_for(model, field, subfield, value, savepoint)
        if subfield in BY_ODOO:
            find = super().db_id_for
        else:
            find = self._find_by_field
        key = (field.comodel_name, subfield, value)
        if key not in finder.found:
            result = find(model, field, subfield, value, savepoint)
            # no record and no error: the options allow that for this field, not for others
            if field.comodel_name in finder.creatable or result[0] is None:
                return result
            finder.found[key] = result
        return finder.found[key]

    @api.model
    def _find_by_field(self, _model, field, name, value, _savepoint):
        """(the id of the one record that has this value in a field, no warnings)."""
        self.env.context["import_flush"](model=field.comodel_name)
        comodel = self.env[field.comodel_name]
        try:
            records = comodel.search([(name, "=", value)], limit=2)
        except (ValueError, TypeError):  # a text for a number, for example
            records = comodel
        if len(records) == 1:
            return records.id, []
        text = self.env._("No matching record found for %(name)s '%(value)s' in field '%%(field)s'")
        if records:
            text = self.env._(
                "Several records have the %(name)s '%(value)s' that field '%%(field)s' asks for"
            )
        raise self._format_import_error(ValueError, text, {"name": name, "value": value})
