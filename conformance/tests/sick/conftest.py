"""Rewrites the assertions of sick_run. As a conftest.py it also lets slow/ import the modules of this folder.

pytest.ini_options in pyproject.toml leaves slow/ out.
"""

import pytest

pytest.register_assert_rewrite("sick_run")
