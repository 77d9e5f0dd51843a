"""A plan in brief, from its JSON: nothing in it reaches a terminal as it is, and no secret does at all."""

from reconciler.report.plan_brief import brief


def test_a_line_a_change_and_a_line_a_field():
    fields = [
        {"path": "desiredCount", "before": 2, "after": 4},
        {"path": "image", "before": None, "after": "nginx:2"},
        {"path": "command", "before": ["a", "b"], "after": None},
    ]
    changes = [
        {"key": "shop/Service/web", "action": "update", "effect": "rolls-tasks", "fields": fields, "blocked": None},
        {"key": "shop/Cluster/main", "action": "delete", "effect": None, "blocked": {"code": "PruneGuard", "message": "too many"}},
    ]
    assert brief({"changes": changes}) == [
        "update shop/Service/web (rolls-tasks)",
        "  desiredCount: 2 -> 4",
        "  image: none -> nginx:2",
        '  command: ["a", "b"] -> none',
        "delete shop/Cluster/main",
        "  PruneGuard: too many",
    ]
    assert brief({}) == []


def test_controls_are_spelled_out_and_secrets_masked():
    field = {"path": "x", "before": "\x1b[2J", "after": "postgres://u:hunter2@h"}
    [_, line] = brief({"changes": [{"key": "a/B/c", "action": "update", "fields": [field]}]})
    assert line == "  x: \\x1b[2J -> postgres://u:***@h"
