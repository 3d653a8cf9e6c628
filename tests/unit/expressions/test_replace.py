"""Replace in all its forms, and what its regular expressions may do."""

import time

import pytest

from provisioning.domain.expressions import EvaluationError, ParseError, compile_expression

RECORD = {"name": "john_doe72", "phone": "+49 (30) 555-0100", "empty": "", "mail": "zoe@a.example"}

ROWS = [
    # oldValue + replacementValue: every occurrence, with case
    ('Replace([name], "o", , , "0", , )', "j0hn_d0e72"),
    ('Replace([name], "O", , , "0", , )', "john_doe72"),
    ('Replace([name],"_", , ,"", ,)', "johndoe72"),
    ('Replace([name], "_", , , "")', "johndoe72"),  # trailing commas are not needed
    ('Replace([absent], "x", , , "y", , )', None),
    ('Replace([empty], "x", , , "y", , )', ""),
    ('Replace([name], [absent], , , "y", , )', "john_doe72"),  # nothing to look for
    ('Replace([name], "_", , , [absent], , )', "johndoe72"),
    ('Replace("$1.", "$1", , , "${x}")', "${x}."),  # no groups without a pattern
    # oldValue + template: the source goes into the template
    ('Replace([name], "{0}", , , , , "cn={0},ou={0}")', "cn=john_doe72,ou=john_doe72"),
    ('Replace([absent], "{0}", , , , , "cn={0}")', None),
    ('Replace([name], "{0}", , , , , [absent])', ""),
    # regexPattern + replacementValue
    ('Replace([name], , "[a-zA-Z_]*", , "", , )', "72"),
    ('Replace([phone], , "[^0-9+]", , "")', "+49305550100"),
    (
        'Replace([phone], , "\\(?(?<area>\\d+)\\) (?<rest>.*)", , "(${area}) ${rest}!")',
        "+49 (30) 555-0100!",
    ),
    ('Replace("ab", , "(?<x>a)(b)", , "$1$2")', "ba"),  # .NET numbers unnamed groups first
    ('Replace("ab", , "(?\'x\'a)\\k<x>?", , "<${x}>")', "<a>b"),  # .NET's other spellings
    ('Replace("aa", , "(?<x>a)\\k<x>", , "1")', "1"),
    ('Replace("ab", , "b", , "[$&$$$0]")', "a[b$b]"),
    ('Replace("ab", , "b", , "${none}$7")', "a${none}$7"),  # no such group: stays
    ('Replace("ab", , "(x)?b", , "<$1>")', "a<>"),  # a group that did not take part
    ('Replace("Ab", , "(?i)a", , "x")', "xb"),
    ('Replace("Łoś", , "\\p{Lu}", , "x")', "xoś"),
    ('Replace("a\n", , "a\\Z", , "x")', "x\n"),  # \\Z is before a last line break, as in .NET
    ('Replace("a{e<=1}", , "a{e<=1}", , "x")', "x"),  # to .NET such braces are text
    ('Replace("aaa-{}", , "a{2,3}|\\{\\}", , "x")', "x-x"),
    ('Replace([absent], , "a", , "b")', None),
    ('Replace("b", , [absent], , "-")', "-b-"),  # an empty pattern matches everywhere
    # regexPattern + regexGroupName + replacementValue: only the group
    ('Replace([mail], , "(?<local>.*)@(?<domain>.*)", "domain", "b.example")', "zoe@b.example"),
    ('Replace("1a2b", , "\\d(?<letter>[a-z])", "letter", "$1")', "1$12$1"),  # literally
    ('Replace("abc", , "a(b)c", "1", "x")', "axc"),  # groups have numbers too
    ('Replace("xyyz", , "x(?<y>y)+z", "y", "-")', "x--z"),  # each time the group matched
    ('Replace([absent], , "(?<x>a)", "x", "b")', None),
    # regexPattern + regexGroupName + replacementAttribute
    ('Replace([name], , "(?<local>.*)@", "local", , [mail], )', "john_doe72"),  # source is there
    ('Replace([absent], , "(?<local>.*)@", "local", , [mail], )', "zoe"),
    ('Replace([empty], , "(?<local>.*)@", "local", , [mail], )', "zoe"),
    ('Replace([empty], , "(?<local>.*)@", "local", , [name], )', None),  # no match
]


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_value(text, expected):
    assert compile_expression(text).evaluate(RECORD) == expected


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


@pytest.mark.parametrize(
    "text",
    [
        'Replace([a], , "(a|aa)+$", , "")',
        'Replace([a], , "(?<x>(a|aa)+)$", "x", "")',
        'Replace([absent], , "(?<x>(a|aa)+)$", "x", , [a], )',
    ],
)
def test_a_pattern_that_is_too_slow_is_an_error_soon(text):
    compiled = compile_expression(text)
    start = time.perf_counter()
    with pytest.raises(EvaluationError, match="longer than 40 ms"):
        compiled.evaluate({"a": "a" * 60 + "b"})
    assert time.perf_counter() - start < 2  # the limit is 0.04; the rest is a busy machine's
