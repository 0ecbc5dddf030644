"""A second CGI server, written from the cases alone. The suite breaks its rules to prove that each case can fail.

    python3 -m faulty [--fault NAME] PORT …

It is an instrument of the suite, not a server to use: it is slow, and `--fault` makes it wrong on purpose. Without a
fault it conforms to both profiles. faults/*.toml holds each fault as an edit of the source of this package.
"""
