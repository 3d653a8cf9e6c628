"""Entra's refusals in words that say what to do."""

import pytest

from tenants.domain.token_errors import TokenProblem, explain


@pytest.mark.parametrize(
    ("codes", "code", "words"),
    [
        ([7000215], 7000215, "secret's value, not its id"),
        ([7000222], 7000222, "expired"),
        ([700016], 700016, "Check the client id"),
        ([700027], 700027, "certificate"),
        ([90002], 90002, "Check the tenant id"),
        ([53003], 53003, "conditional access"),
        ([7000112], 7000112, "disabled"),
        ([1, 53003], 53003, "conditional access"),  # the code we know is the one worth naming
        ([50034, 1], 50034, "(invalid_client)"),  # unknown: Entra's first code and its name
        ([], 0, "(invalid_client)"),
    ],
)
def test_the_sentence_names_the_next_step(codes, code, words):
    problem = explain("invalid_client", "AADSTS: as Entra says it", codes)
    assert problem.code == code
    assert problem.description == "AADSTS: as Entra says it"
    assert words in problem.sentence


def test_entras_own_words_stay_apart_from_ours():
    problem = explain("e", "trace id 1234", [7000215])
    assert isinstance(problem, TokenProblem)
    assert "1234" not in problem.sentence
