"""What the suite is made of, as package data: cases and document root, known servers, programs, the faulty server.

In a checkout the four entries beside this file are symbolic links to the folders in which they are written:
fixtures/, conformance/servers/, conformance/programs/ and conformance/faulty/. A wheel holds copies in their places.
The faulty server is data, too: faults are edits of its source. It starts with this folder as its PYTHONPATH.
"""
