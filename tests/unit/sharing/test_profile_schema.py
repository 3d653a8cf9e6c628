"""The shipped JSON Schema says what the portal says: of examples, and of mistakes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from jsonschema import Draft202012Validator

from provisioning.adapters.library import shipped_templates
from provisioning.domain.attributes import CATALOGUE
from provisioning.domain.definition import KINDS, MATCHABLE
from provisioning.domain.profile_yaml import FRAME, FileError, ProfileFile, from_yaml, to_yaml
from provisioning.domain.scope import TESTS
from provisioning.domain.starter import STARTER

DOCS = Path(settings.BASE_DIR) / "docs"
SCHEMA: dict[str, Any] = json.loads((DOCS / "profile.schema.json").read_text())
EXAMPLES = re.findall(r"```yaml\n(.*?)```", (DOCS / "profile-yaml.md").read_text(), re.DOTALL)
VALIDATOR = Draft202012Validator(SCHEMA)


def complaints(text: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(yaml.safe_load(text))]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_documented_example_can_be_used() -> None:
    whole = [each for each in EXAMPLES if "format:" in each]
    assert whole
    for text in whole:
        assert complaints(text) == []
        assert from_yaml(text).definition["key_column"] == "employee_id"


def test_what_the_portal_writes_fits_the_schema() -> None:
    written = [to_yaml(ProfileFile("People", STARTER))]
    written += [each.text for each in shipped_templates()]
    for text in written:
        assert complaints(text) == []


def test_the_schema_knows_the_same_names() -> None:
    assert set(SCHEMA["properties"]) == {"format", "name", "description", *FRAME}
    assert tuple(SCHEMA["properties"]["matching"]["items"]["enum"]) == MATCHABLE
    assert tuple(SCHEMA["$defs"]["test"]["properties"]["is"]["enum"]) == tuple(TESTS)
    assert set(KINDS) < set(SCHEMA["$defs"]["rule"]["properties"])
    assert "title" in CATALOGUE


# What is changed in the documented example; both the schema and the portal refuse it.
MISTAKES = [
    ("format: 1", "format: 2"),
    ("key_column: employee_id", "key: employee_id"),
    ("is: in\n", "is: within\n"),
    ("empty: leave", "empty: never"),
    ("    column: job_title\n", ""),
    ("- userName\n", "- displayName\n"),
    ("out_of_scope: disable", "out_of_scope: erase"),
    ("      value: today+14\n", ""),
    ("days_before: 7", "days_before: 400"),
    ("do: disable", "do: enable"),
    ("do: disable", "do: disable\n      target: title"),
    ("do: remove_from_groups", "do: set\n      target: title"),
    ("      do: clear\n      target: title", "      do: clear"),
    ("expression: '[leaver.last_day]'", "column: leave_date"),
    ("way_in: temporary_access_pass", "way_in: pigeon"),
    ("- rule: on the payroll", "- rule: on the payroll\n      is: present"),
    ("rule: department", "rule: 1department"),
    ("emptied: delete", "emptied: burn"),
    ("    group: Office for employees\n", ""),
    ("licensing: true", "licensing: perhaps"),
    ("licensing: true", "licencing: true"),
    ("licensing: true", "name: Append([value], 1)"),
    ("fully_managed: true", "adopt: 5a1c"),
    ("      Sales: 5a1c3f0e-", "      Sales: 5a1c3f0-"),
    ("      rule: on the payroll\n    lic", "      rul: on the payroll\n    lic"),
]


@pytest.mark.parametrize(("old", "new"), MISTAKES)
def test_schema_and_portal_refuse_the_same(old: str, new: str) -> None:
    (text,) = [each for each in EXAMPLES if "format:" in each]
    assert text.count(old) == 1
    assert complaints(text.replace(old, new)) != []
    with pytest.raises(FileError):
        from_yaml(text.replace(old, new))
