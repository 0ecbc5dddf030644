"""Turns what cgi-bench measured into a page, a table and a verdict."""
