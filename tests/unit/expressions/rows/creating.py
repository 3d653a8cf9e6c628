"""Chance, and values that must be unique; "zoe" and "zoe1" are taken."""

from tests.unit.expressions.rows.record import LIST, Fails, Matches, Refused

_GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_OUTBOUND = ("AppRoleAssignmentsComplex", "SingleAppRoleAssignment")

ROWS = [
    # Guid
    ("Guid()", Matches(_GUID)),
    ("ToUpper(Guid())", Matches(_GUID.upper())),
    ('Replace(Guid(), "-", , , "", , )', Matches("[0-9a-f]{32}")),
    ("Append([first], Guid())", Matches(f"Zoë{_GUID}")),
    # RandomString
    ("RandomString(8, 0, 0, 0, 0)", Matches(".{8}")),
    ("RandomString(4, 4, 0, 0, 0)", Matches("[0-9]{4}")),
    ("RandomString(4, 0, 0, 4, 0)", Matches("[A-Z]{4}")),
    ("RandomString(4, 0, 0, 0, 4)", Matches("[a-z]{4}")),
    ("RandomString(4, 0, 4, 0, 0)", Matches("[^A-Za-z0-9]{4}")),
    ('RandomString(9, 9, 0, 0, 0, "013456789")', Matches("2{9}")),
    ('RandomString(6, , , 1, 1, "")', Matches("(?=.*[A-Z])(?=.*[a-z]).{6}")),  # omitted is 0
    ("RandomString(0, 0, 0, 0, 0)", ""),
    ('RandomString(3, 3, 0, 0, 0, "é012345678")', "999"),
    ("RandomString([absent], 0, 0, 0, 0)", Fails("RandomString: length is missing")),
    (f"RandomString({LIST}, 0, 0, 0, 0)", Fails("RandomString: length must be a whole number")),
    ("RandomString(3, 2, 2, 0, 0)", Fails("RandomString: the minimums add up to 4")),
    (
        'RandomString(3, 1, 0, 0, 0, "0123456789")',
        Fails("RandomString: all digits are to be"),
    ),
    ("RandomString(1001, 0, 0, 0, 0)", Fails("RandomString: length must be between 0 and 1000")),
    # SelectUniqueValue
    ('SelectUniqueValue("zoe", "zoe1", "zoe2")', "zoe2"),
    ('SelectUniqueValue("free", Left([list], "x"))', "free"),  # what follows is not evaluated
    ('SelectUniqueValue([absent], [empty], "zoë")', "zoë"),  # no value is nobody's name
    ('SelectUniqueValue("zoe", , "")', Fails("SelectUniqueValue: the values of all 1 rules are")),
    ("SelectUniqueValue([absent])", Fails("SelectUniqueValue: no rule has a value")),
    (f"SelectUniqueValue({LIST})", Fails("SelectUniqueValue: a list of 4 values")),
    ('SelectUniqueValue("zoe", RandomString(3, 3, 0, 0, 0))', Matches("[0-9]{3}")),
    # Outbound provisioning, whatever stands in the brackets
    *(
        (f"{name}({argument})", Refused(f"{name} belongs to outbound provisioning"))
        for name in _OUTBOUND
        for argument in ("[absent]", '""', LIST, '"Zoë"')
    ),
]
