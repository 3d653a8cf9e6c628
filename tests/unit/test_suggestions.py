"""What the columns of a first file suggest, by name and by content, and with which reasons."""

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msp_portal.demo.generator import demo_customers
from provisioning.domain.attributes import ENTRA, MAIL_NICKNAME
from provisioning.domain.column_names import matches_of
from provisioning.domain.column_statistics import Shape, statistics_of
from provisioning.domain.definition import parse_definition
from provisioning.domain.expressions import compile_expression
from provisioning.domain.mapping import compile_profile
from provisioning.domain.suggestions import Suggestion, Suggestions, accepted, suggest

MAIL = 'emails[type eq "work"].value'


def suggested(**columns: list[str]) -> Suggestions:
    """Suggestions for columns given by name (underscores stand for spaces) with their values."""
    names = [name.replace("_", " ") for name in columns]
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return suggest(statistics_of(names, rows))


def rule(found: Suggestions, target: str) -> Suggestion:
    return next(each for each in found.rules if each.target == target)


@pytest.mark.parametrize(
    ("column", "meaning"),
    [
        ("given_name", "name.givenName"),
        ("firstName", "name.givenName"),
        ("FIRST NAME", "name.givenName"),
        ("EmployeeFirstName", "name.givenName"),
        ("Vorname", "name.givenName"),
        ("Prénom", "name.givenName"),
        ("Apellidos", "name.familyName"),
        ("achternaam", "name.familyName"),
        ("Efternamn", "name.familyName"),
        ("Cognome", "name.familyName"),
        ("Nazwisko", "name.familyName"),
        ("Straße", 'addresses[type eq "work"].streetAddress'),
        ("E-Mail-Adresse", MAIL),
        ("Kostenstelle", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter"),
        ("Personal-Nr.", "key"),
        ("Date d'embauche", "hired"),
        ("Código postal", 'addresses[type eq "work"].postalCode'),
        ("Stanowisko", "title"),
    ],
)
def test_a_columns_name_in_eight_languages(column: str, meaning: str) -> None:
    assert matches_of(column)[0].meaning == meaning
    assert column in matches_of(column)[0].reason


def test_a_name_that_says_nothing_matches_nothing() -> None:
    assert matches_of("X17") == ()
    assert matches_of("Vorgesetzter") == ()


def test_the_demo_files_give_profiles_that_map_their_people() -> None:
    for customer in demo_customers():
        table = customer.table
        rows = [dict(zip(table.columns, row.values, strict=False)) for row in table.rows]
        found = suggest(statistics_of(table.columns, rows))
        draft = accepted(
            found,
            key_column=found.keys[0].column,
            targets=[each.target for each in found.rules],
            domain=customer.domain,
        )
        assert draft["key_column"] == customer.profile["key_column"]
        profile = compile_profile(parse_definition(draft))
        whole = profile.apply(rows[0]).values
        assert str(whole["userName"]).endswith(f"@{customer.domain}")
        assert {"displayName", "name.givenName", "active", "title"} <= whole.keys()


def test_nothing_is_accepted_that_was_not_chosen() -> None:
    found = suggested(id=["1", "2"], first_name=["Ada", "Bo"], last_name=["Byron", "Ek"])
    draft = accepted(found, key_column="id", targets=["name.givenName"], domain="x.example")
    assert draft == {
        "key_column": "id",
        "attributes": [{"target": "name.givenName", "column": "first name"}],
    }


def test_content_against_the_name_lowers_the_confidence_and_says_so() -> None:
    good = rule(suggested(email=["a@x.example", "b@x.example"]), MAIL)
    bad = rule(suggested(email=["yes", "no"]), MAIL)
    assert good.likely == "very likely"
    assert "100 % of the values look like e-mail addresses and are distinct" in good.reasons
    assert bad.confidence < 0.5
    assert any("but only 0 %" in reason for reason in bad.reasons)


def test_content_alone_is_enough_for_what_is_unmistakable() -> None:
    found = rule(suggested(c1=["a@x.example", "b@x.example"], c2=["SE", "NO"]), MAIL)
    assert (found.kind, found.text, found.likely) == ("column", "c1", "likely")


def test_distinct_addresses_become_user_names_and_nicknames() -> None:
    found = suggested(first=["Ada", "Bo"], mail=["ada@x.example", "bo@x.example"])
    assert rule(found, "userName").text == "mail"
    nickname = compile_expression(rule(found, MAIL_NICKNAME).text)
    assert nickname.evaluate({"mail": "ada@x.example"}) == "ada"
    assert found.parameters == {}


def test_shared_addresses_do_not() -> None:
    found = suggested(
        first_name=["Ada", "Bo"], last_name=["Byron", "Ek"], mail=["office@x.example"] * 2
    )
    assert rule(found, "userName").kind == "expression"
    assert found.parameters == {"domain": "x.example"}


def test_words_for_active_are_translated_and_unknown_ones_named() -> None:
    active = rule(suggested(Status=["aktiv", "inaktiv", "Elternzeit", "aktiv"]), "active")
    compiled = compile_expression(active.text)
    assert compiled.evaluate({"Status": "Aktiv"}) == "True"
    assert compiled.evaluate({"Status": "inaktiv"}) == "False"
    assert compiled.evaluate({"Status": "Elternzeit"}) is None
    assert any("“elternzeit” is not known" in reason for reason in active.reasons)


def test_names_of_countries_become_codes() -> None:
    location = rule(suggested(Land=["Deutschland", "Österreich"]), f"{ENTRA}:usageLocation")
    assert compile_expression(location.text).evaluate({"Land": "Österreich"}) == "AT"


def test_a_full_name_gives_its_parts() -> None:
    plain = suggested(Name=["Ada King Byron", "Bo Ek"])
    parts = [
        compile_expression(rule(plain, target).text).evaluate({"Name": "Ada King Byron"})
        for target in ("name.givenName", "name.familyName")
    ]
    assert parts == ["Ada", "King Byron"]
    comma = suggested(Name=["Byron, Ada", "Ek, Bo"])
    family = compile_expression(rule(comma, "name.familyName").text)
    assert family.evaluate({"Name": "Byron, Ada"}) == "Byron"


@pytest.mark.parametrize(
    ("columns", "key"),
    [
        ({"mail": ["a@x.example", "b@x.example"], "id": ["1", "2"]}, "id"),
        ({"a": ["1", "1"], "b": ["1", "2"]}, "b"),
        ({"hired": ["2026-01-01", "2026-01-02"], "code": ["x1", "x2"]}, "code"),
    ],
)
def test_the_key_is_unique_and_lasting(columns: dict[str, list[str]], key: str) -> None:
    keys = suggested(**columns).keys
    assert keys[0].column == key
    assert keys[0].reasons


def test_a_file_without_a_unique_column_has_no_key() -> None:
    assert suggested(a=["1", "1"], b=["x", "x"]).keys == ()


def test_read_only_targets_are_never_suggested() -> None:
    found = suggested(external_id=["1", "2"], proxy_addresses=["a@x.example", "b@x.example"])
    assert {each.target for each in found.rules}.isdisjoint({"externalId"})


def test_statistics_count_what_is_there() -> None:
    rows = [{"a": "x"}, {"a": " "}, {"a": "x"}, {"a": "y@z.example"}]
    column = statistics_of(["a"], rows)["a"]
    assert (column.records, column.filled, column.empty, column.distinct) == (4, 3, 1, 2)
    assert column.examples == ("x", "y@z.example")
    assert column.longest == len("y@z.example")
    assert column.share(Shape.EMAIL) == pytest.approx(1 / 3)
    assert column.looks_like is None


_TEXT = st.text(alphabet=string.printable + "äöß[]\"'\\", max_size=12)
_COLUMNS = st.dictionaries(
    st.one_of(st.sampled_from(["Vorname", "Nachname", "Land", "Status", "E-Mail", "Name"]), _TEXT),
    st.lists(_TEXT, min_size=4, max_size=4),
    min_size=1,
    max_size=6,
)


@given(_COLUMNS)
def test_whatever_a_file_holds_every_suggestion_is_a_usable_rule(
    columns: dict[str, list[str]],
) -> None:
    rows: list[dict[str, Any]] = [
        dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
    ]
    for each in suggest(statistics_of(list(columns), rows)).rules:
        assert 0 < each.confidence <= 1
        assert each.reasons
        assert set(each.columns) <= columns.keys()
        if each.kind == "expression":
            compile_expression(each.text)
