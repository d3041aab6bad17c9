"""Causes have example values, which not everybody may see: `causes` is computed of a hidden
column."""

from odoo.tools import sql


def migrate(cr, version):
    for table in ("batch_job", "batch_job_chunk", "batch_job_event"):
        if sql.column_exists(cr, table, "causes"):
            sql.rename_column(cr, table, "causes", "cause_counts")
