"""The catalogue of target attributes, against what Microsoft's SCIM reference says of them."""

import pytest

from provisioning.domain.attributes import CATALOGUE, REQUIRED
from provisioning.domain.targets import PLAIN

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ENTRA = "urn:ietf:params:scim:schemas:extension:Microsoft:Entra:2.0:User"


def test_an_account_needs_these():
    assert set(REQUIRED) == {
        "userName",
        "displayName",
        "name.givenName",
        "name.familyName",
        f"{ENTRA}:mailNickname",
    }


def test_every_entry_stands_under_its_path():
    assert all(path == attribute.path for path, attribute in CATALOGUE.items())


def test_whatever_cannot_be_mapped_says_why():
    assert all(attribute.note for attribute in CATALOGUE.values() if not attribute.mutable)


def test_passwords_are_no_target():
    assert "password" not in CATALOGUE


@pytest.mark.parametrize(
    ("path", "kind", "mutable"),
    [
        ("active", "boolean", True),
        ("externalId", "string", False),  # always the record's key
        ('emails[type eq "work"].value', "string", True),
        ('phoneNumbers[type eq "fax"].value', "string", True),
        ('addresses[type eq "work"].postalCode', "string", True),
        (f"{ENTERPRISE}:department", "string", True),
        ('emails[type eq "other"].value', "string", True),
        ('ims[type eq "work"].value', "string", True),
        ('emails[type eq "proxyAddress"].value', "string", False),
        (f"{ENTERPRISE}:manager.value", "reference", True),  # as the key of the manager's record
        (f"{ENTRA}:employeeLeaveDateTime", "dateTime", True),
        (f"{ENTRA}:userType", "string", True),
        (f"{ENTRA}:onPremisesExtensionAttributes.extensionAttribute15", "string", True),
        (f"{ENTRA}:onPremisesSyncEnabled", "boolean", False),
        (f"{ENTRA}:lastPasswordChangeDateTime", "dateTime", False),
    ],
)
def test_kind_and_mutability(path, kind, mutable):
    assert (CATALOGUE[path].kind, CATALOGUE[path].mutable) == (kind, mutable)


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("username", "userName"),
        ("department", f"{ENTERPRISE}:department"),  # the last part is enough
        ("jobTitle", "title"),  # Entra's own name
        ("First  name", "name.givenName"),  # the label
        ("mailNicknam", f"{ENTRA}:mailNickname"),
        ("zzzzzz", None),
    ],
)
def test_nearest_path(written, path):
    assert PLAIN.nearest(written) == path


# The fact sheet's attributes (section 5); what follows `!` cannot be chosen.
SHEET = """
userName displayName name.familyName name.givenName active title userType preferredLanguage
!externalId emails[work] emails[other] !emails[proxyAddress] ims[work]
phoneNumbers[fax] phoneNumbers[mobile] phoneNumbers[work]
addresses[work].country addresses[work].locality addresses[work].postalCode
addresses[work].region addresses[work].streetAddress
E:costCenter E:department E:division E:employeeNumber E:manager.value E:organization
!X:creationType X:employeeHireDate X:employeeLeaveDateTime !X:lastPasswordChangeDateTime
X:mailNickname X:officeLocation !X:onPremisesDistinguishedName !X:onPremisesDomainName
!X:onPremisesImmutableId !X:onPremisesSAMAccountName !X:onPremisesSecurityIdentifier
!X:onPremisesSyncEnabled !X:onPremisesUserPrincipalName !X:passwordForceChangeOnNextSignIn
!X:passwordForceChangeOnNextSignInWithMFA X:preferredDataLocation !X:proxyAddresses
X:usageLocation X:userType
"""


def sheet_path(word):
    name, bracket, rest = word.lstrip("!").partition("[")
    if bracket:
        kind, _, sub = rest.partition("]")
        return f'{name}[type eq "{kind}"]{sub or ".value"}'
    return name.replace("E:", f"{ENTERPRISE}:").replace("X:", f"{ENTRA}:")


def test_the_catalogue_is_the_sheet():
    words = SHEET.split() + [
        f"X:onPremisesExtensionAttributes.extensionAttribute{n}" for n in range(1, 16)
    ]
    assert {path: each.mutable for path, each in CATALOGUE.items()} == {
        sheet_path(word): not word.startswith("!") for word in words
    }
