"""Compares what a server did with what a case expects, writes it down, and keeps what servers answered."""
