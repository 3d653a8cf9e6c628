"""The draft of a profile: kept as it is, never overwritten unseen, published, discarded."""

import pytest

from provisioning.domain.definition import ProfileError
from provisioning.models import MappingProfile
from provisioning.services.drafts import DraftConflict, discard_draft, publish_draft, save_draft
from tenants.domain.roles import Role
from tenants.models import AuditEvent
from tests.support.engine import Engine, person

WRONG = {"key_column": "", "attributes": [{"target": "title", "expression": "Join("}, 7]}


def profile(engine: Engine) -> MappingProfile:
    return MappingProfile.objects.get(tenant=engine.tenant)


def test_a_draft_may_hold_anything_and_says_who_saved_it(engine: Engine) -> None:
    saved = save_draft(tenant=engine.tenant, content=WRONG, revision=0, by=engine.engineer)
    assert profile(engine).draft == WRONG
    assert (saved.draft_revision, saved.draft_saved_by) == (1, engine.engineer)
    assert saved.draft_saved_at is not None
    assert AuditEvent.objects.get(action="profile.draft_saved").actor == engine.engineer


def test_saving_the_same_again_changes_nothing(engine: Engine) -> None:
    save_draft(tenant=engine.tenant, content=WRONG, revision=0, by=engine.engineer)
    again = save_draft(tenant=engine.tenant, content=WRONG, revision=1, by=engine.engineer)
    assert again.draft_revision == 1
    assert AuditEvent.objects.filter(action="profile.draft_saved").count() == 1


def test_the_second_of_two_people_is_told_and_overwrites_nothing(engine: Engine) -> None:
    other = person(Role.ENGINEER, "second@lanternfield.example")
    save_draft(tenant=engine.tenant, content={"first": 1}, revision=0, by=engine.engineer)
    for act in (
        lambda: save_draft(tenant=engine.tenant, content={"second": 1}, revision=0, by=other),
        lambda: discard_draft(tenant=engine.tenant, revision=0, by=other),
        lambda: publish_draft(tenant=engine.tenant, revision=0, by=other),
    ):
        with pytest.raises(DraftConflict, match=str(engine.engineer)) as caught:
            act()
        assert caught.value.profile.draft == {"first": 1}
    assert profile(engine).draft == {"first": 1}


def test_publishing_makes_the_next_version_and_clears_the_draft(engine: Engine) -> None:
    current = profile(engine).current
    assert current is not None
    rules = [
        {**rule, "redact": True} if rule["target"] == "name.givenName" else rule
        for rule in current.definition["attributes"]
    ]
    definition = {**current.definition, "attributes": rules}
    save_draft(tenant=engine.tenant, content=definition, revision=0, by=engine.engineer)
    version = publish_draft(
        tenant=engine.tenant, revision=1, by=engine.engineer, note="given names are private"
    )
    assert (version.number, version.note) == (current.number + 1, "given names are private")
    assert version.published_by == engine.engineer
    assert profile(engine).draft is None
    current.refresh_from_db()
    assert "redact" not in str(current.definition), "a published version never changes"


def test_a_wrong_draft_is_not_published_and_stays(engine: Engine) -> None:
    save_draft(tenant=engine.tenant, content=WRONG, revision=0, by=engine.engineer)
    with pytest.raises(ProfileError, match="key_column"):
        publish_draft(tenant=engine.tenant, revision=1, by=engine.engineer)
    assert profile(engine).draft == WRONG
    assert profile(engine).versions.count() == 1


def test_a_discarded_draft_is_gone_and_the_version_stays(engine: Engine) -> None:
    save_draft(tenant=engine.tenant, content=WRONG, revision=0, by=engine.engineer)
    discard_draft(tenant=engine.tenant, revision=1, by=engine.engineer)
    assert profile(engine).draft is None
    assert profile(engine).versions.count() == 1
    assert AuditEvent.objects.filter(action="profile.draft_discarded").count() == 1
    with pytest.raises(DraftConflict, match="published or discarded"):
        save_draft(tenant=engine.tenant, content=WRONG, revision=1, by=engine.engineer)
