"""Texts made to take the reader's time are refused at once, with one word."""

from __future__ import annotations

import pytest

SERVICE = "apiVersion: reconciler/v1\nkind: Service\nmetadata: {name: puma}\nspec:\n  taskDefinition: a:1\n"


@pytest.mark.parametrize(
    "bomb",
    [
        "${{" * 100_000,
        "${{" * 100_000 + "}}",
        "x${{ a || b }}" * 20_000,
        "x${{ vars.nowhere }}" * 15_000,
        "x${{ env.name }}" * 18_000,
        "$" * 300_000 + "{{",
    ],
)
def test_a_text_full_of_variables_is_refused_with_one_problem(bomb, rendered) -> None:
    result = rendered({"apps/a/x.yaml": SERVICE + f"  serviceName: '{bomb}'\n"})
    assert len(result.problems) <= 1
    assert bool(result.problems) is not bomb.startswith("$$")
    assert bool(result.documents) is bomb.startswith("$$")


def test_the_text_itself_is_written_with_another_dollar(rendered) -> None:
    [made] = rendered({"apps/a/x.yaml": SERVICE + "  serviceName: '$${{ x }}-${{ env.name }}'\n"}).documents
    assert made.spec["serviceName"] == "${{ x }}-production"
