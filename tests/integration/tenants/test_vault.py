"""What is sealed opens in its own place only, with any key of the ring."""

import random
from base64 import b64encode

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from tenants import vault
from tenants.vault import NotAuthentic, UnknownKey, VaultError, binding, seal, unseal

PLACE = binding(7, "Credential", "sealed_secret")


def key(name, seed=0):
    return f"{name}:{b64encode(random.Random(f'{name}/{seed}').randbytes(32)).decode()}"


OLD, NEW = key("k1"), key("k2")


@pytest.fixture(autouse=True)
def _ring(settings):
    settings.VAULT_KEYS = OLD


@given(st.binary(max_size=200), st.integers(), st.integers(0, 9))
def test_what_is_sealed_is_read_back_in_its_place(plain, tenant, part):
    place = binding(tenant, "Snapshot", "records", part)
    assert unseal(seal(plain, place), place) == plain
    assert unseal(memoryview(seal(plain, place)), place) == plain  # as PostgreSQL gives it


def test_the_clear_text_is_not_in_the_sealed_one_and_no_two_are_alike():
    first, second = seal(b"clear as day", PLACE), seal(b"clear as day", PLACE)
    assert b"clear" not in first
    assert first != second
    assert unseal(first, PLACE) == unseal(second, PLACE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        binding(8, "Credential", "sealed_secret"),  # another customer's tenant
        binding(7, "Snapshot", "sealed_secret"),
        binding(7, "Credential", "other"),
        binding(7, "Credential", "sealed_secret", 1),  # another part of the same
        b"",
    ],
)
def test_a_sealed_value_does_not_open_anywhere_else(elsewhere):
    with pytest.raises(NotAuthentic):
        unseal(seal(b"secret", PLACE), elsewhere)


def test_places_are_told_apart():
    places = [
        binding(tenant, model, field, part)
        for tenant in (1, 11)
        for model in ("A", "AB")
        for field in ("b", "c")
        for part in (0, 1, 10)
    ]
    assert len(set(places)) == len(places)


SEALED_LENGTH = 2 + 2 + 12 + 6 + 16


@given(st.integers(0, SEALED_LENGTH - 1), st.integers(1, 255))
def test_a_changed_byte_anywhere_is_noticed(position, change):
    sealed = bytearray(seal(b"secret", PLACE))
    assert len(sealed) == SEALED_LENGTH
    sealed[position] ^= change
    with pytest.raises(VaultError):
        unseal(bytes(sealed), PLACE)


@given(st.integers(0, SEALED_LENGTH - 1))
def test_a_cut_value_is_noticed(length):
    with pytest.raises(NotAuthentic):
        unseal(seal(b"secret", PLACE)[:length], PLACE)


@given(st.binary(max_size=60))
def test_other_bytes_are_not_opened(data):
    with pytest.raises(VaultError):
        unseal(data, PLACE)


def test_rotation_seals_with_the_first_key_and_opens_with_all(settings):
    before = seal(b"old", PLACE)
    settings.VAULT_KEYS = f"{NEW}, {OLD}"
    after = seal(b"new", PLACE)
    assert unseal(before, PLACE) == b"old"
    settings.VAULT_KEYS = NEW
    assert unseal(after, PLACE) == b"new"
    with pytest.raises(UnknownKey, match="'k1'"):
        unseal(before, PLACE)


def test_a_key_of_the_same_name_with_other_bytes_does_not_open(settings):
    sealed = seal(b"old", PLACE)
    settings.VAULT_KEYS = key("k1", seed=1)
    with pytest.raises(NotAuthentic):
        unseal(sealed, PLACE)


@pytest.mark.parametrize("name", ["k1", "2026-03", "schlüssel"])
def test_keys_may_have_any_short_name(settings, name):
    settings.VAULT_KEYS = key(name)
    assert unseal(seal(b"x", PLACE), PLACE) == b"x"


@pytest.mark.parametrize(
    "ring",
    [
        "",
        " , ",
        "k1",  # no key at all
        "k1:",
        "k1:not-base64!",
        "k1:" + b64encode(b"x" * 16).decode(),  # AES-128: weaker than what is promised
        "k1:" + b64encode(b"x" * 33).decode(),
        ":" + b64encode(b"x" * 32).decode(),  # no name
        OLD + ",k2:short",  # every key is looked at, not only the first
    ],
)
def test_a_wrong_ring_is_refused_with_the_variables_name(settings, ring):
    settings.VAULT_KEYS = ring
    with pytest.raises(ImproperlyConfigured, match="VAULT_KEYS") as refusal:
        seal(b"x", PLACE)
    assert OLD.partition(":")[2] not in str(refusal.value)


def test_errors_form_one_tree():
    assert issubclass(UnknownKey, VaultError)
    assert issubclass(NotAuthentic, VaultError)
    assert vault.VaultError.__bases__ == (Exception,)
