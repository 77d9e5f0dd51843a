"""doctor --print-policy: a document of IAM from the manifests alone, and a word on what they do not say."""

from __future__ import annotations

import json
import re

import pytest

from reconciler.model.permission import Grant
from reconciler.report.policy import documents
from reconciler.simulator.path import Path as Door
from tests.iam import listed

ROLE = "arn:aws:iam::123456789012:role/reconciler"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:events"
DEFINITION = "apps/shop/web.yaml"


def printed(world, *words):
    done = world.run("doctor", "--print-policy", *words)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout), done.stderr


def statements(policy, action):
    return [it for it in policy["Statement"] if action in it["Action"]]


def actions(policy):
    return [action for statement in policy["Statement"] for action in statement["Action"]]


def with_role(world, role):
    world.edit(DEFINITION, "  containerDefinitions:", f"  taskRoleArn: {role}\n  containerDefinitions:")
    return world


def test_it_is_a_policy_and_nobody_is_asked(world, monkeypatch):
    monkeypatch.setattr(Door, "walk", lambda *_: pytest.fail("AWS was asked"))
    policy, told = printed(world)
    assert policy["Version"] == "2012-10-17"
    assert told == ""
    assert {tuple(it) for it in policy["Statement"]} <= {
        ("Effect", "Action", "Resource"), ("Effect", "Action", "Resource", "Condition")
    }  # fmt: skip
    assert all(it["Action"] == sorted(it["Action"]) and it["Resource"] for it in policy["Statement"])
    assert world.run("doctor", "--print-policy", "-o", "json").stdout == world.run("doctor", "--print-policy").stdout


def test_it_is_the_same_whatever_the_order_of_files(world):
    before = world.run("doctor", "--print-policy").stdout
    text = (world.root / DEFINITION).read_text().split("---\n")
    world.write({DEFINITION: "---\n".join(reversed(text))})
    assert world.run("doctor", "--print-policy").stdout == before


def test_services_are_written_in_their_cluster_alone(world):
    policy, _ = printed(world)
    [update] = statements(policy, "ecs:UpdateService")
    assert update["Resource"] == ["arn:aws:ecs:eu-west-1:123456789012:service/main/*"]
    assert not [action for action in actions(policy) if "*" in action]


def test_a_role_that_is_named_may_be_passed_to_tasks_and_no_other(world):
    policy, _ = printed(with_role(world, "shop"))
    [passing] = statements(policy, "iam:PassRole")
    assert passing == {
        "Effect": "Allow",
        "Action": ["iam:PassRole"],
        "Resource": ["arn:aws:iam::123456789012:role/shop"],
        "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
    }


def test_where_no_role_is_named_none_may_be_passed(world):
    assert "iam:PassRole" not in actions(printed(world)[0])


@pytest.mark.parametrize("role", ["'*'", "arn:aws:iam::123456789012:role/*", "'adm?n'", "'${aws:username}'"])
def test_a_pattern_in_a_manifest_is_no_pattern_in_the_policy(world, role):
    policy, _ = printed(with_role(world, role))
    [passing] = statements(policy, "iam:PassRole")
    [resource] = passing["Resource"]
    assert not re.search(r"[*?]", re.sub(r"\$\{[*?$]\}", "", resource))
    assert "${aws:" not in re.sub(r"\$\{\$\}", "", resource)


def test_nothing_is_deleted_until_a_policy_says_so(world):
    def deleting():
        return {it for it in actions(printed(world)[0]) if re.search(":(Delete|Deregister)", it)}

    assert deleting() == set()
    world.edit("environments/test.yaml", "cluster: main", "cluster: main\n  policy: {prune: true}")
    assert {"ecs:DeleteService", "ecs:DeregisterTaskDefinition"} <= deleting()
    [statement] = statements(printed(world)[0], "ecs:DeleteService")
    assert statement["Condition"] == {"StringLike": {"aws:ResourceTag/reconciler:owner": "default/test/*"}}
    [kept] = statements(printed(world)[0], "ecs:DeleteCluster")
    assert kept["Condition"]["StringEquals"] == {"aws:ResourceTag/reconciler:prune": "true"}


def test_plan_only_reads(world):
    world.edit("environments/test.yaml", "cluster: main", "cluster: main\n  policy: {prune: true}\n  lease: dynamodb:leases")
    policy, _ = printed(world, "--plan-only")
    assert {re.match(r"Describe|List|Get", action.partition(":")[2]) is not None for action in actions(policy)} == {True}
    assert not [action for action in actions(policy) if action.startswith("dynamodb")]


def test_records_are_those_of_the_installation(world):
    policy, _ = printed(world, "--installation", "blue")
    [put] = statements(policy, "ssm:PutParameter")
    assert put["Resource"] == ["arn:aws:ssm:eu-west-1:123456789012:parameter/reconciler/blue/test/*"]


def test_the_lease_s_table_and_the_queue_are_in_it_where_there_are_any(world):
    assert not [it for it in actions(printed(world)[0]) if it.startswith(("dynamodb", "sqs"))]
    world.edit("environments/test.yaml", "cluster: main", "cluster: main\n  lease: dynamodb:leases")
    policy, _ = printed(world, "--queue-arn", QUEUE)
    [lease] = statements(policy, "dynamodb:PutItem")
    assert lease["Action"] == ["dynamodb:GetItem", "dynamodb:PutItem"]
    assert lease["Resource"] == ["arn:aws:dynamodb:eu-west-1:123456789012:table/leases"]
    [queue] = statements(policy, "sqs:ReceiveMessage")
    assert (queue["Action"], queue["Resource"]) == (["sqs:DeleteMessage", "sqs:ReceiveMessage"], [QUEUE])


def test_apps_narrow_it(world):
    everything, (platform, _) = printed(world)[0], printed(world, "platform")
    assert "ecs:UpdateService" in actions(everything)
    assert "ecs:UpdateService" not in actions(platform)
    assert "ecs:CreateCluster" in actions(platform)


def test_what_is_not_said_stands_there_so_that_nobody_overlooks_it(world):
    world.edit("environments/test.yaml", '  region: eu-west-1\n  accountId: "123456789012"\n', "")
    policy, told = printed(with_role(world, "shop"))
    assert statements(policy, "iam:PassRole")[0]["Resource"] == ["arn:aws:iam::<accountId>:role/shop"]
    assert "arn:aws:ecs:<region>:<accountId>:service/main/*" in statements(policy, "ecs:UpdateService")[0]["Resource"]
    assert "note: <accountId> stands for what the repository does not say" in told
    assert "note: <region> stands for what the repository does not say" in told


def test_the_account_of_the_role_to_assume_and_the_region_of_the_sdk_will_do(world):
    world.edit("environments/test.yaml", '  region: eu-west-1\n  accountId: "123456789012"\n', f"  assumeRole: {ROLE}\n")
    world.environ["AWS_REGION"] = "cn-north-1"
    policy, told = printed(world)
    [update] = statements(policy, "ecs:UpdateService")
    assert update["Resource"] == ["arn:aws-cn:ecs:cn-north-1:123456789012:service/main/*"]
    assert told == f"note: it is for {ROLE}; whoever starts from another role needs sts:AssumeRole on it\n"


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("cn-northwest-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_the_partition_is_the_region_s(world, region, partition):
    world.edit("environments/test.yaml", "eu-west-1", region)
    text = json.dumps(printed(world)[0])
    assert set(re.findall(r"arn:(aws[\w-]*):", text)) == {partition}


def test_a_role_that_is_looked_up_is_left_open(world):
    world.edit("environments/test.yaml", "cluster: main", "cluster: main\n  tfstate: {s3: s3://acme-state/net}")
    policy, told = printed(with_role(world, '"${{ tfstate.outputs.role }}"'))
    [passing] = statements(policy, "iam:PassRole")
    assert passing["Resource"] == ["arn:aws:iam::123456789012:role/<tfstate.outputs.role>"]
    assert "<tfstate.outputs.role> stands for" in told
    [state] = statements(policy, "s3:GetObject")
    assert state["Resource"] == ["arn:aws:s3:::acme-state/net"]


GROUP = "apiVersion: reconciler/v1\nkind: LogGroup\nmetadata: {name: logs}\nspec: {logGroupName: '/x/${{ ssm./name }}'%s}\n"


def test_a_looked_up_name_is_left_open(world):
    world.write({"apps/logs/logs.yaml": GROUP % ""})
    policy, told = printed(world)
    assert "<ssm./name> stands for" in told
    [made] = statements(policy, "logs:CreateLogGroup")
    assert "arn:aws:logs:eu-west-1:123456789012:log-group:/x/<ssm./name>" in made["Resource"]


def test_what_cannot_be_told_before_something_is_looked_up_is_left_out_and_told(world):
    world.write({"apps/logs/logs.yaml": GROUP % ", retentionInDays: '${{ cfn.net.Days }}'"})
    policy, told = printed(world)
    assert "what logs/LogGroup/logs needs is not here" in told
    [parameters] = statements(policy, "ssm:GetParameters")
    assert parameters["Resource"] == [
        "arn:aws:ssm:eu-west-1:123456789012:parameter/name",
        "arn:aws:ssm:eu-west-1:123456789012:parameter/reconciler/default/test/*",
    ]
    [records] = statements(printed(world, "shop")[0], "ssm:GetParameters")
    assert records["Resource"] == ["arn:aws:ssm:eu-west-1:123456789012:parameter/reconciler/default/test/*"]


def test_a_definition_that_is_in_no_manifest_is_told(world):
    world.edit(DEFINITION, "taskDefinition: web", "taskDefinition: theirs:7")
    _, told = printed(world)
    assert "theirs:7 is in no manifest: iam:PassRole for its roles is not here (shop/Service/web runs it)" in told


def test_manifests_that_are_wrong_make_no_policy(world):
    world.edit(DEFINITION, "desiredCount", "desiredCont")
    done = world.run("doctor", "--print-policy")
    assert (done.exit_code, done.stdout) == (65, "")
    assert "desiredCont" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--plan-only",),
        ("--queue-arn", QUEUE),
        ("--print-policy", "--queue-arn", "https://sqs.eu-west-1.amazonaws.com/123456789012/events"),
        ("--print-policy", "--queue-arn", "arn:aws:sqs:*:*:*"),
        ("--print-policy", "--plan-only", "--queue-arn", QUEUE),
        ("--print-policy", "no-such-app"),
    ],
)
def test_what_makes_no_sense_is_a_matter_of_usage(world, words):
    done = world.run("doctor", *words)
    assert (done.exit_code, done.stdout) == (64, "")


def test_more_than_one_policy_holds_comes_as_several(world):
    many = "".join(
        f"---\napiVersion: reconciler/v1\nkind: LogGroup\nmetadata: {{name: g{n}}}\nspec: {{logGroupName: /ecs/{'x' * 60}/{n}}}\n"
        for n in range(60)
    )
    world.write({"apps/logs/logs.yaml": many})
    policies, told = printed(world)
    assert isinstance(policies, list)
    assert all(len("".join(json.dumps(it, separators=(",", ":")).split())) <= 6144 for it in policies)
    assert f"note: {len(policies)} documents, since a managed policy holds 6,144 characters\n" in told
    named = {text for it in policies for one in statements(it, "logs:CreateLogGroup") for text in one["Resource"]}
    assert len(named) == 120


def test_splitting_loses_no_grant_and_joins_what_is_alike():
    grants = {Grant(f"ecs:Do{n % 7}", f"arn:{n:03}", (("StringEquals", "k", str(n % 2)),)) for n in range(300)}
    found = {
        (action, resource, value)
        for policy in documents(grants, most=900)
        for it in policy["Statement"]
        for action in it["Action"]
        for resource in it["Resource"]
        for value in listed(it["Condition"]["StringEquals"]["k"])
    }
    assert found == {(it.action, it.resource, it.limits[0][2]) for it in grants}


def test_what_is_allowed_everywhere_is_not_allowed_again():
    grants = [Grant("a:B", "*"), Grant("a:B", "arn:x"), Grant("a:B", "arn:y", (("StringEquals", "k", "v"),))]
    assert documents(grants)[0]["Statement"] == [{"Effect": "Allow", "Action": ["a:B"], "Resource": ["*"]}]
