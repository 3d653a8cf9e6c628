"""Functions on dates; the clock stands at 2026-03-01 23:30 UTC, a Sunday."""

from datetime import UTC, datetime

from tests.unit.expressions.rows.record import LIST, NOW, Fails


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


ROWS = [
    # Now
    ("Now()", NOW),
    ("CStr(Now())", "3/1/2026 11:30:00 PM"),
    ('DateDiff("d", Now(), [date])', 0),
    ('FormatDateTime(Now(), , , "yyyy-MM-dd HH:mm")', "2026-03-01 23:30"),
    # CDate
    ("CDate([date])", utc(2026, 3, 1)),
    ('CDate("2020-03-16-07:00")', utc(2020, 3, 16, 7)),  # a date with an offset
    ('CDate("2020-03-16Z")', utc(2020, 3, 16)),
    ('CDate("2020-03-16T10:20:30+02:00")', utc(2020, 3, 16, 8, 20, 30)),
    ('CDate("2020-03-16 10:20:30.1234567")', utc(2020, 3, 16, 10, 20, 30, 123456)),
    ('CDate("20200316T1020Z")', utc(2020, 3, 16, 10, 20)),  # the basic form of ISO 8601
    ('CDate("3/1/2026 12:05:09 AM")', utc(2026, 3, 1, 0, 5, 9)),  # as dates are printed
    ('CDate("12/31/2026 12:00:00 pm")', utc(2026, 12, 31, 12)),
    ("CDate(CDate([date]))", utc(2026, 3, 1)),
    ("CDate([absent])", None),
    ("CDate([empty])", None),
    (f"CDate({LIST})", Fails("CDate: a list of 4 values")),
    ('CDate("première")', Fails('CDate: "première" is no date such as')),
    ('CDate("2026-02-29")', Fails('CDate: "2026-02-29" is no date of the calendar')),
    ('CDate("13/01/2026")', Fails("CDate: ")),
    ('CDate("1/1/2026 13:00:00 PM")', Fails("CDate: ")),
    ('CDate("0001-01-01+01:00")', Fails("CDate: ")),  # before the year 1 in UTC
    ('CDate("2026-01-01T00:00+15:00")', Fails("CDate: ")),
    ('CDate("٢٠٢٦-٠٣-٠١")', Fails("CDate: ")),  # noqa: RUF001 - digits of other scripts
    # DateAdd
    ('DateAdd("yyyy", 1, "2024-02-29")', utc(2025, 2, 28)),
    ('DateAdd("m", 1, "2026-01-31")', utc(2026, 2, 28)),
    ('DateAdd("m", -1, "2024-03-31")', utc(2024, 2, 29)),
    ('DateAdd("m", 13, "2025-12-31")', utc(2027, 1, 31)),
    ('DateAdd("d", -1, [date])', utc(2026, 2, 28)),
    ('DateAdd("ww", 2, [date])', utc(2026, 3, 15)),
    ('DateAdd("h", 25, [date])', utc(2026, 3, 2, 1)),
    ('DateAdd("n", "-5", CDate([date]))', utc(2026, 2, 28, 23, 55)),
    ('DateAdd("s", 3, [date])', utc(2026, 3, 1, 0, 0, 3)),
    ('DateAdd("d", 1, [absent])', None),
    ('DateAdd("d", 1, [empty])', None),
    (f'DateAdd("d", 1, {LIST})', Fails("DateAdd: a list of 4 values")),
    ('DateAdd("días", 1, [date])', Fails("DateAdd: interval must be one of yyyy, m, d, ww, h, n")),
    ('DateAdd("d", 0.5, [date])', Fails("DateAdd: value must be a whole number")),
    ('DateAdd("yyyy", 9000, [date])', Fails("DateAdd: the date would lie outside")),
    ('DateAdd("d", 999999999999, [date])', Fails("DateAdd: the date would lie outside")),
    ('DateAdd("m", -999999999999, [date])', Fails("DateAdd: the date would lie outside")),
    # DateDiff
    ('DateDiff("yyyy", "2025-12-31", "2026-01-01")', 1),  # one turn of the year
    ('DateDiff("yyyy", "2026-01-01", "2026-12-31")', 0),
    ('DateDiff("m", "2026-01-31", "2026-02-01")', 1),
    ('DateDiff("d", "2026-03-01T23:59:59", "2026-03-02T00:00:00")', 1),  # one midnight
    ('DateDiff("d", "2026-03-02", [date])', -1),
    ('DateDiff("ww", "2026-02-28", [date])', 1),  # from a Saturday to a Sunday
    ('DateDiff("ww", [date], "2026-03-07")', 0),  # the Sunday it begins with does not count
    ('DateDiff("ww", [date], "2026-02-28")', -1),
    ('DateDiff("h", "2026-03-01T10:59:59", "2026-03-01T11:00:00")', 1),
    ('DateDiff("n", "2026-03-01T10:59:59", "2026-03-01T11:00:00")', 1),
    ('DateDiff("s", [date], "2026-03-01T00:01:00.9")', 60),
    ('DateDiff("d", [absent], [date])', None),
    ('DateDiff("d", [date], [empty])', None),
    (f'DateDiff("d", {LIST}, [date])', Fails("DateDiff: a list of 4 values")),
    ('DateDiff("d", [date], [first])', Fails('DateDiff: "Zoë" is no date')),
    ('DateDiff("q", [date], [date])', Fails("DateDiff: interval must be one of")),
    # DateFromNum, NumFromDate
    ("DateFromNum(129699324000000000)", utc(2012, 1, 1, 23)),
    ('DateFromNum("0")', utc(1601, 1, 1)),
    ("DateFromNum([absent])", None),
    ("DateFromNum([empty])", None),
    (f"DateFromNum({LIST})", Fails("DateFromNum: value must be a whole number, not a list")),
    ("DateFromNum([first])", Fails('DateFromNum: value must be a whole number, not "Zoë"')),
    ("DateFromNum(-1)", Fails("DateFromNum: a file time is 0 or more")),
    ("DateFromNum(999999999999999999)", utc(4769, 11, 16, 9, 46, 39, 999999)),
    ('NumFromDate("2012-01-01 23:00:00+00:00")', 129699324000000000),
    ('NumFromDate("2012-01-02T01:00:00+02:00")', 129699324000000000),
    ('NumFromDate("1601-01-01T00:00:00.0000001Z")', 1),  # exact to the tick
    ("NumFromDate(DateFromNum(129699324000000000))", 129699324000000000),
    (
        'NumFromDate(Join("",FormatDateTime("2020-03-16-07:00", ,"yyyy-MM-ddzzz","yyyy-MM-dd"),'
        '"T23:59:59-08:00"))',
        132289055990000000,
    ),
    ("NumFromDate([absent])", None),
    ("NumFromDate([empty])", None),
    (f"NumFromDate({LIST})", Fails("NumFromDate: a list of 4 values")),
    ("NumFromDate([first])", Fails('NumFromDate: "Zoë" is no date')),
    ('NumFromDate("1600-12-31")', Fails("NumFromDate: the date lies before 1601")),
]
