"""Variables in files of their own: read in order, below a document's own, and told where they are wrong."""

from __future__ import annotations

import time

import pytest

from reconciler.kinds import KINDS
from reconciler.report.problems import draw
from reconciler.source.beside import Among
from reconciler.source.render import environments, render
from reconciler.source.revision import Revision

HEAD = "apiVersion: reconciler/v1\n"
ENV = HEAD + "kind: Environment\nspec:\n  cluster: main\n"
APP = HEAD + "kind: App\nspec:\n"
SERVICE = HEAD + "kind: Service\nmetadata: {name: web}\nspec:\n  taskDefinition: x:1\n"
TASK = HEAD + "kind: TaskDefinition\nmetadata: {name: web}\nspec:\n  containerDefinitions: [{name: web, image: x, memory: 1}]\n"
SOPS = "password: ENC[AES256_GCM,data:aa,iv:bb,tag:cc,type:str]\nsops:\n  mac: ENC[AES256_GCM,data:aa]\n  version: 3.9.0\n"


def rendered(files: dict[str, str], beside: dict[str, str] | None = None, name: str = "production"):
    given = {f"environments/{name}.yaml": ENV, **files}
    encoded = {path: text.encode() for path, text in given.items()}
    shelf = Among({path: text.encode() for path, text in (beside or {}).items()})
    return render(Revision(None, encoded, shelf=shelf), name, KINDS)


def family(*parts: str) -> str:
    return TASK + "  family: " + "-".join(f"${{{{ vars.{it} }}}}" for it in parts) + "\n"


def test_files_come_in_order_below_the_documents_own_and_levels_as_ever() -> None:
    files = {
        "environments/production.yaml": ENV + "  varsFrom: [environments/vars/one.yaml, environments/vars/two.env]\n  vars: {D: env}\n",
        "apps/a/app.yaml": APP + "  varsFrom: [apps/a/vars/app.yaml]\n  vars: {F: app}\n",
        "apps/a/environments/production.yaml": HEAD + "kind: Environment\nspec:\n  varsFrom: [apps/a/vars/own.json]\n  vars: {H: own}\n",
        "apps/a/web.yaml": family("A", "B", "C", "D", "E", "F", "G", "H", "deep.x", "deep.y"),
    }
    beside = {
        "environments/vars/one.yaml": "A: one\nB: one\nC: one\ndeep: {x: one, y: one}\n",
        "environments/vars/two.env": "B=two\nC=two\nD=two\n",
        "apps/a/vars/app.yaml": "C: app\nE: app\nF: file\ndeep: {y: app}\n",
        "apps/a/vars/own.json": '{"G": "own", "H": "file", /* c */}',
    }
    [document] = rendered(files, beside).documents
    assert document.spec["family"] == "one-two-app-env-app-app-own-own-one-app"


def test_values_keep_their_type_in_yaml_and_are_text_in_dotenv() -> None:
    files = {
        "environments/production.yaml": ENV + "  varsFrom: [v.yaml, v.env]\n  callRates: {x: {burst: 5, perSecond: 5}}\n",
        "apps/a/web.yaml": SERVICE + "  desiredCount: ${{ vars.count }}\n  enableExecuteCommand: ${{ vars.exec }}\n",
    }
    [document] = rendered(files, {"v.yaml": "exec: true\n", "v.env": "count=3\n"}).documents
    assert (document.spec["desiredCount"], document.spec["enableExecuteCommand"]) == (3, True)


def test_a_value_is_shown_where_it_is_used_and_an_environments_own_members_may_use_it() -> None:
    files = {"environments/production.yaml": ENV.replace("main", "${{ vars.cluster }}") + "  varsFrom: [v.env]\n", "apps/a/web.yaml": SERVICE}
    [document] = rendered(files, {"v.env": "cluster=blue\n"}).documents
    assert document.spec["cluster"] == "blue"


WRONG = {
    "missing": ({}, "cannot-read", "v.env: there is no such file"),
    "outside": ({"path": "../v.env"}, "cannot-read", "out of the repository"),
    "no text": ({"path": "{a: b}"}, "wrong-type", "is a list of paths"),
    "a variable": ({"path": "'${{ env.name }}.env'"}, "variable-in-path", "cannot stand in the path"),
    "an unknown sort": ({"path": "v.txt", "v.txt": "A=1"}, "unknown-format", "v.txt is no file of variables"),
    "a bad line": ({"v.env": "A=1\nB\n"}, "dotenv", "a line has to be NAME=value"),
    "a duplicate": ({"v.env": "A=1\nA=2\n"}, "duplicate-key", "in lines 1 and 2"),
    "a variable inside": ({"v.env": "A=${{ env.name }}\n"}, "nested-variable", "cannot hold a variable"),
    "encrypted": ({"v.env": "A=ENC[AES256_GCM,data:x]\n"}, "encrypted-value", "'A' is encrypted"),
    "sealed": ({"v.env": "A='sealed:v1:abc'\n"}, "encrypted-value", "'A' is encrypted"),
    "sops": ({"path": "v.yaml", "v.yaml": SOPS}, "encrypted-value", "encrypted with SOPS"),
    "broken yaml": ({"path": "v.yaml", "v.yaml": "a: 'b\n"}, "syntax", "a quote is opened here"),
    "a list": ({"path": "v.yaml", "v.yaml": "- a\n"}, "wrong-type", "a list where"),
    "text": ({"path": "v.yaml", "v.yaml": "a\n"}, "wrong-type", "plain text where"),
    "two documents": ({"path": "v.yaml", "v.yaml": "a: 1\n---\nb: 1\n"}, "several-documents", "one document"),
    "a manifest": ({"path": "v.yaml", "v.yaml": SERVICE}, "wrong-type", "this is a manifest"),
    "an alias": ({"path": "v.yaml", "v.yaml": "a: &x 1\n"}, "anchor", "is not read"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_holds_back_the_app_that_names_it_and_no_other(name) -> None:
    beside, code, message = WRONG[name]
    path = beside.get("path", "v.env")
    files = {
        "apps/bad/app.yaml": APP + f"  varsFrom:\n    - {path}\n",
        "apps/bad/web.yaml": SERVICE + "  serviceName: ${{ vars.nowhere }}\n",
        "apps/good/web.yaml": SERVICE,
    }
    result = rendered(files, {it: text for it, text in beside.items() if it != "path"})
    [problem] = result.problems
    assert (problem.code, problem.app) == (code, "bad")
    assert message in problem.message
    places = [problem.at, *(place for place, _ in problem.related)]
    assert ("apps/bad/app.yaml", 5, 7) in [(it.file, it.line, it.column) for it in places]
    assert [str(it.key) for it in result.documents] == ["good/Service/web"]


def test_a_wrong_file_of_an_environment_holds_back_the_environment() -> None:
    files = {"environments/production.yaml": ENV + "  varsFrom: [apps/a/vars/v.env]\n", "apps/a/web.yaml": SERVICE}
    result = rendered(files, {"apps/a/vars/v.env": "A\n"})
    assert [(it.app, it.at.file) for it in result.problems] == [(None, "apps/a/vars/v.env")]
    assert result.documents == ()


def test_a_secret_in_a_wrong_file_is_not_told() -> None:
    files = {"apps/a/app.yaml": APP + "  varsFrom: [v.env, v.yaml]\n", "apps/a/web.yaml": SERVICE + "  desiredCount: ${{ vars.TOKEN }}\n"}
    beside = {"v.env": "TOKEN=hunter22\nTOKEN=hunter22\n", "v.yaml": "token: [hunter22\n"}
    told = "\n".join(draw(it) + str(it) for it in rendered(files, beside).problems)
    assert "given twice" in told
    assert "hunter22" not in told
    good = rendered(files, {"v.env": "TOKEN=hunter22\n", "v.yaml": ""})
    assert good.problems
    assert "hunter22" not in "\n".join(draw(it) + str(it) for it in good.problems)


def test_only_what_a_manifest_names_is_read() -> None:
    asked: list[str] = []

    class Watched(Among):
        def read(self, path: str) -> bytes | None:
            asked.append(path)
            return super().read(path)

    files = {"environments/production.yaml": ENV + "  varsFrom: [v.env]\n", "environments/other.yaml": ENV + "  varsFrom: [w.env]\n"}
    shelf = Watched({"v.env": b"A=1\n", "w.env": b"A=1\n"})
    render(Revision(None, {path: text.encode() for path, text in files.items()}, shelf=shelf), "production", KINDS)
    assert asked == ["v.env"]


# -- what is data, and no manifest


def test_files_in_folders_of_data_and_those_of_sops_are_no_manifests() -> None:
    files = {
        "apps/a/web.yaml": SERVICE,
        "apps/a/vars/x.yaml": "services: {web: {image: x}}\n",
        "apps/a/vars/broken.yaml": "a: [\n",
        "apps/a/secrets/y.yaml": "anything: 1\n",
        "apps/a/db.sops.yaml": SOPS,
        "apps/a/environments/production.sops.yaml": SOPS,
        "environments/vars/z.yaml": "- 1\n",
        "environments/secrets.yaml": SOPS,
        "environments/db.json": '{"a": "ENC[x]", "sops": {"mac": "ENC[y]"}}',
    }
    result = rendered(files)
    assert result.problems == ()
    assert environments(Revision(None, {path: text.encode() for path, text in files.items()})) == ()
    assert [str(it.key) for it in result.documents] == ["a/Service/web"]


@pytest.mark.parametrize("text", [SERVICE, '{"apiVersion": "reconciler/v1", "kind": "Service"}', "# c\n---\n" + SERVICE])
@pytest.mark.parametrize("path", ["apps/a/vars/web.yaml", "apps/a/secrets/web.json", "environments/vars/web.yaml"])
def test_a_manifest_among_data_is_told_and_not_left_out_silently(path, text) -> None:
    [problem] = rendered({"apps/a/web.yaml": SERVICE, path: text}).problems
    assert (problem.code, problem.at.file) == ("misplaced", path)


@pytest.mark.parametrize("text", ["\n" * (1 << 20), " " * (1 << 20), "{, '" * (1 << 18)])
def test_looking_for_strays_takes_no_time(text) -> None:
    started = time.monotonic()
    assert rendered({"apps/a/web.yaml": SERVICE, "apps/a/vars/x.yaml": text}).problems == ()
    assert time.monotonic() - started < 2


def test_a_whole_manifest_encrypted_with_sops_is_told() -> None:
    assert [it.code for it in rendered({"apps/a/web.yaml": SERVICE + SOPS.partition("\n")[2]}).problems] == ["unknown-member"]
