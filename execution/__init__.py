"""Executes chunks through the ORM. Only this package lets operations touch records."""
