"""Runs cases against a server: one case, or all cases with many workers."""
