"""The look for planted secrets can find: each form of each, and nothing where nothing is."""

import base64
import gzip
import json
import pprint
from urllib.parse import urlencode

import pytest

from tests.support.canary import Canary, as_pfx, forms, key_pair, made_up, private_forms, vault_key

SECRET = made_up("secret", 1)
RAW = vault_key("k1", 1)[1]


@pytest.fixture
def canary():
    found = Canary()
    found.plant("secret", SECRET)
    found.plant("key", RAW)
    for name, value in private_forms(key_pair()).items():
        found.plant(name, value)
    return found


LEAKS = {
    "log line": lambda: f"DEBUG x: secret={SECRET}",
    "repr": lambda: repr({"secret": SECRET}),
    "pprint": lambda: pprint.pformat({"secret": SECRET, "other": ["x" * 70] * 3}),
    "JSON": lambda: json.dumps({"a": [SECRET]}),
    "JSON with letters": lambda: json.dumps({"a": [SECRET]}, ensure_ascii=False),
    "JSON in JSON": lambda: json.dumps({"body": json.dumps({"a": SECRET})}),
    "form": lambda: urlencode({"a": "x", "secret": SECRET}),
    "HTML": lambda: __import__("html").escape(f"value={SECRET}"),
    "basic authentication": lambda: base64.b64encode(f"user:{SECRET}".encode()).decode(),
    "message in a broker": lambda: base64.b64encode(json.dumps([[], {"s": SECRET}]).encode()),
    "bytea": lambda: "\\x" + f"head{SECRET}".encode().hex(),
    "the key itself": lambda: b"....." + RAW + b"....",
    "the key in a ring": lambda: vault_key("k1", 1)[0],
    "the key as Python writes it": lambda: repr(b"x" + RAW),
    "PEM": lambda: key_pair().key_pem,
    "PEM in JSON": lambda: json.dumps({"pem": key_pair().key_pem}),
    "PEM in Python": lambda: repr(key_pair().key_pem.encode()),
    "numbers of a key": lambda: number_of(key_pair()).hex(),
}


def number_of(pair):
    number = pair.key.private_numbers().d
    return number.to_bytes((number.bit_length() + 7) // 8)


@pytest.mark.parametrize("name", LEAKS)
def test_a_leak_is_found(canary, name):
    assert canary.found_in(LEAKS[name]())


@pytest.mark.parametrize("how", [how for how, _ in forms(SECRET.encode())])
def test_each_form_is_found_in_the_midst_of_others(canary, how):
    written = dict(forms(SECRET.encode()))[how]
    assert canary.found_in(b"x" * 1000 + written + b"y" * 1000)


@pytest.mark.parametrize("before", range(7))
def test_base64_is_found_wherever_it_begins(canary, before):
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert canary.found_in(encode(b"x" * before + SECRET.encode() + b"tail"))


def test_where_nothing_is_nothing_is_found(canary):
    assert canary.found_in(key_pair().certificate_pem) == set()
    assert canary.found_in(as_pfx(key_pair(), "another")) == set()
    assert canary.found_in(made_up("secret", 2)) == set()
    assert canary.found_in(gzip.compress(SECRET.encode())) == set(), "packed files are opened first"


def test_short_values_are_not_looked_for():
    with pytest.raises(AssertionError, match="too short"):
        Canary().plant("pin", "1234")
