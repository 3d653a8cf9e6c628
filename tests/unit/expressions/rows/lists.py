"""Functions on lists, bits and bytes."""

from tests.unit.expressions.rows.record import LIST, Fails

ROWS = [
    # Join
    ('Join(" ", [first], [last])', "Zoë Łoś-Smith"),
    ('Join(".", [first], [empty], [absent], , [five])', "Zoë.5"),  # no doubled separator
    (f'Join("/", {LIST}, "x")', "b/a/b/x"),  # a list gives each value, its empty part nothing
    ('Join(, "a", "b")', "ab"),  # an omitted separator is none
    ('Join(" ", [absent], [empty])', ""),
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
    # ConvertToBase64, ConvertToUTF8Hex
    ('ConvertToBase64("Hello world!")', "SABlAGwAbABvACAAdwBvAHIAbABkACEA"),
    ('ConvertToUTF8Hex("Hello world!")', "48656C6C6F20776F726C6421"),
    ('ConvertToUTF8Hex("ß")', "C39F"),
    ("ConvertToBase64([absent])", None),
    # BitAnd
    ("BitAnd(&HF, &HF7)", 7),
    ("BitAnd([five], 4)", 4),
    ('Join("-", [names])', "Åsa-Åsa-Bo"),
    ("Item([empty], 1)", None),
    ("Item([names], 2)", ""),  # an empty value keeps its place
    ("Item([names], 0)", Fails("Item: index must be 1 or more, not 0")),
    ("Count([names])", 4),
    ("RemoveDuplicates([names])", ("Åsa", "", "Bo")),
    ("RemoveDuplicates([empty])", ""),
    ('Split([empty], ",")', ()),
    ('Split(" Å ; ö ", ";")', ("Å", "ö")),
    ('Split([list], "")', Fails("Split: delimiter is missing")),
    ('Split([names], ",")', Fails("Split: a list of 4 values")),
    ("ConvertToBase64([empty])", ""),
    ('ConvertToBase64("é")', "6QA="),
    ("ConvertToBase64([emoji])", "YQA92ADeYgA="),  # a pair of surrogates in UTF-16
    ("ConvertToBase64([names])", Fails("ConvertToBase64: a list of 4 values")),
    ("ConvertToUTF8Hex([absent])", None),
    ("ConvertToUTF8Hex([empty])", ""),
    ("ConvertToUTF8Hex([names])", Fails("ConvertToUTF8Hex: a list of 4 values")),
    ("BitAnd([absent], 1)", None),
    ("BitAnd(-1, &HFF)", 255),
    ('BitAnd("", 1)', Fails("BitAnd: value1 is missing")),
    ("BitAnd([first], 1)", Fails('BitAnd: value1 must be a whole number, not "Zoë"')),
    ("BitAnd([names], 1)", Fails("BitAnd: value1 must be a whole number, not a list of 4 values")),
]
