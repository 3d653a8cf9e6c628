"""What is an expression and what is not, and how people are told."""

import pytest

from provisioning.domain.expressions import (
    FUNCTIONS,
    MAX_DEPTH,
    MAX_LENGTH,
    ParseError,
    compile_expression,
    parse,
    to_source,
)
from provisioning.domain.expressions.tree import (
    Attribute,
    Call,
    Comparison,
    Number,
    Omitted,
    Position,
    Text,
    Word,
)

TREES = [
    ("[a]", Attribute("a")),
    ("[First Name]", Attribute("First Name")),
    ('[emails[type eq "work"].value]', Attribute('emails[type eq "work"].value')),
    (r'"a\\b\"c\d"', Text('a\\b"c\\d')),  # two escapes; any other backslash stays
    ('"line\nbreak"', Text("line\nbreak")),
    ('""', Text("")),
    (r'"\\"', Text("\\")),  # ends in a backslash, not in an escaped quote
    (r'"\\\""', Text('\\"')),
    ("1000", Number(1000)),
    ("-10", Number(-10)),
    ("1.5", Number(1.5)),
    ("&HF7", Number(247)),
    ("vbTextCompare", Word("vbTextCompare")),
    ("Now()", Call("Now")),
    ("F(,)", Call("F", (Omitted(), Omitted()))),
    ("F([a],)", Call("F", (Attribute("a"), Omitted()))),
    (
        'Replace([a],"x", , ,"", ,)',
        Call(
            "Replace",
            (
                Attribute("a"), Text("x"), Omitted(), Omitted(), Text(""), Omitted(), Omitted(),
            ),
        ),
    ),
    (
        "IIF([a]<=-1,\n\t[b] , F( [c] ))",
        Call(
            "IIF",
            (
                Comparison(Attribute("a"), "<=", Number(-1)),
                Attribute("b"),
                Call("F", (Attribute("c"),)),
            ),
        ),
    ),
    ("\ufeff[a]\u00a0", Attribute("a")),  # what copying from pages and files leaves around
]  # fmt: skip


@pytest.mark.parametrize(("text", "tree"), TREES)
def test_tree(text, tree):
    assert parse(text) == tree
    assert parse(to_source(tree)) == tree
    assert str(tree) == to_source(tree)


def test_nodes_know_their_place():
    tree = parse('Join(" ",\n  [a],\n  Left([b], 1))')
    left = tree.arguments[2]
    assert (left.at, left.arguments[0].at) == (Position(3, 3), Position(3, 8))


REFUSED = [
    # text, line, column, beginning of the message
    ("", 1, 1, "the expression is empty"),
    (" \n ", 1, 1, "the expression is empty"),
    ('Join(" ", [a]', 1, 14, "the expression ends too early: , or ) is missing"),
    ("Join(", 1, 6, "the expression ends too early"),
    ('Join(" " [a])', 1, 10, "unexpected [a]: , or ) was expected"),
    ("[a] [b]", 1, 5, "unexpected [b]: the expression is complete before it"),
    ("Left([a], 1))", 1, 13, "unexpected ): the expression is complete"),
    ("IIF([a] = , 1, 2)", 1, 11, "unexpected ,: a value was expected"),
    ("([a])", 1, 1, "unexpected (: brackets belong to a function"),
    ('Append([a], "x)', 1, 13, "this string is not closed"),
    ("Append([a, 1)", 1, 8, "this attribute is not closed"),
    ("[]", 1, 1, "this attribute is not closed or has no name"),
    ("Join(“ ”, [a])", 1, 6, "strings stand in straight quotes"),
    ("Append('a', 'b')", 1, 8, "strings stand in straight quotes"),
    ('[a] & "b"', 1, 5, "unexpected &: strings are put together with Append"),
    ('IIF([a] != "b", 1, 2)', 1, 9, "unexpected !: not equal is written <>"),
    ("[a]\n%", 2, 1, "unexpected character '%'"),
    ("1" * 19, 1, 1, "a number has at most 18 digits"),
    ("&H" + "F" * 15, 1, 1, "a hexadecimal number has at most 14 digits"),
    ("9" * 400 + ".5", 1, 1, "a number has at most 18 digits"),
    # names
    ('join(" ", [a])', 1, 1, "unknown function join: it is spelled Join"),
    ("IsNullorEmpty([a])", 1, 1, "unknown function IsNullorEmpty: it is spelled IsNullOrEmpty"),
    ("Left(ToLowr([a]), 1)", 1, 6, "unknown function ToLowr: did you mean ToLower?"),
    ("Frobnicate([a])", 1, 1, "unknown function Frobnicate"),
    ('InStr("a", "b", 1, vbtextcompare)', 1, 20, "unknown word vbtextcompare: did you mean vbT"),
    ("Append(firstName, 1)", 1, 8, "unknown word firstName: an attribute is written [name]"),
    ("Append(Now, 1)", 1, 8, "unknown word Now: a function is called: Now()"),
    # numbers of arguments
    ("Left([a])", 1, 1, "too few arguments for Left (1 given): Left(source, count)"),
    ("Left([a], 1, 2)", 1, 1, "too many arguments for Left (3 given)"),
    ("Coalesce()", 1, 1, "too few arguments for Coalesce (0 given)"),
    ('Switch([a], "d", "k", "v", "x")', 1, 28, "a key without a value"),
    # comparisons
    ('[a] = "b"', 1, 1, "a comparison (=) stands only as the condition of IIF or inside CBool"),
    ('Not([a] <> "b")', 1, 5, "a comparison (<>) stands only"),
    ('IIF([a] = 1, [b] = 2, "x")', 1, 14, "a comparison (=) stands only"),
    # functions that exist but are not evaluated
    ("SingleAppRoleAssignment([a])", 1, 1, "SingleAppRoleAssignment belongs to outbound"),
    ("AppRoleAssignmentsComplex([a])", 1, 1, "AppRoleAssignmentsComplex belongs to outbound"),
    ("ToLower(SelectUniqueValue([a], [b]))", 1, 9, "SelectUniqueValue must be the outermost"),
]


@pytest.mark.parametrize(("text", "line", "column", "message"), REFUSED)
def test_refusal_says_what_and_where(text, line, column, message):
    with pytest.raises(ParseError) as caught:
        compile_expression(text)
    error = caught.value
    assert error.message.startswith(message)
    assert (error.line, error.column) == (line, column)
    assert str(error) == f"line {line}, column {column}: {error.message}"


def test_the_caret_stands_under_the_place():
    with pytest.raises(ParseError) as caught:
        compile_expression('Join(" ",\n\t[a],\n\t%)')
    assert caught.value.caret == "\t%)\n\t^"


def test_a_long_line_is_cut_around_the_caret():
    with pytest.raises(ParseError) as caught:
        compile_expression(f'Join("{"x" * 500}", %, "{"y" * 500}")')
    shown, marker = caught.value.caret.split("\n")
    assert len(shown) <= 100
    assert shown[marker.index("^")] == "%"


def test_depth_is_limited():
    def nested(depth):
        return "ToLower(" * depth + "[a]" + ")" * depth

    assert compile_expression(nested(MAX_DEPTH)).evaluate({"a": "X"}) == "x"
    with pytest.raises(ParseError, match=f"nested more than {MAX_DEPTH} deep"):
        parse(nested(MAX_DEPTH + 1))


def test_length_is_limited():
    assert parse(f'"{"x" * (MAX_LENGTH - 2)}"')
    with pytest.raises(ParseError, match=f"at most {MAX_LENGTH}"):
        parse(f'"{"x" * (MAX_LENGTH - 1)}"')


def test_compiled_expression_names_what_it_reads():
    compiled = compile_expression('IIF([a]="1", Join(" ", [b], Redact([c])), [a])')
    assert compiled.attributes == {"a", "b", "c"}
    assert compiled.redacted
    assert not compile_expression("[a]").redacted


def test_compiled_expression_says_what_it_depends_on():
    flags = {
        "Guid()": (True, False),
        'IIF([a]="1", RandomString(3, 0, 0, 0, 0), "x")': (True, False),
        'DateDiff("d", [a], Now())': (False, True),
        "Append(Guid(), Now())": (True, True),
        "CDate([a])": (False, False),
    }
    for text, expected in flags.items():
        compiled = compile_expression(text)
        assert (compiled.volatile, compiled.clocked) == expected


def test_a_tree_compiles_as_its_text_does():
    tree = Call("Left", (Attribute("a"), Number(1)))
    assert compile_expression(tree).evaluate({"a": "xyz"}) == "x"
    with pytest.raises(ParseError):
        compile_expression(Attribute("a]b"))


def test_the_registry_lists_every_function_of_the_language():
    names = (
        "Append AppRoleAssignmentsComplex BitAnd CBool CDate Coalesce ConvertToBase64 "
        "ConvertToUTF8Hex Count CStr DateAdd DateDiff DateFromNum FormatDateTime Guid "
        "IgnoreFlowIfNullOrEmpty IIF InStr IsNull IsNullOrEmpty IsPresent IsString Item Join Left "
        "Mid NormalizeDiacritics Not Now NumFromDate PCase RandomString Redact RemoveDuplicates "
        "Replace SelectUniqueValue SingleAppRoleAssignment Split StripSpaces Switch ToLower "
        "ToUpper Word"
    )
    assert set(FUNCTIONS) == set(names.split())
    assert all(function.doc and function.example for function in FUNCTIONS.values())
    assert FUNCTIONS["InStr"].signature == "InStr(source, find, start?, compareType?)"
    assert all(function.evaluated or function.refusal for function in FUNCTIONS.values())
