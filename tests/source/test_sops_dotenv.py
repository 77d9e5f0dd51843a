"""The dotenv form of SOPS."""

import pytest

from reconciler.model.sealed import BadEnvelope
from reconciler.source.nodes import plain, value_mark
from reconciler.source.sops_dotenv import is_dotenv, read

FILE = b"""\
#ENC[AES256_GCM,data:x,type:comment]
PASSWORD=a=b

LINES=a\\nb\r
EMPTY=
sops_age__list_1__map_recipient=age1b
sops_age__list_0__map_recipient=age1a
sops_age__list_0__map_enc=-----BEGIN\\nEND
sops_kms__list_0__map_context__map_app=shop
sops_mac=ENC[x]
sops_mac_only_encrypted=true
sops_shamir_threshold=2
"""


def test_values_and_metadata_are_told_apart():
    root, metadata = read("a.env", FILE)
    assert plain(root) == {"PASSWORD": "a=b", "LINES": "a\nb", "EMPTY": ""}
    assert metadata == {
        "age": [{"recipient": "age1a", "enc": "-----BEGIN\nEND"}, {"recipient": "age1b"}],
        "kms": [{"context": {"app": "shop"}}],
        "mac": "ENC[x]",
        "mac_only_encrypted": True,
        "shamir_threshold": "2",
    }
    mark = value_mark(root, ("LINES",))
    assert (mark.position.line, mark.position.column) == (4, 7)


def test_without_metadata_there_is_none():
    assert read("a.env", b"A=1\n")[1] is None


@pytest.mark.parametrize(
    ("path", "data", "is_one"),
    [
        ("prod.env", b"", True), (".env", b"", True), ("a/.env.prod", b"", True), ("secrets", b"A=1\nsops_mac=x\n", True),
        ("environments/a.yaml", b"a: sops_mac=1\n", False), ("a.json", b"{}", False),
    ],
)  # fmt: skip
def test_it_is_known_by_its_name_or_its_metadata(path, data, is_one):
    assert is_dotenv(path, data) is is_one


@pytest.mark.parametrize(
    ("data", "message", "line"),
    [
        (b"A=1\ns3same\n", "a line has no '='", 2),
        (b"A=s3same\n\nA=s3same\n", "A is given twice", 3),
        (b"A=\xff", "not plain UTF-8", 1),
        (b"A=s3same\x07", "not plain UTF-8", 1),
        (b"sops_a__list_x__map_b=s3same", "sops_a__list_x__map_b is not as sops writes it", None),
        (b"sops_a=s3same\nsops_a__map_b=s3same", "sops_a__map_b is not as sops writes it", None),
        (b"sops_a__list_99999=s3same", "is not as sops writes it", None),
        (b"A=" + b"x" * (1 << 20), "larger than 1 MiB", None),
    ],
)
def test_what_is_none_is_told_with_its_line_and_without_its_values(data, message, line):
    with pytest.raises(BadEnvelope, match=message) as caught:
        read("a.env", data)
    assert (caught.value.at.line if caught.value.at else None) == line
    assert "s3same" not in repr(caught.value) + caught.value.hint + repr(caught.value.at)
