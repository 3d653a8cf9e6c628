# ruff: noqa: RUF001, RUF003 - letters that look alike are what these rows are about
"""Each function's value, row by row: null, empty, lists, Unicode, omitted arguments."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from provisioning.domain.expressions import (
    FUNCTIONS,
    IGNORED,
    EvaluationError,
    compile_expression,
    to_text,
)

# The record of every row. [absent] is null, [empty] is "".
RECORD = {
    "first": "Zoë",
    "last": "Łoś-Smith",
    "empty": "",
    "null": None,
    "list": "b, a,b ,",
    "five": "5",
    "yes": "True",
    "no": "0",
    "emoji": "a😀b",
    "turkish": "IıİiŞ",
    "date": "2026-03-01",
}
LIST = 'Split([list], ",")'

ROWS = [
    # Append
    ('Append([first], "!")', "Zoë!"),
    ('Append([absent], "x")', "x"),  # null adds nothing
    ('Append([empty], "")', ""),
    ("Append([absent], )", None),  # an omitted argument is null
    ("Append(5, 2.5)", "52.5"),  # numbers become text
    ('Append(IsNull([absent]), "")', "True"),  # booleans as the reference prints them
    # Join
    ('Join(" ", [first], [last])', "Zoë Łoś-Smith"),
    ('Join(".", [first], [empty], [absent], , [five])', "Zoë.5"),  # no doubled separator
    (f'Join("/", {LIST}, "x")', "b/a/b/x"),  # a list gives each value, its empty part nothing
    ('Join(, "a", "b")', "ab"),  # an omitted separator is none
    ('Join(" ", [absent], [empty])', ""),
    # Left
    ("Left([last], 3)", "Łoś"),
    ("Left([last], 0)", ""),
    ("Left([last], -1)", "Łoś-Smith"),
    ("Left([last], 99)", "Łoś-Smith"),
    ("Left([absent], 3)", ""),
    ('Left([emoji], "2")', "a😀"),  # code points, and a number as text
    # Mid
    ("Mid([last], 1, 3)", "Łoś"),
    ("Mid([last], 5, 99)", "Smith"),  # cut at the end
    ("Mid([last], 10, 2)", ""),  # begins behind the end
    ("Mid([last], 2, 0)", ""),
    ("Mid([absent], 1, 1)", ""),
    ("Mid([emoji], 2, 1)", "😀"),
    # ToLower, ToUpper
    ("ToLower([last])", "łoś-smith"),
    ("ToUpper([first])", "ZOË"),
    ("ToLower([absent])", None),
    ('ToLower("")', ""),
    ('ToUpper("straße")', "STRAßE"),  # invariant: one character stays one character
    ('ToLower("ΟΔΟΣ")', "οδοσ"),  # no final sigma either
    ("ToLower([turkish])", "iıİiş"),  # invariant: ı and İ have no other case
    ("ToUpper([turkish])", "IıİIŞ"),
    ('ToLower([turkish], "tr")', "ııiiş"),
    ('ToUpper([turkish], "az-Latn-AZ")', "IIİİŞ"),
    ('ToLower([turkish], "de-DE")', "iıİiş"),
    ("ToLower([last], )", "łoś-smith"),
    (f"ToUpper(Item({LIST}, 1))", "B"),
    # PCase
    ('PCase("PABLO GONZALEZ(SECOND)")', "Pablo Gonzalez(Second)"),
    ('PCase("PINTO-DE\'SILVA", " \'-")', "Pinto-De'Silva"),
    ('PCase("o\'NEILL")', "O'neill"),  # an apostrophe separates only if asked for
    ('PCase("a-b c", " ")', "A-b C"),
    ('PCase("élan VITAL")', "Élan Vital"),
    ('PCase("jose\u0301 maria")', "Jose\u0301 Maria"),  # a combining mark ends no word
    ("PCase([absent])", None),
    # StripSpaces
    ('StripSpaces(" a b\u00a0c ")', "abc"),  # no-break spaces too
    ("StripSpaces([absent])", None),
    ("StripSpaces([empty])", ""),
    # NormalizeDiacritics
    ("NormalizeDiacritics([first])", "Zoe"),
    ("NormalizeDiacritics([last])", "Los-Smith"),
    ('NormalizeDiacritics("łŁøØœŒæÆßẞıđĐ")', "lLoeOEoeOEaeAEssSSidD"),
    ('NormalizeDiacritics("ǢǺÅñŭİ")', "AEAAnuI"),  # decomposition first, then the letters
    ('NormalizeDiacritics("한국")', "한국"),  # other scripts come out as they went in
    ("NormalizeDiacritics([absent])", None),
    ('NormalizeDiacritics("")', ""),
    # InStr
    ('InStr("The quick brown fox","quick")', 5),
    ('InStr("repEated","e",3,vbBinaryCompare)', 7),
    ('InStr("repEated","e",3,vbTextCompare)', 4),
    ('InStr("repEated","E", ,vbTextCompare)', 2),  # an omitted start is 1
    ('InStr("abc","x")', 0),
    ('InStr([absent],"x")', 0),
    # Word
    ('Word("This,string!has&many separators",3,",!&#")', "has"),
    ('Word("a  b", 2, " ")', "b"),  # a word is never empty
    ('Word("a b", 3, " ")', ""),
    ('Word("a b", 0, " ")', ""),
    ('Word([absent], 1, " ")', ""),
    # Split, Item, Count, RemoveDuplicates
    (LIST, ("b", "a", "b", "")),
    ('Split([absent], ",")', ()),
    ('Split("a", ",")', ("a",)),
    (f"Item({LIST}, 2)", "a"),
    (f"Item({LIST}, 9)", None),
    ("Item([first], 1)", "Zoë"),  # one value is a list of one
    ("Item([absent], 1)", None),
    (f"Count({LIST})", 4),
    ("Count([first])", 1),
    ("Count([absent])", 0),
    ("Count([empty])", 0),
    (f"RemoveDuplicates({LIST})", ("b", "a", "")),
    ("RemoveDuplicates([first])", "Zoë"),
    ("RemoveDuplicates([absent])", None),
    # CStr
    ("CStr(1000)", "1000"),
    ("CStr(-1.50)", "-1.5"),
    ("CStr(IsPresent([first]))", "True"),
    ("CStr([absent])", None),
    # ConvertToBase64, ConvertToUTF8Hex
    ('ConvertToBase64("Hello world!")', "SABlAGwAbABvACAAdwBvAHIAbABkACEA"),
    ('ConvertToUTF8Hex("Hello world!")', "48656C6C6F20776F726C6421"),
    ('ConvertToUTF8Hex("ß")', "C39F"),
    ("ConvertToBase64([absent])", None),
    # IsNull and its kin
    ("IsNull([absent])", True),
    ("IsNull([null])", True),
    ("IsNull([empty])", False),
    ("IsNullOrEmpty([empty])", True),
    ("IsNullOrEmpty([first])", False),
    ('IsNullOrEmpty(Split([absent], ","))', True),  # an empty list is empty
    ("IsPresent([first])", True),
    ("IsPresent([empty])", False),
    ("IsPresent([absent])", False),
    ("IsString([first])", True),
    ("IsString(5)", False),
    ("IsString([absent])", False),
    # Not, CBool
    ("Not([yes])", False),
    ("Not([no])", True),
    ("Not([absent])", True),  # null counts as False
    ("Not(True)", False),
    ("CBool([five])", True),
    ("CBool(0)", False),
    ('CBool("false")', False),
    ("CBool([absent])", False),
    ('CBool([five]="5.0")', True),  # both read as numbers
    ('CBool("a"="A")', False),
    # BitAnd
    ("BitAnd(&HF, &HF7)", 7),
    ("BitAnd([five], 4)", 4),
    # IIF
    ('IIF([five]="5","y","n")', "y"),
    ("IIF([five]<>5,1,2)", 2),
    ('IIF([five]<"10","y","n")', "y"),  # as numbers, not as text
    ('IIF("5a"<"10","y","n")', "n"),  # one side reads as no number: as text
    ("IIF([five]<=5, IIF([five]>=5, [first], 1), 2)", "Zoë"),
    ("IIF([five]>4.5, 1, 2)", 1),
    ('IIF([absent]<>"x","y","n")', "n"),  # null makes any comparison false
    ('IIF([absent]=[null],"y","n")', "n"),
    ('IIF([empty]="","y","n")', "y"),
    ('IIF(IsNullOrEmpty([empty]),"y","n")', "y"),
    ('IIF([yes],"y","n")', "y"),
    ('IIF([absent],"y",)', None),
    ('IIF(IsNull([absent])="True","y","n")', "y"),  # a boolean compares as it prints
    # Coalesce
    ("Coalesce([absent], [null], [first])", "Zoë"),
    ("Coalesce([empty], [first])", ""),  # empty is not null
    ("Coalesce([absent], )", None),
    ("Coalesce([absent], 5)", 5),
    # Switch
    ('Switch([five], "d", "4", "four", "5", "five")', "five"),
    ('Switch([yes], "d", "true", "x")', "d"),  # keys have case
    ('Switch([absent], "d", "", "none")', "none"),  # an empty source matches ""
    ('Switch([empty], "d", "", "none")', "none"),
    ('Switch([first], , "x", "y")', None),  # an omitted default is null
    ('Switch([five], "d", 5, [first])', "Zoë"),  # keys need not be constants
    ('Switch("b", "d", Item([absent], 1), "n", Left("bc", 1), "y")', "y"),
    ('Switch("a", "d", "a", "1", "a", "2")', "1"),  # the first of equal keys
    ('Switch(IsPresent([five]), "d", "True", "1", )', "1"),  # a trailing comma
    # IgnoreFlowIfNullOrEmpty
    ("IgnoreFlowIfNullOrEmpty([first])", "Zoë"),
    ("IgnoreFlowIfNullOrEmpty([absent])", IGNORED),
    ("IgnoreFlowIfNullOrEmpty([empty])", IGNORED),
    ('Append(IgnoreFlowIfNullOrEmpty([empty]), "x")', IGNORED),  # drops the whole attribute
    ('IIF([five]="5", "kept", IgnoreFlowIfNullOrEmpty([empty]))', "kept"),  # not reached
    # Redact
    ("Redact([first])", "Zoë"),
    # No function at all
    ("[first]", "Zoë"),
    ("[absent]", None),
    ('"constant"', "constant"),
    ("-10", -10),
    ("&HF7", 247),
]


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_value(text, expected):
    value = compile_expression(text).evaluate(RECORD)
    assert value == expected
    assert type(value) is type(expected)


ERRORS = [
    ('Left([first], "x")', 'Left: count must be a whole number, not "x"'),
    ("Left([first], )", "Left: count is missing"),
    ("Mid([first], 0, 1)", "Mid: start must be 1 or more, not 0"),
    ("Mid([first], 1, -1)", "Mid: length must be 0 or more, not -1"),
    (f"ToLower({LIST})", "ToLower: a list of 4 values cannot be used as one text"),
    (f'Join(" ", ToUpper({LIST}))', "ToUpper: a list of 4 values"),  # the inner function is named
    (f'Switch({LIST}, "d", "a", "b")', "Switch: a list of 4 values"),
    ('IIF([first], "y", "n")', 'IIF: the condition must be True or False, not "Zoë"'),
    ("Not([five])", 'Not: source must be True or False, not "5"'),
    ('CBool("maybe")', 'CBool: the value must be True or False, not "maybe"'),
    (f"Item({LIST}, 0)", "Item: index must be 1 or more, not 0"),
    ('Split([list], "")', "Split: delimiter is missing"),
    ('InStr("a", "a", 0)', "InStr: start must be 1 or more, not 0"),
    (f'IIF({LIST}="a", 1, 2)', "IIF: a list of 4 values"),
]


@pytest.mark.parametrize(("text", "message"), ERRORS)
def test_error_names_the_function_and_the_reason(text, message):
    with pytest.raises(EvaluationError) as caught:
        compile_expression(text).evaluate(RECORD)
    assert str(caught.value).startswith(message)


def test_every_function_that_is_evaluated_has_a_row():
    texts = " ".join(text for text, _ in ROWS)
    evaluated = {name for name, function in FUNCTIONS.items() if function.evaluated}
    # Replace has a table of its own.
    assert {name for name in evaluated if f"{name}(" not in texts} == {"Replace"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "True"),
        (False, "False"),
        (1.0, "1"),
        (1e22, "10000000000000000000000"),
        (0.1, "0.1"),
        (datetime(2026, 3, 1, 0, 5, 9, tzinfo=UTC), "3/1/2026 12:05:09 AM"),
        (datetime(2026, 12, 31, 13, 0, 0), "12/31/2026 1:00:00 PM"),  # noqa: DTZ001 - naive is UTC
        # Another offset is turned into UTC: it is still the day before.
        (datetime(2026, 3, 1, 1, tzinfo=timezone(timedelta(hours=2))), "2/28/2026 11:00:00 PM"),
    ],
)
def test_text_of_a_value(value, text):
    assert to_text(value) == text


def test_dates_compare_as_dates():
    # As text "10/..." would sort before "9/...".
    early, late = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
    compiled = compile_expression("IIF([a]<[b], 1, 2)")
    assert compiled.evaluate({"a": early, "b": late}) == 1


def test_a_list_of_the_record_is_a_list():
    assert compile_expression('Join("+", [a])').evaluate({"a": ["x", "y"]}) == "x+y"
