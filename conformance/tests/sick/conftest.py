"""Lets the tests of this folder and of slow/ import its modules. pytest.ini_options in pyproject.toml leaves slow/ out."""

import pytest

pytest.register_assert_rewrite("sick_run")
