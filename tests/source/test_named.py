"""Files that manifests name are part of what a commit says: one that lies otherwise is told of."""

from __future__ import annotations

import pytest

from reconciler.source.named import files_named_in
from reconciler.source.revision import Revision

HEAD = "apiVersion: reconciler/v1\n"
ENVIRONMENTS = {f"environments/{name}.yaml": b"" for name in ("qa", "staging")}


def named(text: str) -> set[str]:
    return set(files_named_in(Revision(None, {**ENVIRONMENTS, "apps/shop/all.yaml": (HEAD + text).encode()})))


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("kind: App\nspec: {varsFrom: [a.yaml, ./b/c.env]}", {"a.yaml", "b/c.env"}),
        ("kind: Secret\nspec: {from: {sops: secrets/a.yaml, key: x}}", {"secrets/a.yaml"}),
        ("kind: Secret\nspec: {from: {yamlVault: a.yml}}", {"a.yml"}),
        (
            "kind: Environment\nspec:\n  patches:\n    - select: {kind: Secret}\n      spec: {from: {sops: a.yaml}}",
            {"a.yaml"},
        ),
        ("kind: Secret\nspec: {from: {sops: 's/${{ env.name }}.yaml'}}", {"s/qa.yaml", "s/staging.yaml"}),
        ("kind: Secret\nspec: {from: {sops: '${{ vars.where }}.yaml'}}", set()),
        ("kind: Secret\nspec: {from: {sops: ../a.yaml}}", set()),
        ("kind: Secret\nspec: {from: sops}", set()),
        ("kind: Secret\nspec: {from: {sops: [a]}}", set()),
        ("sops: {", set()),
    ],
)
def test_what_is_named(text, paths):
    assert named(text) == paths
