"""``reconciler secret``: from a value to a line in a file and back, and what is said when that cannot be."""

from __future__ import annotations

import json
import re

import pytest

from tests.sealed_files import person

HEAD = "apiVersion: reconciler/v1\n"
ENVIRONMENT = "environments/test.yaml"
OVERLAY = "apps/shop/environments/test.yaml"
SECRET = HEAD + "kind: Secret\nmetadata: {name: db}\nspec: {name: shop/db}\n"
PARAMETER = HEAD + "kind: Parameter\nmetadata: {name: token}\nspec: {name: /shop/token}\n"


@pytest.fixture
def shop(world):
    """A manifest that may hold a value, and a key to seal with."""
    kms = world.client("kms")
    world.key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/shop", TargetKeyId=world.key)
    world.write({"apps/shop/secrets.yaml": SECRET})
    world.edit(ENVIRONMENT, "  cluster: main\n", "  cluster: main\n  sealing: {kms: alias/shop}  # ours\n")
    world.simulator.calls.clear()
    return world


def done(world, *words, code=0, **more):
    result = world.run("secret", *words, **more)
    assert result.exit_code == code, result.output
    return result


def envelope(world, file=OVERLAY):
    return re.findall(r"sealed:v1:[\w:-]+", (world.root / file).read_text())


def test_a_value_is_sealed_into_the_environment_s_own_file_and_applied(shop):
    said = done(shop, "seal", "db", stdin="hunter2\n")
    assert "sealed" in said.stdout
    assert "for test/shop/Secret/db in apps/shop/environments/test.yaml" in said.stdout
    assert "hunter2" not in said.output + (shop.root / OVERLAY).read_text()
    shop.applied()
    live = shop.client("secretsmanager").get_secret_value(SecretId="shop/db")
    assert live["SecretString"] == "hunter2"
    assert live["VersionId"] == envelope(shop)[0].split(":")[2]


@pytest.mark.parametrize("name", ["db", "Secret/db", "shop/Secret/db"])
def test_a_manifest_is_named_as_short_as_it_is_clear(shop, name):
    done(shop, "seal", name, stdin="x")
    assert len(envelope(shop)) == 1


def test_the_same_value_again_changes_no_byte(shop):
    done(shop, "seal", "db", stdin="hunter2")
    before = (shop.root / OVERLAY).read_bytes()
    assert "holds this very value already" in done(shop, "seal", "db", stdin="hunter2").stdout
    assert (shop.root / OVERLAY).read_bytes() == before


def test_another_value_takes_the_place_of_the_one_before_and_all_else_stays(shop):
    done(shop, "seal", "db", stdin="hunter2")
    shop.edit(OVERLAY, "patches:", "# what differs here\n  patches:")
    text = (shop.root / OVERLAY).read_text()
    done(shop, "seal", "db", stdin="hunter3")
    after = (shop.root / OVERLAY).read_text()
    assert re.sub(r"sealed:v1\S+", "", text) == re.sub(r"sealed:v1\S+", "", after)
    assert text != after
    assert done(shop, "reveal", "db", "--yes").stdout == "hunter3\n"


def test_a_value_in_the_manifest_itself_is_changed_there(shop):
    done(shop, "seal", "db", stdin="hunter2")
    [line] = envelope(shop)
    shop.write({OVERLAY: None})
    shop.edit("apps/shop/secrets.yaml", "{name: shop/db}", f"{{name: shop/db, secretString: '{line}'}}")
    done(shop, "seal", "db", stdin="hunter3")
    assert not (shop.root / OVERLAY).exists()
    assert len(envelope(shop, "apps/shop/secrets.yaml")) == 1
    assert done(shop, "reveal", "db", "--yes").stdout == "hunter3\n"


def test_rotating_the_key_keeps_the_ids_and_rolls_nothing(shop):
    shop.write({"apps/shop/token.yaml": PARAMETER})
    done(shop, "seal", "db", stdin="hunter2")
    done(shop, "seal", "token", stdin="abc")
    shop.applied()
    before = envelope(shop)
    other = shop.client("kms").create_key()["KeyMetadata"]["Arn"]
    shop.edit(ENVIRONMENT, "alias/shop", other)
    done(shop, "rotate")
    after = envelope(shop)
    assert [it.split(":")[2] for it in after] == [it.split(":")[2] for it in before]
    assert not set(after) & set(before)
    listed = json.loads(done(shop, "list", "-o", "json").stdout)
    assert {it["sealedWith"] for it in listed["values"]} == {f"kms {other}"}
    assert shop.run("plan", "--detailed-exitcode").exit_code == 0


def test_values_are_sealed_for_people_without_any_aws(shop):
    mine = person()
    shop.edit(ENVIRONMENT, "{kms: alias/shop}", f"{{age: ['{mine.recipient}']}}")
    env = {"RECONCILER_AGE_KEY": mine.identity}
    done(shop, "seal", "db", stdin="hunter2", env=env)
    assert done(shop, "reveal", "db", "--yes", env=env).stdout == "hunter2\n"
    assert not [call for call in shop.simulator.calls if call.service == "kms"]


def test_a_newline_at_the_end_is_left_out_unless_it_is_meant(shop):
    done(shop, "seal", "db", stdin="a\nb\n")
    assert done(shop, "reveal", "db", "--yes").stdout == "a\nb\n"
    done(shop, "seal", "db", "--raw", stdin="a\n")
    shop.applied()
    assert shop.client("secretsmanager").get_secret_value(SecretId="shop/db")["SecretString"] == "a\n"


def test_a_secret_that_is_to_be_deleted_is_taken_back(shop):
    done(shop, "seal", "db", stdin="hunter2")
    shop.applied()
    shop.client("secretsmanager").delete_secret(SecretId="shop/db")
    refused = shop.run("apply", "--yes")
    assert refused.exit_code == 3
    assert "reconciler secret restore" in refused.output
    assert "no longer scheduled for deletion" in done(shop, "restore", "db").stdout
    assert shop.run("plan", "--detailed-exitcode").exit_code == 0
    assert "nothing to restore" in done(shop, "restore", "db", code=64).output


def test_what_belongs_to_somebody_else_is_not_restored(shop):
    client = shop.client("secretsmanager")
    owner = [{"Key": "reconciler:owner", "Value": "default/other/shop/Secret/db"}]
    client.create_secret(Name="shop/db", SecretString="x", Tags=owner)
    client.delete_secret(SecretId="shop/db")
    shop.simulator.calls.clear()
    done(shop, "seal", "db", stdin="hunter2")
    assert "belongs to default/other/shop/Secret/db" in done(shop, "restore", "db", code=64).output
    assert shop.writes == []


REFUSED = [
    (["seal", "nothing"], "x", 64, "no secret or parameter nothing is declared"),
    (["seal", "dbb"], "x", 64, "did you mean 'db'?"),
    (["seal", "db"], "", 64, "it is empty"),
    (["seal", "db"], "a\0b", 64, "zero byte"),
    (["seal", "db"], "x" * 70_000, 64, "more than 65,536 bytes"),
    (["seal", "db", "--kms", "alias/shop", "--age", "age1x"], "x", 64, "cannot both be meant"),
    (["seal", "db", "--age", "age1x"], "x", 64, "age1x"),
    (["seal", "db", "--kms", "alias/none"], "x", 1, "alias/none"),
    (["edit", "db"], "", 64, "holds no sealed value"),
    (["reveal", "db"], "", 64, "stdout is none"),
    (["reveal", "db", "--yes"], "", 64, "holds no sealed value"),
    (["rotate", "db"], "", 64, "holds no value that was sealed here"),
    (["restore", "db"], "", 64, "only referred to here"),
    (["nonsense"], "", 64, "nonsense"),
]


@pytest.mark.parametrize(("words", "value", "code", "said"), REFUSED, ids=[" ".join(it[0]) + it[3] for it in REFUSED])
def test_what_cannot_be_is_refused_with_a_word_and_changes_nothing(shop, words, value, code, said):
    result = done(shop, *words, code=code, stdin=value)
    assert said in result.stderr
    assert "Traceback" not in result.output
    assert not (shop.root / OVERLAY).exists()
    assert shop.writes == []


def test_without_a_word_on_how_to_seal_it_says_where_to_write_one(shop):
    shop.edit(ENVIRONMENT, "  sealing: {kms: alias/shop}  # ours\n", "")
    said = done(shop, "seal", "db", stdin="x", code=64).stderr
    assert "sealing: {kms:" in said


def test_a_value_that_kms_does_not_let_one_open_cannot_be_told_from_another(shop):
    done(shop, "seal", "db", stdin="hunter2")
    shop.simulator.faults.deny("Decrypt", service="kms")
    said = done(shop, "seal", "db", stdin="hunter2")
    assert "could not be told" in said.stderr
    assert "rolls what uses it" in said.stderr


def test_values_are_sealed_into_a_working_tree_alone(shop):
    assert "--revision" in done(shop, "seal", "db", "--revision", "HEAD", code=64, stdin="x").stderr
