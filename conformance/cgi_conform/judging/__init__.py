"""Compares what a server did with what a case expects, and writes it down."""
