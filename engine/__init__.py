"""The decisions of batch_job: Python without Odoo and without a database.

Only `chunk_size.paced` reads a clock. Its caller may pass another clock.
"""
