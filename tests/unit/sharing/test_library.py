"""The shipped templates: each maps its whole sample, and asks for what differs."""

import io
from datetime import date
from typing import Any

import pytest

from provisioning.adapters.library import ShippedTemplate, shipped_template, shipped_templates
from provisioning.domain.attributes import ENTRA, MAIL_NICKNAME
from provisioning.domain.definition import parse_definition
from provisioning.domain.mapping import CompiledProfile, compile_profile
from provisioning.domain.profile_parameters import filled, open_parameters, value_problem
from provisioning.sources.csv_file import read_csv
from tests.support.library_samples import PEOPLE, SAMPLES, everybody, sample

VALUES = {"domain": "customer.example", "usage_location": "GB"}
TODAY = date(2026, 3, 1)
TEMPLATES = {each.slug: each for each in shipped_templates()}


def compiled(template: ShippedTemplate) -> CompiledProfile:
    return compile_profile(parse_definition(filled(template.definition, VALUES)))


def mapped(slug: str) -> list[dict[str, Any]]:
    template = TEMPLATES[slug]
    profile = compiled(template)
    reading = read_csv(io.BytesIO(template.sample), profile.definition.key_column)
    assert list(reading.refused) == []
    assert profile.missing_columns(reading.columns) == ()
    records = [row for row in reading.records() if profile.covers(row.values, TODAY)]
    people = [profile.apply(row.values) for row in records]
    return [{**each.initial, **each.values} for each in people]


def test_there_are_six_and_the_general_one_comes_first() -> None:
    assert list(TEMPLATES) == [
        "generic-hr-csv",
        "bamboohr-directory",
        "personio",
        "successfactors",
        "scim-core-passthrough",
        "workday-worker-report",
    ]  # fmt: skip
    assert set(TEMPLATES) == set(SAMPLES)
    assert shipped_template("nothing") is None


@pytest.mark.parametrize("slug", TEMPLATES)
def test_a_sample_is_mapped_without_a_held_row(slug: str) -> None:
    people = mapped(slug)
    assert len(people) == PEOPLE
    assert [each["active"] for each in people] == [True] * (PEOPLE - 2) + [False] * 2
    names = {each["userName"] for each in people}
    assert len(names) == PEOPLE
    for each, someone in zip(people, everybody(), strict=True):
        assert each["userName"].endswith("@customer.example")
        assert each["userName"].isascii()
        assert each[MAIL_NICKNAME] == each["userName"].partition("@")[0]
        assert each["name.familyName"] == someone.last
        assert each[f"{ENTRA}:usageLocation"] == "GB"
        assert each["title"] == someone.title


@pytest.mark.parametrize("slug", [slug for slug in TEMPLATES if slug != "scim-core-passthrough"])
def test_days_of_hiring_are_read_however_they_are_written(slug: str) -> None:
    for each, someone in zip(mapped(slug), everybody(), strict=True):
        day = each.get(f"{ENTRA}:employeeHireDate")
        if day is None:
            assert slug == "bamboohr-directory"
        else:
            assert day == someone.hired("{y}-{m}-{d}T00:00:00Z")


@pytest.mark.parametrize("slug", TEMPLATES)
def test_a_template_asks_for_what_differs_and_can_be_described(slug: str) -> None:
    template = TEMPLATES[slug]
    asked = open_parameters(template.definition)
    assert set(asked) == set(VALUES) - ({"domain"} if slug.startswith("scim") else set())
    assert len(template.description) > 100
    # Every column it reads is named where people decide what to export.
    told = template.description.replace("\n", " ")
    missing = [column for column in compiled(template).columns if column not in told]
    assert missing == []


@pytest.mark.parametrize("slug", TEMPLATES)
def test_an_unknown_status_word_stops_the_row(slug: str) -> None:
    profile = compiled(TEMPLATES[slug])
    reading = read_csv(io.BytesIO(TEMPLATES[slug].sample), profile.definition.key_column)
    row = next(iter(reading.records()))
    (status,) = [c for c in row.values if c.lower() in ("status", "active", "active_status")]
    with pytest.raises(Exception, match="active"):
        profile.apply({**row.values, status: "on the moon"})


@pytest.mark.parametrize("slug", SAMPLES)
def test_the_samples_are_those_that_their_generator_makes(slug: str) -> None:
    assert TEMPLATES[slug].sample == sample(slug)


def test_values_of_well_known_parameters_are_checked() -> None:
    assert value_problem("domain", "customer.example") is None
    assert value_problem("domain", "@customer") is not None
    assert value_problem("usage_location", "SE") is None
    assert value_problem("usage_location", "Sweden") is not None
    assert value_problem("anything", " ") is not None
