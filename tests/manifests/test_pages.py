"""The manifests that README.md and docs/ show are right, and what they link to is there."""

import re
from pathlib import Path

import pytest

from reconciler.engine.lookup import lookup
from reconciler.kinds import KINDS
from reconciler.source.directory import read_directory
from reconciler.source.render import render

ROOT = Path(__file__).parents[2]
WITH_MANIFESTS = ("manifests.md", "lookups.md")
PAGES = [ROOT / "README.md", ROOT / "manifests/README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_its_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", *(ROOT / "docs/reference" / name for name in WITH_MANIFESTS)],
    ids=lambda page: page.name,
)
def test_its_manifests_can_be_used(page, tmp_path):
    for folder in ("apps/bookstore", "environments"):
        (tmp_path / folder).mkdir(parents=True)
    environment = "apiVersion: reconciler/v1\nkind: Environment\nspec: {region: eu-west-1, cluster: main}\n"
    blocks = re.findall(r"^```yaml\n(apiVersion.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
    assert blocks
    for number, block in enumerate(blocks):
        if "kind: Environment" in block:
            environment = block
        else:
            (tmp_path / f"apps/bookstore/{number}.yaml").write_text(block)
    (tmp_path / "environments/production.yaml").write_text(environment)
    wish = lookup(render(read_directory(tmp_path), "production", KINDS), KINDS)
    assert wish.problems == ()
    assert wish.desired


@pytest.mark.parametrize("page", sorted((ROOT / "docs/decisions").glob("*.md")), ids=lambda page: page.name)
def test_a_decision_is_short_and_complete(page):
    text = page.read_text()
    assert len(text.splitlines()) < 50
    assert text.startswith(f"# {int(page.name[:4])}. ")
    assert all(f"**{part}" in text for part in ("Context.", "Choice.", "Weighed.", "Consequences."))
