# ruff: noqa: RUF001, RUF003 - letters that look alike are what these rows are about
"""Functions on text."""

from tests.unit.expressions.rows.record import LIST, Fails

ROWS = [
    # Append
    ('Append([first], "!")', "Zoë!"),
    ('Append([absent], "x")', "x"),  # null adds nothing
    ('Append([empty], "")', ""),
    ("Append([absent], )", None),  # an omitted argument is null
    ("Append(5, 2.5)", "52.5"),  # numbers become text
    ('Append(IsNull([absent]), "")', "True"),  # booleans as the reference prints them
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
    # CStr
    ("CStr(1000)", "1000"),
    ("CStr(-1.50)", "-1.5"),
    ("CStr(IsPresent([first]))", "True"),
    ("CStr([absent])", None),
    # No function at all
    ("[first]", "Zoë"),
    ("[absent]", None),
    ('"constant"', "constant"),
    ("-10", -10),
    ("&HF7", 247),
    # Lists are no texts, and what else cannot work
    (f"Append({LIST}, 1)", Fails("Append: a list of 4 values cannot be used as one text")),
    ('Append([names], "x")', Fails("Append: a list of 4 values")),
    ("Left([empty], 3)", ""),
    ("Left([names], 1)", Fails("Left: a list of 4 values")),
    ('Left([first], "x")', Fails('Left: count must be a whole number, not "x"')),
    ("Left([first], )", Fails("Left: count is missing")),
    ("Mid([empty], 1, 3)", ""),
    ("Mid([names], 1, 1)", Fails("Mid: a list of 4 values")),
    ("Mid([first], 0, 1)", Fails("Mid: start must be 1 or more, not 0")),
    ("Mid([first], 1, -1)", Fails("Mid: length must be 0 or more, not -1")),
    ("ToLower([names])", Fails("ToLower: a list of 4 values")),
    ("ToUpper([absent])", None),
    ("ToUpper([empty])", ""),
    ("PCase([empty])", ""),
    ("PCase([names])", Fails("PCase: a list of 4 values")),
    ("StripSpaces([names])", Fails("StripSpaces: a list of 4 values")),
    ("NormalizeDiacritics([names])", Fails("NormalizeDiacritics: a list of 4 values")),
    ('InStr([empty], "")', 0),  # as in VBA: nothing is found in nothing
    ('InStr([last], "")', 1),
    ('InStr([last], "ś")', 3),
    ('InStr("abc", "", 4)', 0),
    ('InStr("ŁOŚ", "oś", , vbTextCompare)', 2),
    ('InStr([names], "B")', Fails("InStr: a list of 4 values")),
    ('InStr("a", "a", 0)', Fails("InStr: start must be 1 or more, not 0")),
    ('InStr("a", "a", 1, 2)', Fails("InStr: compareType must be vbBinaryCompare or vbTextCompare")),
    ('Word([empty], 1, " ")', ""),
    ('Word([last], 2, "-")', "Smith"),
    ('Word("a b", 1, "")', "a b"),  # nothing ends a word
    ('Word([names], 1, " ")', Fails("Word: a list of 4 values")),
    ("CStr([empty])", ""),
    ("CStr([names])", Fails("CStr: a list of 4 values")),
    ('CStr(CDate("2026-03-01T13:05:09+01:00"))', "3/1/2026 12:05:09 PM"),
    ('Join(" ", ToUpper([names]))', Fails("ToUpper: a list of 4 values")),  # the inner one is named
]
