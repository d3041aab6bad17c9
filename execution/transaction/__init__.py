"""Protects a transaction from the operations in it: their code comes from other modules."""
