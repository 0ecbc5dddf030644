"""A plain CGI server, written a second time from the cases alone, so that each of its rules can be broken.

    python3 -m faulty [--fault NAME] PORT …

It is an instrument of the suite and no server to be used: slow, and with `--fault` wrong on purpose. Without a fault
it conforms to both profiles. What a fault breaks stands in faults/*.toml, as an edit of this package's own source.
"""
