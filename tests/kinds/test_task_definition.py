"""Which revision counts: found again by its digest, adopted by its content, and never a ghost."""

from __future__ import annotations

import pytest

from reconciler.kinds import KINDS
from reconciler.kinds.task_definition import NEWEST
from reconciler.model.errors import Denied, NotFound, Rejected, Throttled
from reconciler.model.fields import UNSET
from reconciler.model.key import DIGEST, OWNER
from reconciler.model.kind import Answer
from reconciler.model.observed import NEVER, Wanted
from reconciler.model.plan import Action
from tests.builders import AT, FakeReader, change, document, field_change, k, later, wished

DEFINITION = KINDS["TaskDefinition"]
WEB, ME = k("TaskDefinition/web"), "default/staging/shop/TaskDefinition/web"
SPEC = {"family": "web", "containerDefinitions": [{"name": "web", "image": "shop:1", "memory": 64}]}
OTHER = {"family": "web", "containerDefinitions": [{"name": "web", "image": "shop:2", "memory": 64}]}
SLOW = Throttled("slow down", operation="ecs:DescribeTaskDefinition")


def arn(number, family="web"):
    return f"arn:aws:ecs:eu-west-1:123456789012:task-definition/{family}:{number}"


def revision(spec=SPEC, *, owner=None, digest=None, status="ACTIVE"):
    """What there is under one number."""
    tags = {**({OWNER: owner} if owner else {}), **({DIGEST: digest} if digest else {})}
    return spec, tags, status


def reader(revisions, *, visible=None, listing=None):
    """A Reader over numbered revisions of web; ``visible`` are those that a List shows."""

    def described(params):
        number = int(params["taskDefinition"].rpartition(":")[2] or 0)
        found = revisions.get(number)
        if found is None:
            return Rejected("no such revision", operation="ecs:DescribeTaskDefinition")
        if not isinstance(found, tuple):
            return found
        spec, tags, status = found
        body = {**spec, "taskDefinitionArn": arn(number), "revision": number, "status": status}
        return Answer(
            {"taskDefinition": body, "tags": [{"key": key, "value": value} for key, value in tags.items()]}, later(1)
        )

    active = [n for n, it in revisions.items() if not isinstance(it, tuple) or it[2] == "ACTIVE"]
    shown = sorted(active if visible is None else visible, reverse=True)
    return FakeReader(
        DescribeTaskDefinition=described, ListTaskDefinitions=listing or [arn(number) for number in shown]
    )


def observed(read, *, spec=SPEC, digest="d", owned=(), matching=(), in_use=()):
    want = Wanted(WEB, spec, ME, digest, tuple(map(arn, owned)), tuple(map(arn, matching)), tuple(map(arn, in_use)))
    [seen] = DEFINITION.observe(read, [want])
    return seen


OURS = revision(owner=ME, digest="d")


def test_the_revision_nominated_for_the_digest_costs_one_read_and_no_listing():
    read = reader({7: OURS})
    seen = observed(read, owned=[7], matching=[7])
    assert (seen.arn, seen.owner, seen.digest, seen.at) == (arn(7), ME, "d", later(1))
    assert seen.spec == {**SPEC, "tags": []}
    assert seen.live == {"revision": 7}
    assert [operation for operation, _, _ in read.asked] == ["ecs:DescribeTaskDefinition"]
    assert read.params("DescribeTaskDefinition") == [{"taskDefinition": arn(7), "include": ["TAGS"]}]


def test_of_several_revisions_of_one_digest_the_oldest_counts():
    assert observed(reader({7: OURS, 9: OURS}), owned=[7, 9], matching=[7, 9]).arn == arn(7)
    assert observed(reader({9: OURS, 10: OURS})).arn == arn(9)


def test_a_nominated_revision_that_is_inactive_does_not_count_and_the_next_of_its_digest_does():
    inactive = revision(owner=ME, digest="d", status="INACTIVE")
    assert observed(reader({7: inactive, 9: OURS}), owned=[7, 9], matching=[7, 9]).arn == arn(9)
    assert not observed(reader({7: inactive}), owned=[7], matching=[7]).present


def test_a_nominated_revision_that_is_not_there_is_a_ghost():
    seen = observed(reader({}), owned=[7], matching=[7])
    assert (seen.present, seen.error) == (False, None)
    assert observed(reader({9: OURS}), owned=[7], matching=[7]).arn == arn(9)


def test_where_the_inventory_lags_the_family_is_listed_before_anything_is_registered():
    read = reader({7: OURS})
    assert observed(read).arn == arn(7)
    assert read.params("ListTaskDefinitions") == [
        {"familyPrefix": "web", "status": "ACTIVE", "sort": "DESC", "maxResults": 100}
    ]


def test_of_revisions_that_the_inventory_does_not_know_only_the_newest_are_looked_at():
    read = reader({number: revision(OTHER) for number in range(1, 101)})
    observed(read)
    looked = [int(params["taskDefinition"].rpartition(":")[2]) for params in read.params("DescribeTaskDefinition")]
    assert looked == list(range(100, 100 - NEWEST, -1))


def test_those_it_knows_of_other_digests_are_not_looked_at_again():
    read = reader({number: revision(OTHER, owner=ME, digest="old") for number in range(1, 51)})
    observed(read, owned=range(1, 51), in_use=[44])
    looked = [int(params["taskDefinition"].rpartition(":")[2]) for params in read.params("DescribeTaskDefinition")]
    assert looked == [50, 44]  # the newest, and the one that runs


def test_no_revision_is_described_twice():
    read = reader({7: OURS, 9: revision(OTHER)})
    observed(read, owned=[7], matching=[7], in_use=[7, 9], digest="d")
    observed(reader({}), owned=[7], matching=[7])
    asked = [params["taskDefinition"] for params in read.params("DescribeTaskDefinition")]
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize(
    ("revisions", "options", "counts"),
    [
        # our digest, before all else
        ({1: revision(), 2: OURS, 3: revision(OTHER)}, {"in_use": [3]}, 2),
        # somebody else's copy of our digest is not ours
        ({1: revision(OTHER, owner="somebody", digest="d"), 2: revision(SPEC)}, {}, 2),
        # by content: the one that runs, then ours, then the oldest
        ({1: revision(), 2: revision(), 3: revision()}, {"in_use": [2]}, 2),
        ({1: revision(), 2: revision(owner=ME, digest="old")}, {"owned": [2]}, 2),
        ({1: revision(owner=ME, digest="old"), 2: revision()}, {"in_use": [2]}, 2),
        ({1: revision(OTHER), 2: revision(), 3: revision()}, {}, 2),
        ({1: revision(), 2: revision(OTHER)}, {"in_use": [2]}, 1),
        # nothing equal: a change starts from the newest that runs, else from the newest of ours, else from the newest
        ({1: revision(OTHER), 2: revision(OTHER), 3: revision(OTHER)}, {"in_use": [1, 2]}, 2),
        ({1: revision(OTHER, owner=ME), 2: revision(OTHER)}, {}, 1),
        ({1: revision(OTHER), 2: revision(OTHER)}, {}, 2),
    ],
)
def test_which_revision_counts(revisions, options, counts):
    assert observed(reader(revisions), **options).arn == arn(counts)


def test_content_is_compared_without_tags_and_in_its_one_form():
    live = {**SPEC, "networkMode": "bridge", "cpu": "512", "status": "ACTIVE"}
    wanted = {**SPEC, "cpu": ".5 vCPU", "tags": [{"key": "team", "value": "x"}]}
    assert observed(reader({1: revision(live), 2: revision(OTHER)}), spec=wanted).arn == arn(1)


def test_where_there_is_no_revision_that_is_an_answer():
    seen = observed(reader({}))
    assert (seen.present, seen.error, seen.at) == (False, None, NEVER)


@pytest.mark.parametrize("error", [SLOW, Denied("no", operation="x", action="ecs:DescribeTaskDefinition")])
def test_a_revision_that_could_not_be_read_leaves_nothing_to_conclude(error):
    assert observed(reader({7: error, 9: revision(OTHER)})).error is error
    assert observed(reader({7: error}), owned=[7], matching=[7]).error is error


def test_a_family_that_could_not_be_listed_leaves_nothing_to_conclude():
    assert observed(reader({7: OURS}, listing=SLOW)).error is SLOW
    assert observed(reader({7: OURS}, listing=SLOW), owned=[7], matching=[7]).arn == arn(7)


def test_several_wanted_are_described_together_and_a_broken_one_stands_alone():
    read = reader({7: OURS, 9: SLOW})
    wants = [
        Wanted(WEB, SPEC, ME, "d", (arn(7),), (arn(7),)),
        Wanted(k("TaskDefinition/x"), SPEC, "o", "e", (arn(9),), (arn(9),)),
    ]
    found = {seen.key.name: seen for seen in DEFINITION.observe(read, wants)}
    assert found["web"].present
    assert found["x"].error is SLOW


# what no manifest declares any more, and what is named from outside


def left(read, *owned):
    [seen] = DEFINITION.observe(read, [Wanted(WEB, None, ME, owned=tuple(owned))])
    return seen


def test_what_is_left_of_a_family_is_every_active_revision_of_ours_newest_last():
    read = reader({1: OURS, 2: revision(), 9: OURS, 10: OURS, 11: revision(owner=ME, status="INACTIVE")})
    seen = left(read, arn(1), arn(9), arn(10), arn(11), arn(12))
    assert (seen.arn, seen.others) == (arn(10), (arn(1), arn(9)))


def test_nothing_left_of_a_family_is_an_absence():
    assert not left(reader({7: OURS}, visible=[]), arn(7)).present


def test_a_revision_that_its_own_tags_give_to_another_owner_is_not_among_those_left():
    seen = left(reader({1: revision(owner="default/production/shop/TaskDefinition/web"), 2: OURS}), arn(1), arn(2))
    assert (seen.arn, seen.others) == (arn(2), ())


def test_a_revision_named_from_outside_is_looked_at_as_it_is_named():
    read = reader({7: revision()})
    seen = left(read, "web:7")
    assert seen.arn == arn(7)
    assert read.params("DescribeTaskDefinition")[0]["taskDefinition"] == "web:7"


@pytest.mark.parametrize("error", [Rejected("x", operation="x"), NotFound("x", operation="x")])
def test_a_name_that_leads_nowhere_is_an_absence(error):
    assert (left(reader({7: error}), "web:7").present, left(reader({7: error}), "web:7").error) == (False, None)


# names


@pytest.mark.parametrize(
    ("value", "named", "located"),
    [("web:7", "web:7", "web"), (arn(7), "web:7", "web"), ("web", "web", "")],
)
def test_a_revision_is_named_by_family_and_number_and_belongs_to_its_family(value, named, located):
    assert DEFINITION.named(value) == named
    assert DEFINITION.located(value) == located


@pytest.mark.parametrize(
    ("spec", "normal"),
    [
        ({"cpu": "1 vCPU", "memory": "0.5GB"}, {"cpu": "1024", "memory": "512"}),
        ({"cpu": " 256 ", "memory": "2 gb"}, {"cpu": "256", "memory": "2048"}),
        ({"cpu": ".25 VCPU"}, {"cpu": "256"}),
        ({"taskRoleArn": "arn:aws:iam::1:role/a/b/app", "executionRoleArn": "exec"}, {"taskRoleArn": "app", "executionRoleArn": "exec"}),
        ({"networkMode": "bridge"}, {}),
        ({"networkMode": "awsvpc"}, {"networkMode": "awsvpc"}),
    ],
)  # fmt: skip
def test_units_and_roles_have_one_form(spec, normal):
    assert DEFINITION.normal(spec) == normal


@pytest.mark.parametrize(
    ("mode", "port", "shown"),
    [
        ("awsvpc", {"containerPort": 80, "hostPort": 80}, {"containerPort": 80}),
        ("host", {"containerPort": 80, "hostPort": 80}, {"containerPort": 80}),
        ("host", {"containerPort": 80, "hostPort": 81}, {"containerPort": 80, "hostPort": 81}),
        ("bridge", {"containerPort": 80, "hostPort": 0}, {"containerPort": 80}),
        (None, {"containerPort": 80, "hostPort": 0}, {"containerPort": 80}),
        ("bridge", {"containerPort": 80, "hostPort": 80}, {"containerPort": 80, "hostPort": 80}),
        ("awsvpc", {"containerPort": 80}, {"containerPort": 80}),
    ],
)
def test_a_host_port_that_the_network_mode_implies_is_as_good_as_none(mode, port, shown):
    spec = {"containerDefinitions": [{"name": "a", "portMappings": [port]}], **({"networkMode": mode} if mode else {})}
    assert DEFINITION.normal(spec)["containerDefinitions"][0]["portMappings"] == [shown]


@pytest.mark.parametrize(
    ("driver", "options", "required"),
    [
        ("awslogs", {}, True),
        ("awslogs", {"awslogs-create-group": "false"}, True),
        ("awslogs", {"awslogs-create-group": "true"}, False),
        ("fluentd", {}, False),
    ],
)
def test_a_log_group_that_the_driver_makes_by_itself_need_not_be_there(driver, options, required):
    logs = {"logDriver": driver, "options": {"awslogs-group": "x", **options}}
    spec = {"containerDefinitions": [{"logConfiguration": logs}]}
    path = ("containerDefinitions", 0, "logConfiguration", "options", "awslogs-group")
    assert DEFINITION.requires(spec, path) is required
    assert DEFINITION.requires(spec, ("containerDefinitions", 0, "secrets", 0, "valueFrom"))


# calls, and what their answers show


def planned(step=Action.UPDATE, *fields, **more):
    [desired] = wished(document("Thing/web"))[0].values()
    from dataclasses import replace

    return change("TaskDefinition/web", step, desired=replace(desired, spec=SPEC), fields=fields,
                  observed=observed(reader({7: OURS})), stamps={OWNER: ME, DIGEST: "d"}, **more)  # fmt: skip


def test_a_change_of_content_registers_a_whole_revision_with_our_tags():
    [call] = DEFINITION.calls(planned(Action.UPDATE, field_change("containerDefinitions.web.image", "a", "b")))
    assert call.operation == "ecs:RegisterTaskDefinition"
    assert call.params == {**SPEC, "tags": [{"key": DIGEST, "value": "d"}, {"key": OWNER, "value": ME}]}


def test_a_change_of_tags_registers_nothing():
    made = planned(Action.UPDATE, field_change("tags.team", UNSET, "x"), field_change("tags.old", "x"))
    assert [call.operation for call in DEFINITION.calls(made)] == ["ecs:TagResource", "ecs:UntagResource"]
    now = DEFINITION.after(made, [Answer({}, AT)])
    assert (now.arn, now.tags["team"]) == (arn(7), "x")


def test_a_deletion_deregisters_every_revision_of_ours():
    gone = change("TaskDefinition/web", Action.DELETE, observed=left(reader({1: OURS, 2: OURS}), arn(1), arn(2)))
    assert [call.params for call in DEFINITION.calls(gone)] == [{"taskDefinition": arn(1)}, {"taskDefinition": arn(2)}]
    assert not DEFINITION.after(gone, [Answer({}, AT)]).present


def test_the_answer_to_a_registration_shows_the_revision():
    body = {**SPEC, "taskDefinitionArn": arn(8), "revision": 8, "status": "ACTIVE"}
    now = DEFINITION.after(planned(Action.CREATE), [Answer({"taskDefinition": body}, AT)])
    assert (now.arn, now.owner, now.digest, now.present) == (arn(8), ME, "d", True)
