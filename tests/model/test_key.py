"""Keys, and whose a key is."""

from __future__ import annotations

import pytest

from reconciler.model.key import Key, Scope

SCOPE = Scope("default", "staging")
WEB = Key("shop", "Service", "web")


def test_a_key_is_written_and_read_as_app_kind_name():
    assert str(WEB) == "shop/Service/web"
    assert Key.parse("shop/Service/web") == WEB


@pytest.mark.parametrize("text", ["", "web", "Service/web", "/Service/web", "shop//web", "shop/Service/", "a/b/c/d"])
def test_anything_else_is_no_key(text):
    with pytest.raises(ValueError):
        Key.parse(text)


def test_keys_sort_by_app_then_kind_then_name():
    keys = [Key("b", "A", "a"), Key("a", "B", "a"), Key("a", "A", "b"), Key("a", "A", "a")]
    assert sorted(keys) == list(reversed(keys))


def test_an_owner_tag_names_the_very_key_and_leads_back_to_it():
    assert SCOPE.owner(WEB) == "default/staging/shop/Service/web"
    assert SCOPE.key(SCOPE.owner(WEB)) == WEB


@pytest.mark.parametrize(
    "owner",
    [
        None,
        "",
        "default/production/shop/Service/web",
        "other/staging/shop/Service/web",
        "default/staging",
        "default/staging/shop/web",
        "default/staging/shop/Service/web/more",
        "default/staging-2/shop/Service/web",
    ],
)
def test_what_others_own_and_what_is_no_owner_tag_has_no_key_here(owner):
    assert SCOPE.key(owner) is None
