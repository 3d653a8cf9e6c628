"""Functions that choose, test and compare."""

from provisioning.domain.expressions import IGNORED
from tests.unit.expressions.rows.record import Fails

ROWS = [
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
    # Lists, empty texts and Unicode
    ("IsNull([names])", False),
    ("IsNull([first])", False),
    ("IsNullOrEmpty([names])", False),
    ('IsPresent(Split([empty], ","))', False),
    ("IsPresent([names])", True),
    ("IsString([empty])", True),
    ("IsString([names])", False),
    ("Not([empty])", True),  # as null
    ("Not([five])", Fails('Not: source must be True or False, not "5"')),
    ("Not([first])", Fails('Not: source must be True or False, not "Zoë"')),
    ("Not([names])", Fails("Not: a list of 4 values")),
    ("CBool([empty])", False),
    ('CBool([first]="Zoë")', True),
    ('CBool("maybe")', Fails('CBool: the value must be True or False, not "maybe"')),
    ("CBool([names])", Fails("CBool: a list of 4 values")),
    ('IIF([names]="a", 1, 2)', Fails("IIF: a list of 4 values")),
    ('IIF([first], "y", "n")', Fails('IIF: the condition must be True or False, not "Zoë"')),
    ("Coalesce([absent], [names])", ("Åsa", "", "Åsa", "Bo")),
    ('Switch([names], "d", "a", "b")', Fails("Switch: a list of 4 values")),
    ('Switch([absent], "d", , "none")', "none"),  # an omitted key is the empty one
    ("IgnoreFlowIfNullOrEmpty([names])", ("Åsa", "", "Åsa", "Bo")),
    ('IgnoreFlowIfNullOrEmpty(Split([absent], ","))', IGNORED),
    ("Redact([absent])", None),
    ("Redact([empty])", ""),
    ("Redact([names])", ("Åsa", "", "Åsa", "Bo")),
]
