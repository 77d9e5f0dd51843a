"""A name that AWS tells of leads to an app of the account and region it is from, and to no other."""

import threading

import pytest

from reconciler.agent.index import Account, Index, Owned, account_of
from reconciler.model.key import Key

HERE = Account("123456789012", "eu-west-1")


def arn(rest, service="ecs", account="123456789012", region="eu-west-1", partition="aws"):
    return f"arn:{partition}:{service}:{region}:{account}:{rest}"


def key(kind, name="web", app="shop"):
    return Key(app, kind, name)


SECRET = arn("secret:shop/db-AbCdEf", "secretsmanager")
ARNS = {
    key("Cluster", "main"): arn("cluster/main"),
    key("Service"): arn("service/main/web"),
    key("TaskDefinition"): arn("task-definition/web:7"),
    key("Secret", "db"): SECRET,
    key("LogGroup", "logs"): arn("log-group:/ecs/shop", "logs"),
    key("Parameter", "level"): arn("parameter/shop/level", "ssm"),
    key("Job", "migrate"): arn("task/main/0123456789abcdef"),
}


@pytest.fixture
def index():
    index = Index()
    index.learn("production", ARNS)
    return index


def keys(found):
    return {str(owned.key) for owned in found}


@pytest.mark.parametrize("known", ARNS, ids=str)
def test_an_arn_that_was_read_leads_to_its_resource(index, known):
    assert index.arn(ARNS[known]) == {Owned("production", known)}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (arn("service/web"), "shop/Service/web"),
        (arn("service-deployment/main/web/abc"), "shop/Service/web"),
        (arn("service-revision/main/web/123"), "shop/Service/web"),
        (arn("task-definition/web:9"), "shop/TaskDefinition/web"),
        (arn("task-definition/web"), "shop/TaskDefinition/web"),
        (arn("secret:shop/db", "secretsmanager"), "shop/Secret/db"),
        (arn("log-group:/ecs/shop:*", "logs"), "shop/LogGroup/logs"),
        (arn("log-group:/ecs/shop:log-stream:x", "logs"), "shop/LogGroup/logs"),
    ],
)
def test_so_does_any_other_form_of_it(index, asked, found):
    assert keys(index.arn(asked)) == {found}


@pytest.mark.parametrize("known", ARNS, ids=str)
def test_the_same_in_another_account_or_region_is_nobodys(index, known):
    assert index.arn(ARNS[known].replace("123456789012", "999999999999")) == frozenset()
    assert index.arn(ARNS[known].replace("eu-west-1", "eu-west-2")) == frozenset()


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "arn",
        "arn:aws:ecs",
        arn("service/other/web"),
        arn("service/main/web/"),
        arn("service/"),
        arn("service//web"),
        arn("service/*/web"),
        arn("service"),
        arn("cluster/main", service="eks"),
        arn("secret:shop/d", "secretsmanager"),
        arn("secret:shop", "secretsmanager"),
        arn("secret:shop/db-ABCDEF", "secretsmanager"),
        arn("parameter/shop", "ssm"),
        arn("document/shop/level", "ssm"),
        arn("log-group:/ecs", "logs"),
        arn("task-definition/we:7"),
        arn("task/main/other"),
        "arn:aws:ecs:eu-west-1:123456789012:" + "x" * 100_000,
        "arn:aws:ecs:eu-west-1:123456789012:service/main/web\n",
        "arn:evil:ecs:eu-west-1:123456789012:service/main/web",
    ],
)
def test_what_was_not_read_is_nobodys(index, forged):
    assert index.arn(forged) == frozenset()


def test_a_service_is_found_by_its_name_and_its_clusters_name_or_arn(index):
    assert keys(index.service(HERE, "main", "web")) == {"shop/Service/web"}
    assert keys(index.service(HERE, arn("cluster/main"), "web")) == {"shop/Service/web"}
    assert index.service(HERE, "other", "web") == frozenset()
    assert index.service(HERE, "", "web") == frozenset()  # that is the cluster named default
    assert index.service(HERE, arn("cluster/main", region="us-east-1"), "web") == frozenset()
    assert index.service(HERE, arn("cluster/main", account="1"), "web") == frozenset()
    assert index.service(HERE, "arn:nonsense", "web") == frozenset()
    assert index.service(Account("1", "eu-west-1"), "main", "web") == frozenset()


def test_a_service_with_a_short_arn_is_found_whichever_cluster_is_told():
    index = Index()
    index.learn("production", {key("Service"): arn("service/web")})
    assert keys(index.arn(arn("service/web"))) == {"shop/Service/web"}
    assert keys(index.arn(arn("service/main/web"))) == {"shop/Service/web"}
    assert keys(index.service(HERE, "main", "web")) == {"shop/Service/web"}


def test_a_short_arn_leads_to_every_service_of_the_name(index):
    index.learn("staging", {key("Service", app="two"): arn("service/second/web")})
    assert keys(index.arn(arn("service/web"))) == {"shop/Service/web", "two/Service/web"}
    assert keys(index.arn(arn("service/second/web"))) == {"two/Service/web"}


@pytest.mark.parametrize(
    ("kind", "name", "found"),
    [
        ("cluster", "main", "shop/Cluster/main"),
        ("cluster", arn("cluster/main"), "shop/Cluster/main"),
        ("task-definition", "web", "shop/TaskDefinition/web"),
        ("task-definition", "web:3", "shop/TaskDefinition/web"),
        ("task-definition", arn("task-definition/web:3"), "shop/TaskDefinition/web"),
        ("secret", "shop/db", "shop/Secret/db"),
        ("secret", SECRET, "shop/Secret/db"),
        ("secret", SECRET.removesuffix("-AbCdEf"), "shop/Secret/db"),
        ("parameter", "/shop/level", "shop/Parameter/level"),
        ("parameter", "shop/level", "shop/Parameter/level"),
        ("log-group", "/ecs/shop", "shop/LogGroup/logs"),
    ],
)
def test_a_name_or_arn_of_a_request_leads_to_its_resource(index, kind, name, found):
    assert keys(index.named(HERE, kind, name)) == {found}
    assert index.named(Account("999999999999", "eu-west-1"), kind, name) == frozenset()
    assert index.named(Account("123456789012", "us-east-1"), kind, name) == frozenset()


def test_environments_of_one_account_that_share_a_thing_both_have_it(index):
    index.learn("staging", {key("Secret", "db", app="other"): SECRET})
    assert index.arn(SECRET) == {
        Owned("production", key("Secret", "db")),
        Owned("staging", key("Secret", "db", app="other")),
    }
    index.drop("production")
    assert index.arn(SECRET) == {Owned("staging", key("Secret", "db", app="other"))}


def test_environments_of_two_accounts_with_the_same_names_are_told_apart(index):
    index.learn("staging", {known: it.replace("123456789012", "222222222222") for known, it in ARNS.items()})
    for known, it in ARNS.items():
        assert index.arn(it) == {Owned("production", known)}
        assert index.arn(it.replace("123456789012", "222222222222")) == {Owned("staging", known)}


def test_what_is_gone_is_forgotten(index):
    index.learn("production", {known: it for known, it in ARNS.items() if known.kind != "Service"})
    assert index.arn(arn("service/main/web")) == frozenset()
    assert index.arn(arn("service/web")) == frozenset()
    assert index.arn(SECRET)
    index.learn("production", {})
    assert index.size == 0
    assert index._known == {}


def test_a_tick_of_some_apps_leaves_the_others_as_they_were(index):
    index.learn("production", {key("Service", app="two"): arn("service/main/two")}, apps={"two"})
    assert index.arn(SECRET) and index.arn(arn("service/main/two"))
    index.learn("production", {key("Service", app="shop"): arn("service/main/new")}, apps={"two"})
    assert not index.arn(arn("service/main/two"))
    assert not index.arn(arn("service/main/new"))  # it is none of the apps that were read
    assert index.arn(SECRET)


def test_a_resource_made_anew_under_another_arn_is_found_by_that_alone(index):
    index.learn("production", {**ARNS, key("Secret", "db"): SECRET.replace("AbCdEf", "123456")})
    assert index.arn(SECRET) == frozenset()
    assert keys(index.arn(SECRET.replace("AbCdEf", "123456"))) == {"shop/Secret/db"}
    assert keys(index.named(HERE, "secret", "shop/db")) == {"shop/Secret/db"}


def test_learning_the_same_again_changes_nothing(index):
    before = {token: set(owners) for token, owners in index._known.items()}
    index.learn("production", ARNS)
    assert index._known == before
    assert index.size == len(ARNS)


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_every_partition_has_its_names(partition):
    index = Index()
    index.learn("e", {key("Service"): arn("service/main/web", partition=partition)})
    assert index.arn(arn("service/main/web", partition=partition))


def test_where_an_arn_is():
    assert account_of(SECRET) == HERE
    assert account_of("nonsense") is None


def test_it_may_be_asked_while_it_learns():
    index, errors = Index(), []

    def learn():
        for round in range(200):
            index.learn("e", {key("Service", f"s{n}"): arn(f"service/main/s{n}") for n in range(round % 7)})

    def ask():
        try:
            for _ in range(500):
                index.arn(arn("service/main/s3"))
                index.service(HERE, "main", "s3")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            errors.append(error)

    threads = [threading.Thread(target=target) for target in (learn, ask, ask)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert index.size == 199 % 7
