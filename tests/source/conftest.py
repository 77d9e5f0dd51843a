"""A small repository to render, golden files, and the corpus of definitions from the field."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.kinds import KINDS
from reconciler.model.desired import Rendered
from reconciler.source.render import render
from reconciler.source.revision import Revision

ENVIRONMENT = "apiVersion: reconciler/v1\nkind: Environment\nspec:\n  region: eu-west-1\n  cluster: main\n"
GOLDEN = Path(__file__).parent / "golden"

Render = Callable[..., Rendered]


@pytest.fixture
def rendered() -> Render:
    """Render files given by path, in an environment called production that need not be among them."""

    def run(
        files: dict[str, str | bytes], environment: str = "production", commit: str | None = "c0ffee" * 6
    ) -> Rendered:
        given = {"environments/production.yaml": ENVIRONMENT, **files}
        content = {path: text.encode() if isinstance(text, str) else text for path, text in given.items()}
        return render(Revision(commit, content), environment, KINDS)

    return run


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare text with tests/source/golden/<name>.txt; RECONCILER_UPDATE_GOLDEN=1 writes it."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / f"{name}.txt"
        if os.environ.get("RECONCILER_UPDATE_GOLDEN"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text + "\n")
        assert path.exists(), f"{path} is missing: run with RECONCILER_UPDATE_GOLDEN=1"
        assert text + "\n" == path.read_text()

    return compare
