"""profile_export and profile_import."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from provisioning.domain.profile_yaml import from_yaml
from provisioning.models import MappingProfile
from tests.integration.sharing.conftest import PROFILE, Place, profile_of

DOMAIN = "--param=domain=customer.example"


def run(*arguments: str | Path) -> str:
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.fixture
def file(place: Place, tmp_path: Path) -> Path:
    """The test tenant's profile as a file."""
    path = tmp_path / "people.yaml"
    path.write_text(run("profile_export", "test"))
    return path


def test_a_version_is_printed(place: Place) -> None:
    assert from_yaml(run("profile_export", "test")).definition == PROFILE
    assert "param.domain" not in run("profile_export", "test", "--version=1")
    for arguments in (["nowhere"], ["test", "--version=7"], ["production"]):
        with pytest.raises(CommandError):
            run("profile_export", *arguments)


def test_a_file_becomes_the_draft(place: Place, file: Path) -> None:
    said = run("profile_import", "production", file, f"--as={place.engineer.email}", DOMAIN)
    assert said == "Production: the file is the draft, revision 1.\n"
    draft = profile_of(place.production).draft
    assert draft["parameters"] == {"domain": "customer.example", "usage_location": "SE"}
    with pytest.raises(CommandError, match="--replace-draft"):
        run("profile_import", "production", file, f"--as={place.engineer.email}")
    run("profile_import", "production", file, f"--as={place.engineer.email}", "--replace-draft")
    assert profile_of(place.production).draft == PROFILE


def test_a_file_becomes_a_version(place: Place, file: Path) -> None:
    arguments = ("profile_import", "production", file, f"--as={place.engineer.email}")
    assert run(*arguments, "--publish", DOMAIN) == "Production: version 1 is current.\n"
    version = profile_of(place.production).current
    assert version is not None
    assert version.definition["parameters"]["domain"] == "customer.example"
    assert (version.published_by, version.note) == (place.engineer, "From people.yaml")


# What is given, and what is said.
MISTAKES = [
    (["--as="], "name yourself with --as"),
    (["--as=nobody@msp.example"], "No person signs in as"),
    (["--param=domain"], "write NAME=VALUE"),
    (["--param=colour=red"], "no parameter colour"),
]


@pytest.mark.parametrize(("arguments", "said"), MISTAKES)
def test_what_is_missing_is_said(place: Place, file: Path, arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        run("profile_import", "production", file, f"--as={place.engineer.email}", *arguments)
    assert not MappingProfile.objects.filter(tenant=place.production).exists()


def test_mistakes_of_a_file_are_said_with_file_line_and_column(place: Place, file: Path) -> None:
    file.write_text(file.read_text().replace("key_column", "key_colum"))
    with pytest.raises(CommandError) as caught:
        run("profile_import", "production", file, f"--as={place.engineer.email}", "--publish")
    assert f"{file}:7:1: unknown key key_colum: did you mean key_column?" in str(caught.value)
    with pytest.raises(CommandError, match="No such file"):
        run("profile_import", "production", "absent.yaml", f"--as={place.engineer.email}")


def test_only_for_tenants_one_may_edit(place: Place, file: Path) -> None:
    with pytest.raises(CommandError, match="Tenants: foreign"):
        run("profile_import", "production", file, f"--as={place.outsider.email}")
