from odoo import api, models
from odoo.tools import SQL


class BatchJobRights(models.AbstractModel):
    """Who may see the content and the return values of operations.

    The checks read the database, never the fields of a record. In `onchange` the fields hold what
    the caller has sent, and that may be another owner.
    """

    _name = "batch.job.rights"
    _description = "Batch Job Rights"

    _owner_column = "owner_id"
    # Columns that may quote content, and the column that others read in their place, if there is
    # one. `depends_context=("uid",)` keeps what one user has read out of the cache of another.
    _masked: dict[str, str | None] = {}

    @api.model
    def _is_administrator(self) -> bool:
        return self.env.su or self.env.user.has_group("base.group_system")

    @api.model
    def _content_is_visible(self, owner: str = "owner_id") -> SQL:
        """The SQL condition for rows whose content the user may see.

        Content is what operations carry and return, and each value or message that quotes a part of
        that. Others see which row failed, the kind of error, and the field.

        :param owner: the column that holds the id of the owner
        """
        if self._is_administrator():
            return SQL("TRUE")
        return SQL("%s = %s", SQL.identifier(owner), self.env.uid)

    def _if_visible(self, alias, column: SQL, instead: SQL | None = None) -> SQL:
        """A column for whoever may see the content, and for others something in its place.

        :param instead: default: NULL
        """
        if self._is_administrator():
            return column
        return SQL(
            "CASE WHEN %s = %s THEN %s ELSE %s END",
            SQL.identifier(alias, self._owner_column),
            self.env.uid,
            column,
            instead or SQL("NULL"),
        )

    def _field_to_sql(self, alias, field_expr, query=None) -> SQL:
        """Mask columns that may quote content. Odoo reads, searches, sorts, groups and exports by
        this expression, so there is no other way to the column."""
        column = super()._field_to_sql(alias, field_expr, query)
        if field_expr not in self._masked:
            return column
        masked = self._masked[field_expr]
        instead = masked and SQL("COALESCE(%s, %s)", SQL.identifier(alias, masked), column)
        return self._if_visible(alias, column, instead or None)
