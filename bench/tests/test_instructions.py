"""instructions.py fails for a rise of more than 10 %, and for work without a recorded count."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def instructions() -> ModuleType:
    file = Path(__file__).resolve().parents[1] / "micro" / "instructions.py"
    spec = importlib.util.spec_from_file_location("instructions", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("found", "recorded", "wrong"),
    [
        ({"a": 100}, {"a": 100}, []),
        ({"a": 110}, {"a": 100}, []),
        ({"a": 111}, {"a": 100}, ["a: 111 instructions, +11% over the 100 recorded"]),
        ({"a": 50}, {"a": 100}, []),
        ({"a": 1}, {}, ["a: 1 instructions, and none recorded (--record)"]),
        ({}, {"a": 1}, ["a: recorded, but no longer there (--record)"]),
    ],
)
def test_a_rise_is_reported(
    instructions: ModuleType, found: dict[str, int], recorded: dict[str, int], wrong: list[str]
) -> None:
    assert instructions.judge(found, recorded) == wrong


RECORDED = {"GNU 12.2.0 x86_64 Release": {"a": 1}, "GNU 14.2.0 x86_64 Release": {"a": 2}}


@pytest.mark.parametrize(
    ("built_by", "chosen"),
    [
        ("GNU 14.2.0 x86_64 Release", ("GNU 14.2.0 x86_64 Release", 1.10)),
        ("GNU 12.4.0 x86_64 Release", ("GNU 12.2.0 x86_64 Release", 1.30)),
        ("GNU 15.1.0 x86_64 Release", ("GNU 14.2.0 x86_64 Release", 1.30)),
        ("GNU 14.2.0 aarch64 Release", None),
        ("GNU 14.2.0 x86_64 Debug", None),
        ("Clang 14.0.6 x86_64 Release", None),
    ],
)
def test_a_release_without_counts_is_compared_with_the_nearest(
    instructions: ModuleType, built_by: str, chosen: tuple[str, float] | None
) -> None:
    assert instructions.baseline_for(built_by, RECORDED) == chosen


def test_debian_12_and_13_have_counts_of_the_same_work(instructions: ModuleType) -> None:
    recorded = instructions.read(instructions.BASELINE)
    assert {"GNU 12.2.0 x86_64 Release", "GNU 14.2.0 x86_64 Release"} <= recorded.keys()
    assert len({tuple(counts) for counts in recorded.values()}) == 1


def test_without_valgrind_it_is_skipped(
    instructions: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert instructions.main([sys.executable]) == 77
    assert "valgrind is not installed" in capsys.readouterr().out
