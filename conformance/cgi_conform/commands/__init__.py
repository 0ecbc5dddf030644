"""The commands of `cgi-conform`: one module for each; cli.py lists them."""
