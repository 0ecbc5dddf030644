"""cases/variants.py: the capabilities that only some servers have, and declaring them with --has."""

import json
from pathlib import Path

import pytest

from case_files import SEND, case, corpus
from cgi_conform.cases.variants import VARIANTS, declared
from cgi_conform.errors import UserError
from cgi_conform.paths import SCHEMAS
from cgi_conform.running.plan import Options, make_plan
from whole_run import cgi_conform, command_of

COMMAND = "sh {port}"


def test_the_schemas_list_the_same_variants() -> None:
    server = json.loads((SCHEMAS / "server.schema.json").read_text())
    assert list(server["properties"]["variants"]["properties"]) == list(VARIANTS)
    needs = json.loads((SCHEMAS / "case.schema.json").read_text())["$defs"]["case"]["properties"]["needs"]
    assert set(VARIANTS) < set(needs["items"]["else"]["enum"])


def test_arguments_of_has_are_split_as_a_shell_does() -> None:
    assert declared(["http11=-p 'HTTP/1.1 x'", "limits", "cgi-directories=-c=/a"]) == {
        "http11": ("-p", "HTTP/1.1 x"), "limits": (), "cgi-directories": ("-c=/a",)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options(command=COMMAND, has=["htp11"]),
         '--has "htp11": no such capability (did you mean "http11"?)'),
        (Options(command=COMMAND, has=["x"]), '--has "x": no such capability (known: ' + ", ".join(VARIANTS) + ")"),
        (Options(command=COMMAND, has=["root"]),
         '--has "root": the suite checks that itself (to declare: ' + ", ".join(VARIANTS) + ")"),
        (Options(command=COMMAND, has=["http11", "http11=x"]), "--has http11 is given twice (give all its arguments at once)"),
        (Options(command=COMMAND, has=["http11='x"]), "--has \"http11='x\": No closing quotation"),
        (Options(url="http://127.0.0.1:1", root="/", has=["limits"]), "--has limits needs a server that cgi-conform "
         "starts (--server or --command): a server at a URL cannot be started with it"),
        (Options(url="http://127.0.0.1:1", root="/", has=["http11=-x"]),
         '--has "http11=-x": a server at a URL runs already and takes no arguments (--has http11)'),
    ],
)  # fmt: skip
def test_a_wrong_has_is_reported_in_one_line(options: Options, said: str) -> None:
    with pytest.raises(UserError) as caught:
        make_plan(options)
    assert (caught.value.message, caught.value.status) == (said, 2)


def test_has_adds_to_the_variants_of_a_definition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "server.toml").write_text(
        'title = "x"\nprogram.find = "sh"\ncommand = ["{program}", "{port}"]\nprofiles = ["cgihttpserver"]\n'
        'variants.http11 = ["old"]\nvariants.limits = ["kept"]\n'
    )
    (tmp_path / "my.conf").touch()
    monkeypatch.chdir(tmp_path)
    plan = make_plan(Options(server=f"{tmp_path}/", has=["http11=new my.conf --f=my.conf", "cgi-directories"]))
    assert plan.server is not None and dict(plan.server.variants) == {
        "http11": ("new", f"{tmp_path}/my.conf", f"--f={tmp_path}/my.conf"), "limits": ("kept",), "cgi-directories": ()
    }  # fmt: skip


def test_has_http11_works_for_a_server_at_a_url() -> None:
    plan = make_plan(Options(url="http://127.0.0.1:1", root="/", has=["http11"]))
    assert plan.capabilities.variants == {"http11"}


def test_cases_run_if_has_declares_their_capability(tmp_path: Path) -> None:
    needy = [case(f"a/{name}", f"body = '{name}'", more=SEND.replace("hello.txt", "argument") + f"\nneeds = ['{name}']")
             for name in ("http11", "limits")]  # fmt: skip
    corpus(tmp_path, case("a/plain"), *needy)
    command = command_of(tmp_path)
    script = tmp_path / "serve.py"
    script.write_text(script.read_text().replace("texts = {", "texts = {b'/argument': sys.argv[-1].encode(), "))
    report = tmp_path / "report"
    done = cgi_conform(tmp_path, "run", command, "--has", "http11='http11'", "--report", str(report))
    found = {one["id"]: one["verdict"] for one in json.loads((report / "results.json").read_text())["cases"]}
    assert found == {"a/plain": "pass", "a/http11": "pass", "a/limits": "skip"}, done.stderr
    assert done.returncode == 0
    assert "1 case skipped: needs limits (--has limits='ARGUMENTS')\n" in done.stdout
