"""Initial passwords: strong, within Entra's rules, never twice the same."""

import random
import re

from provisioning.domain.passwords import initial_password

SAMPLES = [initial_password() for _ in range(400)]
# Microsoft's password policy: these characters, 8 to 256 of them, three classes of four.
ALLOWED = re.compile(r"[A-Za-z0-9@#$%^&*\-_!+=\[\]{}|\\:',.?/`~\"();<> ]{8,256}")


def test_every_password_has_all_four_classes_within_entras_rules():
    for password in SAMPLES:
        assert len(password) == 32
        assert ALLOWED.fullmatch(password)
        for kind in ("[A-Z]", "[a-z]", "[0-9]", "[^A-Za-z0-9]"):
            assert re.search(kind, password), kind


def test_no_password_comes_twice():
    assert len(set(SAMPLES)) == len(SAMPLES)


def test_characters_that_look_alike_are_left_out():
    assert not set("IlO01") & set("".join(SAMPLES))


def test_no_place_is_kept_for_a_class():
    # 400 draws: that one class always falls on one place by chance is out of the question.
    for place in range(32):
        assert len({char.isalpha() for char in (each[place] for each in SAMPLES)}) == 2


def test_seeding_does_not_make_passwords_predictable():
    random.seed(7)
    first = initial_password()
    random.seed(7)
    assert initial_password() != first
