"""Replace in all its forms."""

from tests.unit.expressions.rows.record import Fails

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
    # All seven arguments written out
    ('Replace([name], "_", , , " ", , )', "john doe72"),
    ('Replace("Łoś", "ś", , , "s", , )', "Łos"),
    ('Replace([name], "{x}", , , , , "{x}@a.example")', "john_doe72@a.example"),
    ('Replace([name], , "[0-9]+$", , "", , )', "john_doe"),
    ('Replace([name], , "_(?<tail>.*)", "tail", "x", , )', "john_x"),
    ('Replace([null], , "(?<d>@.*)", "d", , [mail], )', "@a.example"),
    ('Replace([names], "a", , , "b")', Fails("Replace: a list of 4 values")),
]
