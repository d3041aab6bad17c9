"""Executes chunks through the ORM. Only this package lets operations touch records.

`chunk_run` runs the operations of a chunk as the policy says, `apply` tries some of them under a
savepoint. The rooms below, from the bottom: `worker` (the process), `transaction` (savepoints and
their repair), `checks` (what is known before a try), `orm` (the calls).
"""
