"""A suite for unittest: one server for the class."""

import unittest
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import cgi_server


class FormTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cgi_server.serve(Path(__file__).parent, cgi_directories=["/scripts"], pass_env=["GREETING"])
        cls.addClassCleanup(cls.server.close)

    def test_the_form_is_answered(self):
        with urlopen(f"{self.server.url}/scripts/form", data=b"name=Ann") as response:
            self.assertEqual(response.read(), b"Good day name=Ann\n")

    def test_a_file_takes_no_form(self):
        with self.assertRaises(HTTPError) as refused:
            urlopen(f"{self.server.url}/test_form.py", data=b"name=Ann")
        self.assertEqual(refused.exception.code, 501)
        refused.exception.close()


if __name__ == "__main__":
    unittest.main()
