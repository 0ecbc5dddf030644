"""Proves that each case can fail, with faults in the faulty server."""
