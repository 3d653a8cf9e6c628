"""What is done after an attempt that did not simply succeed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.domain.retry import (
    MAX_ATTEMPTS,
    Again,
    GiveUp,
    Halt,
    Intent,
    LookUp,
    Trouble,
    backoff,
    decide,
)

READ, CREATE, CHANGE = Intent.READ, Intent.CREATE, Intent.CHANGE
STOPPING = (Trouble.CREDENTIAL_REFUSED, Trouble.FEATURE_NOT_ENABLED, Trouble.MISCONFIGURED)
LAST = MAX_ATTEMPTS


@pytest.mark.parametrize(
    ("intent", "trouble", "attempts", "retry_after", "decision"),
    [
        # the service was busy: as long as it asked for, and the quota is the whole tenant's
        (READ, Trouble.THROTTLED, 1, 7.5, Again(7.5, everyone=True)),
        (CREATE, Trouble.THROTTLED, 1, 0.0, Again(0.0, everyone=True)),
        (CHANGE, Trouble.THROTTLED, 3, None, Again(4.0, everyone=True)),
        (CHANGE, Trouble.THROTTLED, LAST + 5, 2.0, Again(2.0, everyone=True)),  # never a failure
        # it never left, so it is safe to send whatever it was; the others would fail as well
        (CREATE, Trouble.NOT_SENT, 2, None, Again(2.0, everyone=True)),
        (CHANGE, Trouble.NOT_SENT, LAST + 5, None, Again(300.0, everyone=True)),
        # the service failed before it wrote
        (CREATE, Trouble.TRANSIENT, 1, None, Again(1.0)),
        (CHANGE, Trouble.TRANSIENT, LAST - 1, None, Again(64.0)),
        (CHANGE, Trouble.TRANSIENT, LAST, None, GiveUp()),
        (READ, Trouble.TRANSIENT, LAST, None, GiveUp()),
        # it may have happened: a creation is looked up, however often it was tried
        (CREATE, Trouble.UNKNOWN_OUTCOME, 1, None, LookUp(5.0)),
        (CREATE, Trouble.UNKNOWN_OUTCOME, LAST, None, LookUp(5.0)),
        # a change to the same values can be sent twice, and a read changes nothing
        (CHANGE, Trouble.UNKNOWN_OUTCOME, 1, None, Again(1.0)),
        (READ, Trouble.UNKNOWN_OUTCOME, 2, None, Again(2.0)),
        (CHANGE, Trouble.UNKNOWN_OUTCOME, LAST, None, GiveUp()),
        # the name is taken: perhaps by an earlier attempt of our own, which is visible at once
        (CREATE, Trouble.CONFLICT, 1, None, LookUp(0.0)),
        (CHANGE, Trouble.CONFLICT, 1, None, GiveUp()),
        # one person's account may be privileged; that nobody can be created stops everyone
        (CHANGE, Trouble.PERMISSION_MISSING, 1, None, GiveUp()),
        (Intent.REMOVE, Trouble.PERMISSION_MISSING, 1, None, GiveUp()),
        (CREATE, Trouble.PERMISSION_MISSING, 1, None, Halt()),
        (READ, Trouble.PERMISSION_MISSING, 1, None, Halt()),
        # repeating what was refused or is gone changes nothing
        (CREATE, Trouble.REJECTED, 1, None, GiveUp()),
        (CHANGE, Trouble.REJECTED, 1, None, GiveUp()),
        (CHANGE, Trouble.NOT_FOUND, 1, None, GiveUp()),
        *[(intent, trouble, 1, None, Halt()) for intent in Intent for trouble in STOPPING],
    ],
)
def test_the_next_step_depends_on_what_was_wanted(intent, trouble, attempts, retry_after, decision):
    taken = decide(
        intent, trouble, attempts=attempts, retry_after=retry_after, jitter=0.0, lookup_delay=5.0
    )
    assert taken == decision


everything = {
    "trouble": st.sampled_from(Trouble),
    "attempts": st.integers(0, 100_000),
    "retry_after": st.none() | st.floats(0, 3600),
    "jitter": st.floats(0, 1, exclude_max=True),
}


@given(st.sampled_from(Intent), st.floats(0, 60), st.fixed_dictionaries(everything))
def test_every_combination_has_a_next_step_in_bounded_time(intent, lookup_delay, case):
    trouble = case.pop("trouble")
    taken = decide(intent, trouble, lookup_delay=lookup_delay, **case)
    if isinstance(taken, Again):
        assert 0 <= taken.after <= 3600
    if isinstance(taken, LookUp):
        assert taken.after in (0.0, lookup_delay)


@given(st.fixed_dictionaries(everything))
def test_a_creation_that_may_have_happened_is_never_sent_again_blindly(case):
    trouble = case.pop("trouble")
    taken = decide(CREATE, trouble, **case)
    if trouble in (Trouble.UNKNOWN_OUTCOME, Trouble.CONFLICT):
        assert isinstance(taken, LookUp)
    else:
        assert not isinstance(taken, LookUp)


@given(st.fixed_dictionaries(everything))
def test_only_creations_are_looked_up(case):
    trouble = case.pop("trouble")
    for intent in (READ, CHANGE):
        assert not isinstance(decide(intent, trouble, **case), LookUp)


@pytest.mark.parametrize(
    ("attempts", "jitter", "seconds"),
    [
        (0, 0.0, 1.0),  # nothing was tried yet: as after the first
        (1, 0.0, 1.0),
        (2, 0.0, 2.0),
        (9, 0.0, 256.0),
        (10, 0.0, 300.0),  # five minutes at most
        (5000, 0.0, 300.0),  # days of outage are no overflow
        (2, 0.5, 1.5),
        (10, 0.5, 225.0),
    ],
)
def test_the_pause_doubles_up_to_five_minutes(attempts, jitter, seconds):
    assert backoff(attempts, jitter) == seconds


@given(st.integers(1, 100_000), st.floats(0, 1, exclude_max=True))
def test_jitter_takes_half_of_the_pause_at_most(attempts, jitter):
    full = backoff(attempts, 0.0)
    assert full / 2 <= backoff(attempts, jitter) <= full <= backoff(attempts + 1, 0.0)
