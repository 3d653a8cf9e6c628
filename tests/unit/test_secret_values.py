"""A secret shows itself to nobody who does not ask, not in a traceback with variables either."""

import copy
import io
import json
import logging
import pickle
import sys
import traceback

import pytest

from tenants.domain.secret import Secret, hides_frames

TEXT = "Zr8-not-to-be-seen"


@pytest.mark.parametrize(
    "shown",
    [repr, str, "{}".format, "{!r:>40}".format, "%s".__mod__, lambda s: f"{s}", lambda s: str([s])],
)
def test_it_is_not_shown(shown):
    assert TEXT not in shown(Secret(TEXT))
    assert Secret(TEXT).reveal() == TEXT


@pytest.mark.parametrize("write", [pickle.dumps, json.dumps, copy.deepcopy])
def test_it_is_not_written(write):
    with pytest.raises(TypeError):
        write(Secret(TEXT))


def test_it_is_not_logged(caplog):
    logging.getLogger("x").warning("%s %r", Secret(TEXT), {"secret": Secret(TEXT)})
    assert TEXT not in caplog.text


def test_an_empty_one_is_none_and_a_wrapped_one_is_the_same():
    assert not Secret("")
    assert Secret(Secret(TEXT)).reveal() == TEXT


def with_variables(error):
    """A traceback as reporters print it, each frame with its local variables."""
    out = io.StringIO()
    found = traceback.TracebackException.from_exception(error, capture_locals=True)
    out.write("".join(found.format(chain=True)))
    return out.getvalue()


def careless(secret):
    local = secret + "!"
    try:
        raise KeyError(len(local))
    except KeyError as error:
        raise ValueError("refused") from error


def test_frames_with_the_bare_secret_are_left_behind():
    with pytest.raises(ValueError) as caught:
        hides_frames(careless)(TEXT)
    assert TEXT not in with_variables_of_product(caught.value)
    assert "refused" in with_variables_of_product(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_the_same_look_finds_it_in_a_function_that_hides_nothing():
    with pytest.raises(ValueError) as caught:
        careless(TEXT)
    assert TEXT in with_variables_of_product(caught.value)


def with_variables_of_product(error):
    """Without the test's own frame, which is the one that called."""
    error = error.with_traceback(error.__traceback__.tb_next)
    return with_variables(error)


def test_what_is_raised_keeps_its_class_and_what_is_given_is_given():
    assert hides_frames(len)(TEXT) == len(TEXT)
    with pytest.raises(ZeroDivisionError):
        hides_frames(lambda: 1 / 0)()
    assert sys.exc_info() == (None, None, None)
