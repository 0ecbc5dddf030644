"""Proves that each case can fail."""
