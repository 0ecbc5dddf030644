"""Compares what a server did with what a case expects, and stores results and recordings."""
