"""Tries one case, or many at a time."""
