"""Names for the demo: common given names of Europe, and family names put together from syllables.

No pair is meant to be anybody. Letters, spaces and hyphens only, so that a user name can be built.
"""

import random
import unicodedata
from collections.abc import Iterable, Iterator

_GIVEN = (
    "Ada, Aino, Åsa, Anaïs, André, Anna-Lena, Beáta, Björn, Božena, Carla, Chloé, Clara, Dário, "
    "Elif, Émile, Eszter, Florian, François, Gözde, Hélène, Henrik, Ilse, Inês, Ivana, Jürgen, "
    "João, Jörg, Katarína, Lukáš, Łucja, Maëlle, Małgorzata, Marie Claire, Márta, Mira, Nils, "
    "Noémie, Ottó, Pauline, Petr, Rūta, Renée, Sára, Søren, Šárka, Tomás, Tove, Ülle, Věra, Vít, "
    "Wim, Yara, Zdeněk, Zoë, Żaneta, Ægir Leó"
)
_STARTS = (
    "Al, Bar, Brø, Cor, Dal, Dör, Eck, Fal, Gün, Hag, Hol, Ist, Jan, Kel, Kró, Lau, Lö, Mar, Mén, "
    "Nor, Ost, Pel, Quin, Ræ, Sand, Ště, Tal, Ul, Var, Wes, Zá, Żu"
)
_ENDS = (
    "bach, berg, dorff, elek, feld, gård, hart, inić, kowska, lund, mann, nagy, oux, quist, rova, "
    "sen, ski, ström, thal, uță, vik, weiß, zañez, čka"
)
# Letters that Unicode does not decompose, as NormalizeDiacritics of the mapping language does it.
_UNDECOMPOSED = str.maketrans({"ł": "l", "ø": "oe", "œ": "oe", "æ": "ae", "ß": "ss", "đ": "d"})


def plain(name: str) -> str:
    """The name in lower case without spaces and marks, as it stands in a user name."""
    letters = unicodedata.normalize("NFD", name.lower().translate(_UNDECOMPOSED))
    return "".join(char for char in letters if not unicodedata.combining(char) and char != " ")


def people_names(count: int, rng: random.Random, encoding: str) -> Iterator[tuple[str, str]]:
    """`count` given and family names, all different as user names, that the encoding can write.

    Beyond some 40,000 the family names carry a number.
    """
    given = _distinct(_GIVEN.split(", "), encoding)
    starts, ends = _STARTS.split(", "), _ENDS.split(", ")
    family = _distinct((start + end for start in starts for end in ends), encoding)
    pairs = len(given) * len(family)
    rounds = -(-count // pairs)
    for pick in rng.sample(range(pairs * max(rounds, 1)), count):
        number, pair = divmod(pick, pairs)
        which_family, which_given = divmod(pair, len(given))
        yield given[which_given], family[which_family] + (str(number) if number else "")


def _distinct(names: Iterable[str], encoding: str) -> list[str]:
    by_plain: dict[str, str] = {}
    for name in names:
        if name.encode(encoding, "ignore").decode(encoding) == name:
            by_plain.setdefault(plain(name), name)
    return list(by_plain.values())
