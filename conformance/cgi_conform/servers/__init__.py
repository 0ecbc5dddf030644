"""Finds, starts and ends servers."""
