"""The cluster query language, and the list of operations."""

import pytest

from reconciler.simulator import OPERATIONS, AwsError, Simulator, shapes
from reconciler.simulator.ecs.expressions import fits

SUBJECTS = {"attribute:type": "t2.small", "attribute:size": "4", "attribute:x": "", "task:group": "service:a\nfamily:b"}


# ECS developer guide, "Cluster query language".
@pytest.mark.parametrize(
    ("expression", "meant"),
    [
        ("attribute:type == t2.small", True),
        ("attribute:type equals t2.small", True),
        ("attribute:type != t2.small", False),
        ("attribute:type =~ t2.*", True),
        ("attribute:type matches m.*", False),
        ("attribute:type !~ m.*", True),
        ("attribute:type in [t2.small, t2.large]", True),
        ("attribute:type !in [t2.small]", False),
        ("attribute:type not_in [m1]", True),
        ("attribute:x exists", True),
        ("attribute:y !exists", True),
        ("attribute:y not_exists", True),
        ("attribute:y exists", False),
        ("attribute:size >= 4 and attribute:size < 5", True),
        ("attribute:size greater_than 4", False),
        ("not(attribute:size == 4) or attribute:type == t2.small", True),
        ("!(attribute:size == 4)", False),
        ("attribute:size == 4 && attribute:size == 5 || attribute:size == 4", True),
        ("task:group == service:a", True),
        ("task:group == service:c", False),
    ],
)
def test_an_expression_means_an_instance_or_not(expression, meant):
    assert fits(expression, SUBJECTS.get) is meant


@pytest.mark.parametrize("expression", ["", "a", "a ==", "(a == b", "a == b c", "a in b", "a =~ [", "a ~ b", "a in [b"])
def test_what_is_no_expression_is_refused(expression):
    with pytest.raises(AwsError) as caught:
        fits(expression, SUBJECTS.get)
    assert caught.value.code == "InvalidParameterException"


def test_the_operations_here_are_listed_and_the_others_say_their_name():
    known = set(shapes.operations("ecs"))
    assert set(OPERATIONS) <= known
    assert len(OPERATIONS) >= 47
    assert list(OPERATIONS) == sorted(OPERATIONS)
    sim = Simulator()
    for name in sorted(known - set(OPERATIONS)):
        with pytest.raises(AwsError) as caught:
            sim.ask(name)
        assert caught.value.code == "UnsupportedOperationException"
        assert caught.value.message == f"The simulator does not implement ecs:{name}."
