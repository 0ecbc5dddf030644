"""The forms for issues, the workflows, and the configuration of pre-commit: GitHub and pre-commit would accept them.

The forms follow GitHub's schema for issue forms. Workflows only call scripts of ci/.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml", reason="package python3-yaml is not installed")

CHECKOUT = Path(__file__).resolve().parents[2]
FORMS = sorted(path for path in (CHECKOUT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
WORKFLOWS = sorted((CHECKOUT / ".github" / "workflows").glob("*.yml"))
# The attributes that each type of field must have, and those that it may have.
FIELDS = {
    "markdown": ({"value"}, set()),
    "input": ({"label"}, {"description", "placeholder", "value"}),
    "textarea": ({"label"}, {"description", "placeholder", "value", "render"}),
    "dropdown": ({"label", "options"}, {"description", "multiple", "default"}),
    "checkboxes": ({"label", "options"}, {"description"}),
}


def loaded(path: Path) -> dict[Any, Any]:
    document = yaml.safe_load(path.read_text("utf-8"))
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_follows_the_schema_of_github(path: Path) -> None:
    form = loaded(path)
    assert {"name", "description", "body"} <= set(form) <= {"name", "description", "body", "title", "labels", "assignees"}
    ids, labels = [], []
    for field in form["body"]:
        needed, more = FIELDS[field["type"]]
        attributes = field["attributes"]
        assert needed <= set(attributes) <= needed | more
        assert all(isinstance(value, str) for key, value in attributes.items() if key not in ("options", "multiple", "default"))
        assert all(isinstance(option, str) for option in attributes.get("options", ()))
        if field["type"] == "markdown":
            assert set(field) == {"type", "attributes"}
            continue
        assert set(field) <= {"type", "id", "attributes", "validations"}
        assert re.fullmatch(r"[A-Za-z0-9_-]+", field["id"])
        assert set(field.get("validations", {})) <= {"required"}
        assert all(isinstance(value, bool) for value in field.get("validations", {}).values())
        ids.append(field["id"])
        labels.append(attributes["label"])
    assert ids and len(set(ids)) == len(ids) and len(set(labels)) == len(labels)


def test_the_form_for_a_wrong_verdict_asks_for_what_repeats_it() -> None:
    form = loaded(CHECKOUT / ".github" / "ISSUE_TEMPLATE" / "wrong-verdict.yml")
    required = {field["id"] for field in form["body"] if field.get("validations", {}).get("required")}
    assert {"case", "profile", "server", "octets", "reason", "version"} <= required
    [profile] = (field for field in form["body"] if field.get("id") == "profile")
    assert profile["attributes"]["options"] == ["cgihttpserver", "rfc3875"]


def steps(workflow: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job["steps"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_job_on_ubuntu_only_calls_scripts_of_this_project(path: Path) -> None:
    workflow = loaded(path)
    assert workflow["permissions"] == {"contents": "read"}
    jobs = workflow["jobs"].values()
    assert all(job["timeout-minutes"] for job in jobs)
    # ci/setup installs by apt, so a job on another system has commands of its own. It turns no run red.
    assert all(job["runs-on"] == "ubuntu-24.04" or job["continue-on-error"] for job in jobs)
    usual = {"jobs": {name: job for name, job in workflow["jobs"].items() if job["runs-on"] == "ubuntu-24.04"}}
    called = [re.sub(r"^sudo ", "", step["run"]) for step in steps(usual) if "run" in step]
    for command in called:
        names = re.fullmatch(r"ci/(\$\{\{ matrix\.script \}\}|[\w-]+)( [^;&|\n]*)?", command)
        assert names is not None, command
        [job] = usual["jobs"].values()
        scripts = job["strategy"]["matrix"]["script"] if "matrix.script" in names[1] else [names[1]]
        assert [name for name in scripts if not os.access(CHECKOUT / "ci" / name, os.X_OK)] == []
    assert called and all(re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]) for step in steps(workflow) if "uses" in step)


def test_a_workflow_runs_every_test_and_keeps_their_output() -> None:
    workflow = loaded(CHECKOUT / ".github" / "workflows" / "test.yml")
    assert any(step.get("run", "").startswith("ci/test") for step in steps(workflow))
    assert any(step.get("with", {}).get("path") == "build/report/test" for step in steps(workflow))


def test_pre_commit_runs_the_linters_of_the_checkout() -> None:
    [repository] = loaded(CHECKOUT / ".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        assert {"id", "name", "entry", "language"} <= set(hook) and hook["language"] == "system"
        assert os.access(CHECKOUT / hook["entry"].split()[0], os.X_OK)
