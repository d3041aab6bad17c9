"""The decisions of batch_job as pure functions: no Odoo, no database, no clock."""
