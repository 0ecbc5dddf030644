"""Writes the man pages and the completions of the shells. Everything about options comes from the programs' --help."""
