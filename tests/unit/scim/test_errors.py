"""What an answer means: named by what the caller must do, with a sentence for the person."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from provisioning.domain.retry import Trouble
from provisioning.scim import errors
from provisioning.scim.errors import ScimError, error_of
from provisioning.scim.messages import Answer, Attempt, Exchange, Fate, Purpose, Request

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ATTEMPT = Attempt(Request("GET", "/users", Purpose.LOOKUP))
OFF = (
    "No 'scimapiconsumptions' resource found for TenantId: 5. Please ensure 'SCIM Provisioning API'"
    " feature is enabled and only one 'scimapiconsumptions' resource exists."
)
OFF_OLD = "The 'SCIM Provisioning API' feature is not enabled for any subscription."
TAKEN = "Another object with the same value for property userPrincipalName already exists."


def answered(status, body=None, headers=None, failure=""):
    answer = Answer(Fate.ANSWERED, NOW, 5, status, headers or {}, body, failure)
    return error_of(Exchange(ATTEMPT, answer))


def ended(fate, failure=""):
    return error_of(Exchange(ATTEMPT, Answer(fate, NOW, 5, failure=failure)))


@pytest.mark.parametrize("status", [200, 201, 204])
def test_success_is_no_error(status):
    assert answered(status) is None


@pytest.mark.parametrize(
    ("status", "detail", "scim_type", "kind"),
    [
        (301, None, None, errors.Misconfigured),  # the SCIM API never redirects
        (302, None, None, errors.Misconfigured),
        (400, "Invalid value for mailNickname.", "invalidValue", errors.Rejected),
        (400, None, None, errors.Rejected),
        (400, TAKEN, None, errors.Conflict),  # as Graph says it
        (400, "A conflict.", "uniqueness", errors.Conflict),
        (400, OFF, None, errors.FeatureNotEnabled),  # as documented
        (401, OFF_OLD, None, errors.FeatureNotEnabled),  # as seen live
        (401, "Access token has expired.", None, errors.CredentialRefused),
        (403, "Insufficient privileges.", None, errors.PermissionMissing),
        (403, "The tenant has no Microsoft Entra ID P1 license.", None, errors.LicenceMissing),
        (403, "Tenant does not have premium license.", None, errors.LicenceMissing),  # Graph's
        (403, TAKEN, None, errors.PermissionMissing),  # the words matter with 400 only
        (404, "Resource not found.", None, errors.NotFound),
        (404, OFF, None, errors.NotFound),
        (405, None, None, errors.Rejected),
        (409, None, None, errors.Conflict),
        (412, None, None, errors.Rejected),
        (429, None, None, errors.Throttled),
        (500, None, None, errors.Transient),
        (501, None, None, errors.Transient),
        (502, None, None, errors.Transient),
        (503, None, None, errors.Transient),
        (504, None, None, errors.UnknownOutcome),  # the write may have happened
    ],
)
def test_the_status_and_the_words_decide(status, detail, scim_type, kind):
    body = {"detail": detail, "scimType": scim_type, "status": str(status)}
    error = answered(status, body)
    assert type(error) is kind
    assert error.status == status
    assert (error.detail, error.scim_type) == (detail or "", scim_type or "")


def test_what_never_left_and_what_nobody_knows_are_told_apart():
    unsent, uncertain = ended(Fate.UNSENT, "refused"), ended(Fate.UNCERTAIN, "cut")
    assert (type(unsent), unsent.detail) == (errors.NotSent, "refused")
    assert (type(uncertain), uncertain.detail) == (errors.UnknownOutcome, "cut")
    assert unsent.status is uncertain.status is None


@pytest.mark.parametrize(
    ("body", "failure", "detail"),
    [
        ({"detail": "Entra's words"}, "Bad Request", "Entra's words"),
        ({"detail": ""}, "Bad Request", "Bad Request"),
        ({}, "Bad Request", "Bad Request"),
        (None, "Bad Gateway", "Bad Gateway"),  # a proxy's page
        ("text", "", ""),
        (["detail"], "", ""),
        ({"detail": {"en": "x"}}, "", "{'en': 'x'}"),
    ],
)
def test_the_detail_is_entras_own_or_what_the_connection_said(body, failure, detail):
    assert answered(400, body, failure=failure).detail == detail


def test_the_request_id_is_kept_for_microsofts_support():
    assert answered(400, headers={"request-id": "f00"}).request_id == "f00"
    assert answered(400).request_id == ""


HTTP_DATE = format_datetime(NOW + timedelta(seconds=90), usegmt=True)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("  ", None),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("2.5", 2.5),  # a fraction, though RFC 9110 has none
        ("-3", 0.0),
        ("86400", 3600.0),  # an hour at most, then it is asked again
        ("inf", 3600.0),
        ("nan", None),
        (HTTP_DATE, 90.0),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 0.0),  # a date in the past
        ("Sun, 01 Mar 2026 13:01:00 +0100", 60.0),
        ("Sun, 01 Mar 2026 12:01:00 -0000", None),  # a date without a zone says nothing
        ("Sun, 01 Mar 99999 12:01:00 GMT", None),
        ("soon", None),
    ],
)
def test_how_long_the_service_asked_to_wait(header, seconds):
    headers = {} if header is None else {"retry-after": header}
    assert answered(429, headers=headers).retry_after == seconds


@given(st.text() | st.from_regex(r"\w{3}, \d+ Mar \d+ \d+:\d+:\d+ [+-]?\w+", fullmatch=True))
@example("Sun, 01 Mar 2026 12:00:00 +99999999999999999999")
def test_no_header_breaks_the_reading(header):
    seconds = answered(503, headers={"retry-after": header}).retry_after
    assert seconds is None or 0 <= seconds <= 3600


bodies = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(("detail", "scimType", "x")), inner)
    ),
    max_leaves=4,
)


@given(st.integers(300, 599), bodies)
def test_every_answer_has_a_kind_and_text_for_a_person(status, body):
    error = answered(status, body)
    assert isinstance(error, ScimError)
    assert isinstance(error.detail, str)
    assert isinstance(error.scim_type, str)
    assert str(error).endswith(".")


def test_every_trouble_has_exactly_one_error():
    kinds = ScimError.__subclasses__()
    assert sorted(kind.trouble for kind in kinds) == sorted(Trouble)
    assert len({kind.sentence for kind in kinds}) == len(kinds)
