"""Nicknames: valid, unique, stable; and the group they recognise."""

import re

from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.groups import GroupShadow, mail_nickname, recognised
from provisioning.scim.groups import create_group

keys = st.text(max_size=300)


@given(keys, keys)
def test_any_key_gives_what_entra_accepts(key, namespace):
    nickname = mail_nickname(key, namespace)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", nickname)
    assert len(nickname) <= 64
    assert create_group("x", nickname).body is not None


@given(st.tuples(keys, keys), st.tuples(keys, keys))
def test_no_two_keys_or_namespaces_share_one(one, other):
    assert (mail_nickname(*one) == mail_nickname(*other)) is (one == other)


@given(st.text("ab1:/ ", max_size=4), st.text("ab1:/ ", max_size=4), st.integers(0, 4))
def test_what_moves_between_key_and_namespace_makes_another_one(key, namespace, cut):
    joined = namespace + key
    moved = (joined[cut:], joined[:cut])
    same = mail_nickname(key, namespace) == mail_nickname(*moved)
    assert same is ((key, namespace) == moved)


def test_it_never_changes_between_versions():
    # Groups exist under these names: a change here would make every unknown creation a second one.
    assert (
        mail_nickname("department/försäljning & co", "7")
        == "department-forsaljning-co-ijo4azsu6usl"
    )
    assert mail_nickname("部門/営業", "7") == "group-upaepxsqa2vq"


def test_a_creation_is_recognised_by_its_nickname_alone_and_never_picked_of_several():
    ours = GroupShadow("g1", "", "Sales", "Sales-abc")
    others = [GroupShadow("g2", "", "Sales", "sales"), GroupShadow("g3", "", "Sales", "")]
    assert recognised("sales-abc", [*others, ours]) == [ours]
    assert recognised("sales-abc", others) == []
    assert len(recognised("sales-abc", [ours, ours])) == 2
