"""Reads and checks what fixtures/ holds: cases, clauses, levels, and the document root."""
