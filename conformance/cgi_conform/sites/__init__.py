"""Compares two servers on a folder of the user: what to ask, the answers, the differences and their names."""
