"""The preview of a profile: exactly what publishing and applying it then takes."""

from typing import Any

import pytest
from django.utils import timezone

from msp_portal.demo.generator import people_profile
from provisioning.domain.attributes import CUSTOM
from provisioning.domain.definition import ProfileError
from provisioning.domain.planner import Kind
from provisioning.models import Job
from provisioning.services import effects
from provisioning.services.effects import MissingColumns
from provisioning.services.samples import Sample, sample_of
from provisioning.services.schema import read_targets
from tests.support.engine import Engine, edited, people

TABLE = people(30)
NICKNAME = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:User:mailNickname"


def with_rule(target: str, **rule: Any) -> dict[str, Any]:
    """The tests' profile with another rule for one target."""
    profile = people_profile()
    rest = [each for each in profile["attributes"] if each["target"] != target]
    return {**profile, "attributes": [*rest, {"target": target, **rule}]}


def sample(engine: Engine) -> Sample:
    found = sample_of(engine.tenant)
    assert found is not None
    return found


CHANGED = {
    "titles of some": with_rule("title", expression='Replace([job_title], "a", , , "e", , )'),
    "everybody's display name": with_rule("displayName", expression='Append([family_name], "!")'),
    "nobody": people_profile(),
    "a scope that disables": {
        **people_profile(),
        "scope": {"column": "department", "is": "not_equals", "value": "Sales"},
        "out_of_scope": "disable",
    },
    "a scope that leaves alone": {
        **people_profile(),
        "scope": {"column": "department", "is": "equals", "value": "Sales"},
    },
    "some held": with_rule("title", expression=f'IIF([country]="GB", "{"x" * 129}", [job_title])'),
    "user names": with_rule(
        "userName", expression='Join("@", ToLower([employee_id]), "brindlewick.example")'
    ),
    "all inactive": with_rule("active", constant="false"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_the_calls_of_the_preview_are_those_that_applying_takes(engine: Engine, name: str) -> None:
    engine.apply(TABLE)
    definition = CHANGED[name]
    before = engine.requests()
    priced = effects.effect(engine.tenant, definition, sample(engine), timezone.now())
    assert engine.requests() == before, "a preview never calls Entra"
    engine.publish(definition)
    job = engine.plan(TABLE)
    assert job.planned_calls == priced.effect.calls
    assert job.held == priced.effect.held == len(priced.effect.failures)
    assert job.unchanged == priced.effect.counts.get(Kind.UNCHANGED, 0)
    assert job.out_of_scope == priced.effect.outside
    if job.state == Job.State.PLANNED:
        job = engine.serve(engine.approve(job, include_withheld=True))
        assert job.failed == 0
    assert engine.requests() - before == priced.effect.calls
    (amount,) = priced.cost.amounts.values()
    assert amount == priced.effect.calls * job.unit_price


def test_second_calls_for_custom_attributes_are_counted(engine: Engine) -> None:
    badge = {"Staff": [{"name": "Badge", "type": "String"}]}
    engine.sandbox.put_tenant(engine.directory_id, custom_attributes=badge)
    read_targets(tenant=engine.tenant, by=engine.engineer)
    engine.plan(TABLE)
    definition = with_rule(f"{CUSTOM}:Staff.Badge", column="employee_id")
    calls = effects.effect(engine.tenant, definition, sample(engine), timezone.now()).effect.calls
    engine.publish(definition)
    before = engine.requests()
    job = engine.apply(TABLE)
    assert calls == job.planned_calls == engine.requests() - before == 60


def test_the_first_profile_of_a_file_creates_everybody(engine: Engine) -> None:
    engine.plan(TABLE)
    priced = effects.effect(engine.tenant, people_profile(), sample(engine), timezone.now())
    assert priced.effect.counts == {Kind.CREATE: 30}


def test_rows_refused_by_the_reader_stay_held_in_the_preview(engine: Engine) -> None:
    engine.apply(TABLE)
    job = engine.plan(edited(TABLE, 3, employee_id=""))
    priced = effects.effect(engine.tenant, people_profile(), sample(engine), timezone.now())
    assert priced.effect.counts[Kind.DISABLE] == 1
    assert priced.effect.withheld == 1, "the row without a key may be that person"
    assert priced.effect.held == job.held == 1


def test_two_profiles_differ_in_whom_they_change_and_how(engine: Engine) -> None:
    engine.apply(TABLE)
    old, new = people_profile(), CHANGED["titles of some"]
    found = effects.difference(engine.tenant, old, new, sample(engine), timezone.now())
    difference = found.difference
    alone = effects.effect(engine.tenant, new, sample(engine), timezone.now()).effect
    assert difference.new == alone
    assert difference.old.calls == 0
    assert len(difference.people) == alone.calls > 0
    assert difference.attributes == {"title": alone.calls}
    assert all(person.paths == {"title"} for person in difference.people)


def test_a_record_that_only_one_profile_can_map_is_a_difference(engine: Engine) -> None:
    engine.apply(TABLE)
    found = effects.difference(
        engine.tenant, people_profile(), CHANGED["some held"], sample(engine), timezone.now()
    )
    failures = found.difference.new.failures
    assert failures
    assert {"title"} == set().union(*(each.targets for each in failures))
    assert found.difference.new.attributes["title"].failed == len(failures)


def test_what_an_attribute_gets_is_counted(engine: Engine) -> None:
    engine.apply(TABLE)
    cleared = with_rule("title", expression='IIF([country]="GB", "", [job_title])')
    counted = effects.effect(engine.tenant, cleared, sample(engine), timezone.now()).effect
    title = counted.attributes["title"]
    assert title.empty == title.cleared == title.changed == counted.calls > 0
    assert (title.set, title.replaced, title.failed) == (0, 0, 0)


def test_a_definition_that_reads_a_missing_column_is_refused(engine: Engine) -> None:
    engine.apply(TABLE)
    with pytest.raises(MissingColumns, match="no column nickname"):
        effects.effect(
            engine.tenant, with_rule("title", column="nickname"), sample(engine), timezone.now()
        )
    with pytest.raises(ProfileError):
        effects.effect(engine.tenant, {}, sample(engine), timezone.now())
