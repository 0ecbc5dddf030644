"""Compares two servers on a folder of the user: the requests, the answers, the differences and their names."""
