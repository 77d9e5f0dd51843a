"""Windows, approval and allow-lists as manifests write them: read, and every mistake told at its place."""

from __future__ import annotations

import pytest

from reconciler.model.allow import ANYTHING, Allow
from reconciler.model.window import Window

HEAD = "apiVersion: reconciler/v1\nkind: Environment\nspec:\n  region: eu-west-1\n"
SHOP = "apiVersion: reconciler/v1\nkind: Cluster\nmetadata: {name: main}\n"
APP = "apiVersion: reconciler/v1\nkind: App\nspec: "
OWN = "apiVersion: reconciler/v1\nkind: Environment\nspec: "


def files(environment: str = "", **more: str) -> dict[str, str]:
    found = {"environments/production.yaml": HEAD + environment, "apps/shop/all.yaml": SHOP}
    if "app" in more:
        found["apps/shop/app.yaml"] = APP + more["app"]
    if "own" in more:
        found["apps/shop/environments/production.yaml"] = OWN + more["own"]
    return found


def test_an_environment_says_windows_approval_and_what_is_allowed(rendered):
    found = rendered(files(
        "  windows:\n"
        '    - {allow: "0 9 * * 1-5", duration: 8h, timeZone: Europe/Berlin}\n'
        '    - {deny: "0 0 24 12 *", duration: 72h}\n'
        "  approve: true\n"
        "  allow: {paths: [apps/*], kinds: [Clus*], roles: [], images: ['*']}\n"
    ))
    assert found.problems == ()
    assert found.environment.windows == (
        Window("0 9 * * 1-5", 28800.0, "Europe/Berlin"), Window("0 0 24 12 *", 259200.0, deny=True),
    )  # fmt: skip
    assert found.environment.approve
    assert found.environment.allow == Allow(("apps/*",), ("Clus*",), (), ("*",))
    assert found.apps["shop"].approve
    assert found.apps["shop"].windows == ()


def test_what_is_not_said_holds_nothing_back(rendered):
    found = rendered(files())
    assert (found.environment.windows, found.environment.approve, found.environment.allow) == ((), False, ANYTHING)
    assert (found.apps["shop"].windows, found.apps["shop"].approve) == ((), False)


def test_an_app_and_its_own_environment_add_to_it(rendered):
    one, other = '{allow: "0 9 * * *", duration: 1h}', '{deny: "0 12 * * *", duration: 10m}'
    found = rendered(files(app=f"{{windows: [{one}]}}\n", own=f"{{windows: [{other}], approve: true}}\n"))
    assert found.problems == ()
    assert found.apps["shop"].windows == (Window("0 9 * * *", 3600.0), Window("0 12 * * *", 600.0, deny=True))
    assert found.apps["shop"].approve
    assert not found.environment.approve


def test_an_environment_s_variables_may_be_used_there(rendered):
    found = rendered(files('  vars: {zone: Europe/Berlin}\n  windows:\n    - {allow: "0 9 * * *", duration: 8h, timeZone: "${{ vars.zone }}"}\n'))
    assert found.problems == ()
    assert found.environment.windows[0].time_zone == "Europe/Berlin"


@pytest.mark.parametrize(
    ("window", "message", "hint", "part"),
    [
        ('{allow: "0 9 * *", duration: 8h}', "'allow': a schedule has five fields, this has 4 fields", "0 9 * * 1-5", '"0 9 * *"'),
        ('{allow: "0 25 * * 1-5", duration: 8h}', "'allow': '25' is no hour of a schedule", "0 to 23", "25"),
        ("{allow: 0 9 * * 1-9, duration: 8h}", "'allow': '1-9' is no day of the week of a schedule", "SUN to SAT", "1-9"),
        ('{deny: "61 9 * * 1", duration: 8h}', "'deny': '61' is no minute of a schedule", "0 to 59", "61"),
        ('{allow: "0 9 * * 1", deny: "0 9 * * 1", duration: 8h}', "a window says 'allow' or 'deny', not both", "", "{"),
        ("{duration: 8h}", "a window says 'allow' or 'deny': neither is there", "", "{"),
        ('{allow: "0 9 * * 1"}', "'duration' is missing: how long a window is open", "write 8h", "{"),
        ('{allow: "0 9 * * 1", duration: soon}', "'duration' has to be a time of at least a minute", "8h", "soon"),
        ('{allow: "0 9 * * 1", duration: 30s}', "'duration' has to be a time of at least a minute", "8h", "30s"),
        ('{allow: "0 9 * * 1", duration: 8h, timeZone: Europe/Berln}', "there is no time zone 'Europe/Berln'", "'Europe/Berlin'", "Europe/Berln"),
        ('{allow: "0 9 * * 1", duration: 8h, timeZone: berlin}', "there is no time zone 'berlin'", "'Europe/Berlin'", "berlin"),
        ('{allow: "0 9 * * 1", duration: 8h, timezone: UTC}', "'timezone' is not a member of a window", "'timeZone'", "timezone"),
        ('{allow: [1], duration: 8h}', "'allow': list where text is required", "", "allow"),
        ('"0 9 * * 1"', "text where a window has to be an object", "", '"0 9 * * 1"'),
    ],
)
def test_a_mistake_in_a_window_is_told_at_its_place(rendered, window, message, hint, part):
    found = rendered(files(f"  windows:\n    - {window}\n"))
    [problem] = [it for it in found.problems if it.severity == "error"]
    assert problem.message == message
    assert hint in problem.hint
    assert problem.at is not None
    line = f"    - {window}"
    assert problem.at.line == 6
    assert line[problem.at.column - 1 :].startswith(part)
    assert found.documents == ()  # what would hold changes back could not be read: nothing is desired


def test_a_mistake_in_an_app_s_window_holds_back_that_app_alone(rendered):
    given = files(own='{windows: [{allow: "0 9 * * *", duration: 0}]}\n')
    given["apps/blog/all.yaml"] = SHOP.replace("main", "blog")
    found = rendered(given)
    assert {it.app for it in found.problems} == {"shop"}
    assert [str(it.key) for it in found.documents] == ["blog/Cluster/blog"]
    assert {str(key) for key in found.failed} == {"shop/Cluster/main"}


def test_approval_that_is_no_switch_is_told_and_holds_back(rendered):
    found = rendered(files(app="{approve: maybe}\n"))
    [problem] = found.problems
    assert "true or false" in problem.message
    assert found.documents == ()


@pytest.mark.parametrize(
    ("allow", "message", "hint"),
    [
        ("{path: [a]}", "'path' is not a member of allow", "'paths'"),
        ("{kinds: [Servce]}", "'Servce' is not a kind", "'Service'"),
        ("{kinds: Service}", "'kinds': text where a list is required", "list"),
        ("{images: ['']}", "an empty text in 'images' allows nothing", ""),
        ("{roles: [{a: b}]}", "a pattern: object where text is required", ""),
        ("[Service]", "'allow': list where an object is required", ""),
    ],
)
def test_a_mistake_in_an_allow_list_is_told(rendered, allow, message, hint):
    found = rendered(files(f"  allow: {allow}\n"))
    [problem] = found.problems
    assert problem.message == message
    assert hint in problem.hint
    assert problem.at is not None
    assert problem.app is None
    assert found.documents == ()


def test_only_an_environment_says_what_is_allowed(rendered):
    for where in ("app", "own"):
        [problem] = rendered(files(**{where: "{allow: {kinds: [Cluster]}}\n"})).problems
        assert problem.code == "unknown-member"
