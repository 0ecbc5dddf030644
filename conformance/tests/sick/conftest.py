"""Leaves out the slow tests, unless the command line names this folder or a part of it, as ci/attack does."""

from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    named = (Path(config.invocation_params.dir, word.partition("::")[0]).resolve() for word in config.args)
    return True if collection_path == HERE / "slow" and not any(word.is_relative_to(HERE) for word in named) else None
