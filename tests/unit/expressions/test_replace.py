"""What Replace and its regular expressions refuse, and how long they may take."""

import pytest

from provisioning.domain.expressions import EvaluationError, ParseError, compile_expression

REFUSED = [
    ('Replace([name], "a")', 9, "Replace takes one of these sets"),  # nothing to put in
    ('Replace([name], "a", "b", , "c")', 9, "Replace takes one of these sets"),
    ('Replace([name], , "(", , "")', 19, "not a regular expression"),
    ('Replace([name], , "a", "x", "")', 24, 'the regular expression has no group "x"'),
    ('Replace([name], , "((a{100}){100}){100}", , "")', 19, "its repetitions amount to more"),
    ('Replace([name], , "x{0001000000000,}", , "")', 19, "its repetitions amount to more"),
    ('Replace([name], , "[a-z-[b]]", , "")', 19, "subtraction inside [...]"),
    ('Replace([name], , "a", , "$`")', 26, "$` in a replacement is not supported"),
]


@pytest.mark.parametrize(("text", "column", "message"), REFUSED)
def test_what_can_never_work_is_refused_before_any_record(text, column, message):
    with pytest.raises(ParseError, match=r".") as caught:
        compile_expression(text)
    assert caught.value.message.startswith(message)
    assert caught.value.column == column


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('Replace([a], , [b], , "")', "Replace: not a regular expression"),
        ('Replace([a], , "a", [b], "")', "Replace: the regular expression has no group"),
        # Each level multiplies: refused before the memory is filled.
        (
            'Replace(Replace(Replace([c], "c", , , [c]), "c", , , [c]), "c", , , [c])',
            "Replace: the result would be longer than 100000 characters",
        ),
        (
            'Replace(Replace([c], , "c", , [c]), , "c", , [c])',
            "Replace: the result would be longer than 100000 characters",
        ),
    ],
)
def test_a_record_whose_values_cannot_work_is_an_error(text, message):
    with pytest.raises(EvaluationError) as caught:
        compile_expression(text).evaluate({"a": "a", "b": "(", "c": "c" * 400})
    assert str(caught.value).startswith(message)
