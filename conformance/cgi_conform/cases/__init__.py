"""Reads and checks the data of fixtures/: cases, clauses, levels, and the document root."""
