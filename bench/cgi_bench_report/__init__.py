"""Turns the measurements of cgi-bench into a page, a table and a verdict."""
