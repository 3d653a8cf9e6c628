"""Renames: chains, swaps and circles, against a directory that takes no name twice."""

from dataclasses import replace

from hypothesis import event, given, settings
from hypothesis import strategies as st

from provisioning.domain.attributes import MAIL_NICKNAME
from provisioning.domain.planner import (
    ACTIVE,
    CALLS,
    EXTERNAL_ID,
    USER_NAME,
    Absences,
    Account,
    Directory,
    Kind,
    Person,
    plan,
)
from provisioning.domain.protection import Protection

NOBODY = Protection([])
MAPPED = frozenset({USER_NAME, ACTIVE, "title"})
BOTH = MAPPED | {MAIL_NICKNAME}
STAFF = 7


def mail(name):
    return f"{name}@fabled.example"


def person(key, name, *, active=True, nickname=None, **values):
    named = {MAIL_NICKNAME: nickname} if nickname else {}
    return Person(key, {USER_NAME: mail(name), ACTIVE: active, **named, **values})


def account(key, name, *, active=True, nickname=None, **other):
    pk = int(key) + 1 if key else 90
    state = {USER_NAME: mail(name), ACTIVE: active}
    state |= {EXTERNAL_ID: key} if key else {}
    state |= {MAIL_NICKNAME: nickname} if nickname else {}
    return Account(pk, f"id-{pk}", key, mail(name), active, state, **other)


def directory(accounts, *, nicknames=False):
    known = {
        each.state[MAIL_NICKNAME].casefold(): each
        for each in accounts
        if MAIL_NICKNAME in each.state
    }
    return Directory(
        {each.key: each for each in accounts if each.key},
        {each.user_name.casefold(): each for each in accounts},
        taken={MAIL_NICKNAME: known} if nicknames else {},
        nicknames=known if nicknames else None,
    )


def planned(people, accounts, *, nicknames=False, protection=NOBODY):
    return list(
        plan(
            people,
            directory(accounts, nicknames=nicknames),
            mapped=BOTH if nicknames else MAPPED,
            protection=protection,
            absences=Absences(),
        )
    )


class World:
    """A directory that refuses whatever name another account has, and counts calls."""

    def __init__(self, accounts, paths):
        self.names = {
            path: {each.pk: str(each.state[path]).casefold() for each in accounts} for path in paths
        }
        self.calls = 0

    def write(self, pk, values):
        self.calls += 1
        for path, names in self.names.items():
            if path in values:
                name = str(values[path]).casefold()
                assert name not in {n for each, n in names.items() if each != pk}, name
                names[pk] = name


def carry_out(changes, world, shuffle):
    """Every call of a plan, in any order that what waits for what allows."""
    pending = {each.key: each for each in changes if each.kind in CALLS and not each.withheld}
    opened, done = set(), set()
    while pending:
        ready = [
            each
            for each in pending.values()
            if (each.temporary and each.key not in opened)
            or all(key in done or key in opened for key in each.after_keys)
        ]
        change = shuffle(ready)
        pk = change.account.pk if change.account else f"new {change.key}"
        if change.temporary and change.key not in opened:
            world.write(pk, change.temporary)
            opened.add(change.key)
            continue
        world.write(pk, change.after)
        done.add(change.key)
        del pending[change.key]


def wanted_moves(people, accounts):
    """Independent of the planner: people by whose name they want, and who can get it at all."""
    names = {each.user_name.casefold(): each for each in accounts}
    own = {each.key: each for each in accounts if each.key}
    target = {each.key: str(each.values[USER_NAME]).casefold() for each in people}
    able = {each.key for each in people}
    while True:
        stuck = set()
        for key in able:
            holder = names.get(target[key])
            if holder is None or (key in own and holder.pk == own[key].pk):
                continue
            moves = holder.key in able and target[holder.key] != holder.user_name.casefold()
            if not moves:
                stuck.add(key)
        if not stuck:
            break
        able -= stuck
    return able, {
        key: names[target[key]].key
        for key in able
        if target[key] in names and names[target[key]].key != key
    }


def circles(waits):
    """How many circles there are when everybody waits for one person at most."""
    found = set()
    for key in waits:
        path = []
        while key in waits and key not in path:
            path.append(key)
            key = waits[key]
        if key in path:
            found.add(frozenset(path[path.index(key) :]))
    return found


@st.composite
def renames(draw):
    """Accounts with distinct names, and people who want distinct names out of few."""
    size = draw(st.integers(1, STAFF))
    names = [f"n{at}" for at in range(STAFF + 2)]
    held = draw(st.permutations(names))[:size]
    accounts = [account(str(at), held[at]) for at in range(size)]
    joiners = draw(st.integers(0, 2))
    keys = [str(at) for at in range(size + joiners)]
    leavers = draw(st.sets(st.sampled_from(keys), max_size=2))
    # Often nobody but these has a name to give, so that there are circles.
    shuffled = draw(st.permutations(held)) if draw(st.booleans()) and not joiners else ()
    wanted = shuffled or draw(st.permutations(names))[: len(keys)]
    people = [
        person(key, name) for key, name in zip(keys, wanted, strict=False) if key not in leavers
    ]
    return draw(st.permutations(people)), accounts


@given(renames(), st.randoms(use_true_random=False))
@settings(max_examples=400)
def test_no_call_meets_a_taken_name_and_none_is_made_in_vain(drawn, chance):
    people, accounts = drawn
    changes = planned(people, accounts)
    able, waits = wanted_moves(people, accounts)
    own = {each.key: each for each in accounts}
    world = World(accounts, [USER_NAME])
    before = dict(world.names[USER_NAME])
    carry_out(changes, world, chance.choice)
    expected, calls = dict(before), 0
    for each in people:
        name = str(each.values[USER_NAME]).casefold()
        pk = own[each.key].pk if each.key in own else f"new {each.key}"
        if each.key in able:
            calls += before.get(pk) != name
            expected[pk] = name
    assert world.names[USER_NAME] == expected
    gone = {each.key for each in accounts} - {each.key for each in people}
    number = len(circles(waits))
    event(f"circles: {number}")
    event(f"longest wait: {len(waits)}")
    assert world.calls == calls + len(gone) + number
    assert sum(each.calls for each in changes) == world.calls


@given(renames())
def test_everybody_is_decided_once(drawn):
    people, accounts = drawn
    keys = [each.key for each in planned(people, accounts)]
    assert sorted(keys) == sorted({each.key for each in people} | {each.key for each in accounts})


@given(renames(), st.data())
@settings(max_examples=300)
def test_nicknames_are_unique_too(drawn, data):
    people, accounts = drawn
    nicks = data.draw(st.permutations([f"k{at}" for at in range(STAFF + 2)]))
    later = data.draw(st.permutations(nicks))
    accounts = [
        account(each.key, each.user_name.partition("@")[0], nickname=nick)
        for each, nick in zip(accounts, nicks, strict=False)
    ]
    people = [
        replace(each, values={**each.values, MAIL_NICKNAME: nick})
        for each, nick in zip(people, later, strict=False)
    ]
    world = World(accounts, [USER_NAME, MAIL_NICKNAME])
    changes = planned(people, accounts, nicknames=True)
    carry_out(changes, world, data.draw(st.randoms(use_true_random=False)).choice)
    for each in changes:
        if each.kind in (Kind.UPDATE, Kind.CREATE):
            pk = each.account.pk if each.account else f"new {each.key}"
            for path in (USER_NAME, MAIL_NICKNAME):
                if path in each.after:
                    assert world.names[path][pk] == str(each.after[path]).casefold()


def by_key(changes):
    return {each.key: each for each in changes}


def test_a_chain_is_ordered_from_its_free_end():
    people = [person("1", "b"), person("2", "c"), person("3", "a")]
    changes = by_key(planned(people, [account("1", "a"), account("2", "b")]))
    assert changes["1"].after_keys == ("2",)
    assert changes["2"].after_keys == ()
    assert (changes["3"].kind, changes["3"].after_keys) == (Kind.CREATE, ("1",))
    assert sum(each.calls for each in changes.values()) == 3


def test_a_swap_takes_one_call_more_through_a_temporary_name():
    people = [person("1", "b"), person("2", "a", title="x")]
    changes = by_key(planned(people, [account("1", "a"), account("2", "b")]))
    assert [each.temporary for each in changes.values() if each.temporary] == [
        {USER_NAME: mail("a.moving")}
    ]
    assert (changes["1"].after_keys, changes["2"].after_keys) == (("2",), ("1",))
    assert {each.circle for each in changes.values()} == {"1"}
    assert sum(each.calls for each in changes.values()) == 3


def test_a_temporary_name_is_nobodys():
    people = [person("1", "b"), person("2", "a"), person("3", "a.moving2")]
    held = [account("1", "a"), account("2", "b"), account("", "a.moving")]
    (name,) = [each.temporary[USER_NAME] for each in planned(people, held) if each.temporary]
    assert name == mail("a.moving3")


def test_the_name_of_a_leaver_is_not_free():
    (changed, left) = planned([person("1", "b")], [account("1", "a"), account("2", "b")])
    assert (changed.kind, left.kind) == (Kind.LEAVE, Kind.DISABLE)
    assert "taken by another account" in changed.reason


def test_who_leaves_keeps_the_name_rather_than_wait():
    people = [person("1", "b", active=False), person("2", "c")]
    changes = by_key(planned(people, [account("1", "a"), account("2", "b")]))
    assert (changes["1"].kind, dict(changes["1"].after)) == (Kind.DISABLE, {ACTIVE: False})


def test_a_protected_account_breaks_the_chain():
    people = [person("1", "b"), person("2", "c"), person("3", "a")]
    held = [account("1", "a"), account("2", "b")]
    changes = planned(people, held, protection=Protection(["id-3"]))
    assert {each.kind for each in changes} == {Kind.LEAVE}


def test_a_taken_nickname_is_found_and_a_freed_one_is_given():
    held = [account("1", "a", nickname="ann"), account("", "z", nickname="zoe")]
    refused, created = planned(
        [person("2", "c", nickname="Zoe"), person("3", "d", nickname="ben")], held, nicknames=True
    )[:2]
    assert (refused.kind, created.kind) == (Kind.LEAVE, Kind.CREATE)
    assert "mail nickname is taken" in refused.reason
    people = [person("2", "c", nickname="ann"), person("1", "a", nickname="bea")]
    changes = by_key(planned(people, held, nicknames=True))
    assert (changes["2"].kind, changes["2"].after_keys) == (Kind.CREATE, ("1",))


def test_who_matches_the_nickname_of_an_earlier_person_is_left_alone():
    people = [person("1", "a", nickname="x"), person("2", "b", nickname="X")]
    first, second = planned(people, [], nicknames=True)
    assert (first.kind, second.kind) == (Kind.CREATE, Kind.LEAVE)
    assert "same mail nickname" in second.reason
