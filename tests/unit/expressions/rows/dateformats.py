"""FormatDateTime: every letter of a format, written and read."""

from tests.unit.expressions.rows.record import LIST, Fails

MOMENT = "2026-03-01T09:05:07.0123456Z"

# What each format writes for that moment.
WRITTEN = [
    ("%y", "26"), ("yy", "26"), ("yyy", "2026"), ("yyyy", "2026"), ("yyyyy", "02026"),
    ("%M", "3"), ("MM", "03"), ("MMM", "Mar"), ("MMMM", "March"),
    ("%d", "1"), ("dd", "01"), ("ddd", "Sun"), ("dddd", "Sunday"),
    ("%H", "9"), ("HH", "09"), ("%h", "9"), ("hh", "09"),
    ("%m", "5"), ("mm", "05"), ("%s", "7"), ("ss", "07"),
    ("%f", "0"), ("ff", "01"), ("fff", "012"), ("ffff", "0123"),
    ("fffff", "01234"), ("ffffff", "012345"), ("fffffff", "0123456"),
    ("%F", ""), ("FF", "01"), ("FFF", "012"), ("FFFF", "0123"),
    ("FFFFF", "01234"), ("FFFFFF", "012345"), ("FFFFFFF", "0123456"),
    ("%t", "A"), ("tt", "AM"), ("%z", "+0"), ("zz", "+00"), ("zzz", "+00:00"),
    ("%K", "Z"), ("%g", "A.D."),
    ("yyyyMMddHHmmss.fZ", "20260301090507.0Z"),  # what is no letter of a format stays
    ("s.F", "7"),  # the point goes with the digits
    ("'day' d", "day 1"), ('\\"day\\" d', "day 1"), ("\\\\d d", "d 1"),
    ("d.M.yyyy ж.", "1.3.2026 ж."),
    ("d", "3/1/2026"), ("G", "3/1/2026 9:05:07 AM"), ("s", "2026-03-01T09:05:07"),
    ("o", "2026-03-01T09:05:07.0123456Z"), ("M", "March 1"), ("u", "2026-03-01 09:05:07Z"),
    ("R", "Sun, 01 Mar 2026 09:05:07 GMT"),
]  # fmt: skip

_ISO = "yyyy-MM-ddTHH:mm:ss.FFFFFFF"
# A text, its format, and the moment in UTC.
READ = [
    ("26-3-1", "y-M-d", "2026-03-01T00:00:00"),
    ("50-03-01", "yy-MM-dd", "1950-03-01T00:00:00"),
    ("0026-03-01", "yyyy-MM-dd", "0026-03-01T00:00:00"),
    ("026-03-01", "yyy-MM-dd", "0026-03-01T00:00:00"),
    ("02026-03-01", "yyyyy-MM-dd", "2026-03-01T00:00:00"),
    ("1 mar 2026", "d MMM yyyy", "2026-03-01T00:00:00"),
    ("1 March 2026", "d MMMM yyyy", "2026-03-01T00:00:00"),
    ("Sun 1.3.2026", "ddd d.M.yyyy", "2026-03-01T00:00:00"),
    ("Sunday 1.3.2026", "dddd d.M.yyyy", "2026-03-01T00:00:00"),
    ("2026 9:5:7", "yyyy H:m:s", "2026-01-01T09:05:07"),
    ("2026 09:05:07", "yyyy HH:mm:ss", "2026-01-01T09:05:07"),
    ("2026 12:05 AM", "yyyy h:mm tt", "2026-01-01T00:05:00"),
    ("2026 12:05 p", "yyyy hh:mm t", "2026-01-01T12:05:00"),
    ("2026 9:05", "yyyy h:mm", "2026-01-01T09:05:00"),  # no tt: the morning
    ("2026 9+1", "yyyy Hz", "2026-01-01T08:00:00"),
    ("2026 9-11", "yyyy Hzz", "2026-01-01T20:00:00"),
    ("2026 9+05:30", "yyyy Hzzz", "2026-01-01T03:30:00"),
    ("2026 9Z", "yyyy HK", "2026-01-01T09:00:00"),
    ("2026 9", "yyyy HK", "2026-01-01T09:00:00"),
    ("2026 A.D.", "yyyy g", "2026-01-01T00:00:00"),
    *(
        (f"2026 0.{'1234567'[:n]}", f"yyyy s.{letter * n}", f"2026-01-01T00:00:00.{'1234567'[:n]}")
        for letter in "fF"
        for n in range(1, 8)
    ),
    ("2026 0", "yyyy s.FFF", "2026-01-01T00:00:00"),
    ("20260301090507.0Z", "yyyyMMddHHmmss.fZ", "2026-03-01T09:05:07"),
    ("2026-03-01T09:05:07.0123456+01:00", "o", "2026-03-01T08:05:07.0123456"),
    ("1 de março", "d 'de março'", None),
]

ROWS = [
    *((f'FormatDateTime("{MOMENT}", , , "{pattern}")', text) for pattern, text in WRITTEN),
    *(
        (f'FormatDateTime("{text}", , "{pattern}", "{_ISO}")', expected)
        for text, pattern, expected in READ
        if expected is not None
    ),
    # As engineers write it for HR systems
    (
        'FormatDateTime("2020-03-16-07:00", , "yyyy-MM-ddzzz", "yyyyMMddHHmmss.fZ")',
        "20200316070000.0Z",
    ),
    ('FormatDateTime([absent], , "yyyyMMdd", "yyyy")', None),
    ('FormatDateTime([empty], , "yyyyMMdd", "yyyy")', None),
    (f'FormatDateTime({LIST}, , "yyyy", "yyyy")', Fails("FormatDateTime: a list of 4 values")),
    ('FormatDateTime("12/25", , "M/d", "d.M.")', "25.12."),  # no year, and none needed
    ('FormatDateTime("2/29", , "M/d", "d.M.")', "29.2."),
    ('FormatDateTime("12/25", , "M/d", "yyyy")', Fails("FormatDateTime: the output format needs")),
    ('FormatDateTime("1 de março", , "d \'de março\'", "%d")', "1"),
    ("FormatDateTime([date], , , )", "3/1/2026 12:00:00 AM"),
    ('FormatDateTime(CStr(CDate([date])), , "M/d/yyyy h:mm:ss tt", "yyyyMMdd")', "20260301"),
    ('FormatDateTime(" 2026 ", "AllowWhiteSpaces", "yyyy", "yy")', "26"),
    ('FormatDateTime("2026  3", "AllowInnerWhite, AssumeUniversal", "yyyy M", "MM")', "03"),
    (
        'FormatDateTime("2026 3", "Lenient", "yyyy M", "MM")',
        Fails("FormatDateTime: dateTimeStyles"),
    ),
    ('FormatDateTime("2026-3-1", , "yyyy-MM-dd", "yy")', Fails("FormatDateTime: ")),
    ('FormatDateTime("2026-02-30", , "yyyy-MM-dd", "yy")', Fails("FormatDateTime: ")),
    ('FormatDateTime("Mon 1.3.2026", , "ddd d.M.yyyy", "yy")', Fails("FormatDateTime: ")),
    ('FormatDateTime("1.3.2026 4", , "d.M.yyyy M", "yy")', Fails("FormatDateTime: ")),
    ('FormatDateTime([date], , , "\'open")', Fails("FormatDateTime: ")),
    ('FormatDateTime([date], , , "%")', Fails("FormatDateTime: ")),
    ('FormatDateTime([date], , , "%%d")', Fails("FormatDateTime: ")),
    # Nothing is given back, so this ends at once.
    (f'FormatDateTime("{"1" * 90}x", , "{"%F" * 240}", "yy")', Fails("FormatDateTime: ")),
    ('FormatDateTime([date], , , "q")', Fails('FormatDateTime: "q" alone is no date format')),
    ('FormatDateTime([date], , , "ffffffff")', Fails("FormatDateTime: ")),
]
