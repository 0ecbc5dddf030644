"""The data of the suite as package data: cases and document root, known servers, programs, the faulty server.

In a checkout the five entries beside this file are symbolic links to what they hold: fixtures/, and in conformance/
CHANGELOG.md, servers/, programs/ and faulty/. A wheel holds copies in their places.
The faulty server is data too, because faults are edits of its source. This folder is its PYTHONPATH.
"""
