"""One module for each command; cli.py lists them."""
