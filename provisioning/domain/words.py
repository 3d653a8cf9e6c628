"""Words of HR exports in eight languages: statuses, countries, and how names are compared; pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

_CAMEL = re.compile(r"(?<=[a-zà-ÿ0-9])(?=[A-ZÀ-Þ])|(?<=[A-Z])(?=[A-Z][a-z])")
_APART = re.compile(r"[^a-z0-9]+")
_LETTERS = str.maketrans({"ß": "ss", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d"})


@lru_cache(maxsize=20_000)
def fold_words(text: str) -> str:
    """Words in lower case without marks, one space between: "PersonalNr." is "personal nr"."""
    apart = _CAMEL.sub(" ", text.strip())
    plain = unicodedata.normalize("NFKD", apart.lower().translate(_LETTERS))
    bare = "".join(char for char in plain if not unicodedata.combining(char))
    return _APART.sub(" ", bare).strip()


_ACTIVE = (
    "active true yes y 1 employed current enabled a aktiv ja beschäftigt angestellt actif active"
    " oui présent activo activa sí si actief in_dienst anställd attivo attiva sì in_servizio"
    " aktywny aktywna tak zatrudniony zatrudniona"
)
_INACTIVE = (
    "inactive false no n 0 terminated left leaver former disabled i inaktiv nein ausgeschieden"
    " ausgetreten gekündigt inactif inactive non sorti parti inactivo inactiva baja inactief nee"
    " uit_dienst nej slutat inattivo inattiva cessato cessata nieaktywny nieaktywna nie zwolniony"
    " zwolniona"
)


def _statuses() -> dict[str, bool]:
    found: dict[str, bool] = {}
    for words, active in ((_ACTIVE, True), (_INACTIVE, False)):
        for word in words.split():
            found[fold_words(word)] = active
    return found


STATUS: Mapping[str, bool] = _statuses()
"""Folded words for an active (True) or inactive (False) person."""

# Each country: code, then its names in English, German, French, Spanish, Dutch, Swedish, Italian
# and Polish where they differ.
_COUNTRIES = """
AT Austria,Österreich,Autriche,Oostenrijk,Österrike
AU Australia,Australien,Australie,Australië
BE Belgium,Belgien,Belgique,Bélgica,België,Belgio,Belgia
BG Bulgaria,Bulgarien,Bulgarie,Bulgarije,Bułgaria
BR Brazil,Brasilien,Brésil,Brasil,Brazilië,Brasile,Brazylia
CA Canada,Kanada,Canadá
CH Switzerland,Schweiz,Suisse,Suiza,Zwitserland,Svizzera,Szwajcaria
CN China,Chine,Kina,Cina,Chiny
CZ Czechia,Czech Republic,Tschechien,Tchéquie,Chequia,Tsjechië,Tjeckien,Cechia,Czechy
DE Germany,Deutschland,Allemagne,Alemania,Duitsland,Tyskland,Germania,Niemcy
DK Denmark,Dänemark,Danemark,Dinamarca,Denemarken,Danmark,Danimarca,Dania
EE Estonia,Estland,Estonie
ES Spain,Spanien,Espagne,España,Spanje,Spagna,Hiszpania
FI Finland,Finnland,Finlande,Finlandia
FR France,Frankreich,Francia,Frankrijk,Frankrike,Francja
GB United Kingdom,Great Britain,Vereinigtes Königreich,Großbritannien,Royaume-Uni,Reino Unido,UK,\
Verenigd Koninkrijk,Storbritannien,Regno Unito,Wielka Brytania,England,Scotland,Wales
GR Greece,Griechenland,Grèce,Grecia,Griekenland,Grekland,Grecja
HR Croatia,Kroatien,Croatie,Croacia,Kroatië,Croazia,Chorwacja
HU Hungary,Ungarn,Hongrie,Hungría,Hongarije,Ungern,Ungheria,Węgry
IE Ireland,Irland,Irlande,Irlanda,Ierland,Irlandia
IN India,Indien,Inde,Indie
IT Italy,Italien,Italie,Italia,Italië,Włochy
JP Japan,Japon,Japón,Giappone,Japonia
LT Lithuania,Litauen,Lituanie,Lituania,Litouwen,Litwa
LU Luxembourg,Luxemburg,Luxemburgo,Lussemburgo,Luksemburg
LV Latvia,Lettland,Lettonie,Letonia,Letland,Lettonia,Łotwa
MX Mexico,Mexiko,Mexique,México,Messico,Meksyk
NL Netherlands,The Netherlands,Niederlande,Pays-Bas,Países Bajos,Nederland,Nederländerna,\
Paesi Bassi,Holandia,Holland
NO Norway,Norwegen,Norvège,Noruega,Noorwegen,Norge,Norvegia,Norwegia
NZ New Zealand,Neuseeland,Nouvelle-Zélande,Nueva Zelanda,Nieuw-Zeeland,Nya Zeeland,Nuova Zelanda
PL Poland,Polen,Pologne,Polonia,Polska
PT Portugal,Portogallo,Portugalia
RO Romania,Rumänien,Roumanie,Rumanía,Roemenië,Rumunia
SE Sweden,Schweden,Suède,Suecia,Zweden,Sverige,Svezia,Szwecja
SI Slovenia,Slowenien,Slovénie,Eslovenia,Slovenië,Słowenia
SK Slovakia,Slowakei,Slovaquie,Eslovaquia,Slowakije,Slovakien,Slovacchia,Słowacja
TR Turkey,Türkei,Turquie,Turquía,Turkije,Turkiet,Turchia,Turcja,Türkiye
UA Ukraine,Ucrania,Oekraïne,Ukraina,Ucraina
US United States,United States of America,USA,Vereinigte Staaten,États-Unis,Estados Unidos,\
Verenigde Staten,Stati Uniti,Stany Zjednoczone
ZA South Africa,Südafrika,Afrique du Sud,Sudáfrica,Zuid-Afrika,Sydafrika,Sudafrica
"""


def _countries() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _COUNTRIES.strip().splitlines():
        code, names = line.split(" ", 1)
        for name in names.split(","):
            found[fold_words(name)] = code
    return found


COUNTRIES: Mapping[str, str] = _countries()
"""Folded names of countries and their ISO 3166-1 codes."""

# ISO 3166-1 alpha-2.
_CODES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO"
    " BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ"
    " DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP"
    " GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG"
    " KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML"
    " MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE"
    " PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL"
    " SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM"
    " US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)
COUNTRY_CODES = frozenset(_CODES.split())
"""Every assigned two-letter code."""
