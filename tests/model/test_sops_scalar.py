"""One encrypted scalar of SOPS, taken apart."""

import base64

import pytest

from reconciler.model.sops_scalar import TYPES, aad, is_comment, is_encrypted, parse


def written(data=b"abc", nonce=bytes(32), tag=bytes(range(16)), kind="str"):
    data, nonce, tag = (base64.b64encode(part).decode() for part in (data, nonce, tag))
    return f"ENC[AES256_GCM,data:{data},iv:{nonce},tag:{tag},type:{kind}]"


@pytest.mark.parametrize("kind", TYPES)
def test_its_parts_come_apart(kind):
    found = parse(written(kind=kind))
    assert (found.data, found.nonce, found.tag, found.type) == (b"abc", bytes(32), bytes(range(16)), kind)
    assert "abc" not in repr(found)


@pytest.mark.parametrize("text", ["", "ENC[]", written()[:-1], written() + "\n", written(tag=b""), written(nonce=b"1"), written(kind="map")])
def test_what_is_none_is_refused(text):
    with pytest.raises(ValueError) as caught:
        parse(text)
    assert "YWJj" not in str(caught.value)


def test_it_is_known_by_its_start_and_a_comment_by_its_type():
    assert is_encrypted(written()) and is_encrypted("ENC[") and not is_encrypted("x") and not is_encrypted(None)
    assert is_comment(written(kind="comment")) and not is_comment(written()) and not is_comment(5)


def test_its_names_are_authenticated_and_its_places_in_lists_are_not():
    assert aad(("list", 0, "deep", 3)) == b"list:deep:"
    assert aad(("é",)) == "é:".encode()
