"""Calls the ORM: one module for each op, and what a module needs to know about records and keys."""
