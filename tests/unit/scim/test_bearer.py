"""The bearer token of one slice: renewed before calls, replaced once when refused."""

import pytest

from provisioning.scim.bearer import Bearer


class Tokens:
    """Hands out numbered tokens and remembers how it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, fresh):
        self.asked.append(fresh)
        return f"token-{len(self.asked)}"


def test_nothing_is_fetched_before_it_is_needed():
    tokens = Tokens()
    assert Bearer(tokens).value == ""
    assert tokens.asked == []


def test_ensuring_asks_the_cache_every_time():
    # The cache knows when a token runs out, this does not.
    tokens = Tokens()
    bearer = Bearer(tokens)
    bearer.ensure()
    bearer.ensure()
    assert (tokens.asked, bearer.value) == ([False, False], "token-2")


def test_a_refused_token_is_replaced_once():
    tokens = Tokens()
    bearer = Bearer(tokens)
    bearer.ensure()
    assert bearer.replace() is True
    assert bearer.value == "token-2"
    assert bearer.replace() is False  # the fresh one was refused, too
    assert tokens.asked == [False, True]


def test_after_a_success_a_later_refusal_is_worth_a_fresh_token_again():
    tokens = Tokens()
    bearer = Bearer(tokens)
    assert bearer.replace() is True
    bearer.worked()
    assert bearer.replace() is True
    assert tokens.asked == [True, True]


def test_renewing_from_the_cache_does_not_allow_another_replacement():
    bearer = Bearer(Tokens())
    bearer.replace()
    bearer.ensure()
    assert bearer.replace() is False


def test_a_replacement_that_failed_may_be_tried_again():
    answers = iter([ConnectionError("no login"), "token"])

    def get(_fresh):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    bearer = Bearer(get)
    with pytest.raises(ConnectionError):
        bearer.replace()
    assert bearer.replace() is True
    assert bearer.value == "token"
