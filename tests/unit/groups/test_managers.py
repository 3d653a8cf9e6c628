"""Managers by key, against a search over single calls in small organisations."""

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.domain.managers import Report, Way, plan_managers

KEYS = ("Ann", "Bo", "Cy", "Di")
OUTSIDER = "Zoë"  # a key without any account

flags = st.booleans()


@st.composite
def organisations(draw):
    """People, ids of accounts, who is coming, and whether a creation may carry the manager."""
    coming = {key.lower() for key in KEYS if draw(flags)}
    accounts = {key.lower(): f"id-{key}" for key in KEYS if key.lower() not in coming}
    named = draw(st.permutations(KEYS))[: draw(st.integers(1, len(KEYS)))]
    coming &= {key.lower() for key in named}
    people = []
    for key in named:
        manager = draw(st.sampled_from(["", OUTSIDER, *KEYS, *(each.upper() for each in KEYS)]))
        new = key.lower() in coming
        current = "" if new else draw(st.sampled_from(["", "id-elsewhere", *accounts.values()]))
        people.append(Report(key, manager, current, draw(flags)))
    return people, accounts, coming, draw(flags)


def plan_of(organisation):
    people, accounts, coming, carries = organisation
    return plan_managers(people, accounts, coming, creation_carries=carries)


def goal_of(people, accounts, coming):
    """The manager each person must end with, by id; the unknown leave what is there."""
    ids = accounts | {key: f"new-{key}" for key in coming}
    return {
        each.key.lower(): each.current
        if each.manager and each.manager.lower() not in ids
        else ids.get(each.manager.lower(), "")
        for each in people
    }


def fewest(people, accounts, coming, carries):
    """Calls of a breadth-first search: creations, and updates of one person each.

    State: by person None (no account) or the manager's id, and whether a due update happened.
    """
    order = [each.key.lower() for each in people]
    goal = goal_of(people, accounts, coming)
    due = {each.key.lower() for each in people if each.changes}
    start = tuple(
        (None if key in coming else each.current, key not in due)
        for key, each in zip(order, people, strict=True)
    )
    end = tuple((goal[key], True) for key in order)
    reached, queue = {start}, deque([(start, 0)])
    while queue:
        state, calls = queue.popleft()
        if state == end:
            return calls
        present = {
            f"new-{key}" for key, (now, _) in zip(order, state, strict=True) if now is not None
        }
        present |= {*accounts.values(), "", "id-elsewhere"}
        for at, key in enumerate(order):
            now, done = state[at]
            managers = {""} if now is None else {now}
            if now is not None or carries:
                managers |= {goal[key]} & present
            for manager in managers:
                step = (manager, done if now is None else True)
                following = (*state[:at], step, *state[at + 1 :])
                if following not in reached:
                    reached.add(following)
                    queue.append((following, calls + 1))
    raise AssertionError("unreachable")


@given(organisations())
@settings(max_examples=400)
def test_there_are_as_few_calls_as_a_search_finds(organisation):
    people, _, coming, _ = organisation
    due = sum(each.changes for each in people)
    assert plan_of(organisation).calls + len(coming) + due == fewest(*organisation)


@given(organisations())
@settings(max_examples=400)
def test_waves_and_then_updates_give_everybody_their_manager(organisation):
    people, accounts, coming, carries = organisation
    plan = plan_of(organisation)
    ids = dict(accounts)
    managers = {each.key.lower(): each.current for each in people}
    by_key = {each.key.lower(): each for each in plan.references}
    for wave in plan.waves:
        known = dict(ids)  # a wave goes out at once
        for key in wave:
            ids[key] = f"new-{key}"
            reference = by_key.get(key)
            if reference and reference.way is Way.CREATION:
                assert carries
                managers[key] = reference.manager or known[reference.waits_for]
    assert {key for wave in plan.waves for key in wave} == coming
    assert sum(map(len, plan.waves)) == len(coming)
    for key, reference in by_key.items():
        if reference.way is not Way.CREATION:
            managers[key] = ids[reference.waits_for] if reference.waits_for else reference.manager
    assert managers == goal_of(people, accounts, coming)


@given(organisations())
@settings(max_examples=300)
def test_a_second_plan_sets_nothing_and_still_reports(organisation):
    people, accounts, coming, carries = organisation
    goal = goal_of(people, accounts, coming)
    later = accounts | {key: f"new-{key}" for key in coming}
    after = [Report(each.key, each.manager, goal[each.key.lower()]) for each in people]
    first, again = plan_of(organisation), plan_managers(after, later, (), creation_carries=carries)
    assert again.references == ()
    assert again.waves == ()
    assert again.unresolved == first.unresolved


def test_an_unknown_manager_is_reported_and_set_when_there_is_an_account():
    people = [Report("1", "9", current="id-old")]
    plan = plan_managers(people, {"1": "id-1"}, (), creation_carries=True)
    assert plan.references == ()
    (unresolved,) = plan.unresolved
    assert "key 9 has no account yet" in unresolved.reason
    later = plan_managers(people, {"1": "id-1", "9": "id-9"}, (), creation_carries=True)
    assert [(each.manager, each.way) for each in later.references] == [("id-9", Way.OWN_UPDATE)]
    assert later.unresolved == ()


def test_a_chain_of_any_length_is_created_from_its_top():
    people = [Report(str(at), str(at + 1)) for at in range(20_000)] + [Report("20000")]
    coming = {each.key for each in people}
    plan = plan_managers(people, {}, coming, creation_carries=True)
    assert plan.calls == 0
    assert len(plan.waves) == 20_001
    assert plan.waves[0] == ("20000",)
    assert plan_managers(people, {}, coming, creation_carries=False).calls == 20_000


def test_a_circle_costs_one_update_or_joins_one_that_happens_anyway():
    people = [Report("a", "b"), Report("b", "c"), Report("c", "a")]
    plan = plan_managers(people, {}, {"a", "b", "c"}, creation_carries=True)
    assert plan.calls == 1
    people[1] = Report("b", "c", changes=True)
    plan = plan_managers(people, {}, {"a", "b", "c"}, creation_carries=True)
    assert plan.calls == 0
    assert {each.key: each.way for each in plan.references}["b"] is Way.WITH_UPDATE


def test_who_has_no_account_and_gets_none_is_nobodys_business():
    plan = plan_managers(
        [Report("1", "2"), Report("3", "9")], {"2": "id-2"}, (), creation_carries=True
    )
    assert (plan.waves, plan.references, plan.unresolved) == ((), (), ())
