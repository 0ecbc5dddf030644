"""The data of the suite as package data: cases and document root, known servers, programs, the faulty server.

In a checkout the four entries beside this file are symbolic links to the folders in which they are written:
fixtures/, conformance/servers/, conformance/programs/ and conformance/faulty/. A wheel holds copies in their places.
The faulty server is data too, because faults are edits of its source. This folder is its PYTHONPATH.
"""
