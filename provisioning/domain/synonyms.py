"""How HR systems call the columns we know, in eight languages; pure."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.domain.attributes import ENTERPRISE, ENTRA, MAIL_NICKNAME
from provisioning.domain.words import fold_words

LANGUAGES = ("English", "German", "French", "Spanish", "Dutch", "Swedish", "Italian", "Polish")

_WORK = 'addresses[type eq "work"]'
_PHONES = 'phoneNumbers[type eq "{}"].value'

# What a column is → the path it fills, and its names, a line per language in the order above.
KEY, STATUS_COLUMN, COUNTRY_COLUMN, HIRED, LEFT = "key", "status", "country", "hired", "left"
LABELS: Mapping[str, str] = {
    KEY: "an employee's number",
    STATUS_COLUMN: "whether somebody is active",
    COUNTRY_COLUMN: "a country",
    HIRED: "the first day at work",
    LEFT: "the last day at work",
}
"""The words for what is not a single attribute."""

_TABLE: tuple[tuple[str, str], ...] = (
    (
        "name.givenName",
        """given name, first name, forename, firstname, givenname, fname
        vorname, rufname
        prénom, prenom
        nombre, nombre de pila
        voornaam, roepnaam
        förnamn, tilltalsnamn
        nome, nome di battesimo
        imię""",
    ),
    (
        "name.familyName",
        """family name, last name, surname, lastname, familyname, lname, sn
        nachname, familienname, zuname
        nom, nom de famille
        apellido, apellidos
        achternaam, familienaam
        efternamn
        cognome
        nazwisko""",
    ),
    (
        "displayName",
        """display name, full name, name, employee name, preferred name, fullname, displayname
        anzeigename, vollständiger name
        nom complet, nom affiché
        nombre completo
        volledige naam, weergavenaam
        namn, fullständigt namn, visningsnamn
        nome completo, nominativo
        imię i nazwisko, nazwa wyświetlana""",
    ),
    (
        'emails[type eq "work"].value',
        """email, e mail, mail, email address, work email, business email, mail address
        e mail adresse, mailadresse, geschäftliche e mail, dienstliche e mail
        courriel, adresse mail, adresse électronique
        correo, correo electrónico
        e mailadres, mailadres
        e post, epost, e postadress
        posta elettronica, indirizzo email
        adres e mail, poczta""",
    ),
    (
        "userName",
        """user name, username, login, login name, upn, user principal name, account
        benutzername, anmeldename
        identifiant, nom d'utilisateur
        usuario, nombre de usuario
        gebruikersnaam, inlognaam
        användarnamn, inloggning
        nome utente
        nazwa użytkownika""",
    ),
    (
        "title",
        """job title, title, position, role, jobtitle, job, function
        stelle, stellenbezeichnung, position, funktion, berufsbezeichnung, tätigkeit
        poste, fonction, intitulé du poste, titre
        puesto, cargo
        functie, functietitel
        titel, befattning, yrkestitel
        mansione, qualifica, ruolo
        stanowisko""",
    ),
    (
        f"{ENTERPRISE}:department",
        """department, dept, team, org unit
        abteilung, bereich, organisationseinheit
        département, service
        departamento
        afdeling
        avdelning
        reparto, dipartimento
        dział, wydział""",
    ),
    (
        f"{ENTERPRISE}:division",
        """division, business unit
        sparte, geschäftsbereich
        branche
        división
        divisie
        affärsområde
        divisione
        pion""",
    ),
    (
        f"{ENTERPRISE}:costCenter",
        """cost center, cost centre, costcenter
        kostenstelle
        centre de coûts, centre de coût
        centro de coste, centro de costes
        kostenplaats
        kostnadsställe
        centro di costo
        centrum kosztów, mpk""",
    ),
    (
        f"{ENTERPRISE}:organization",
        """company, company name, organization, organisation, legal entity, employer
        firma, unternehmen, gesellschaft
        société, entreprise
        empresa, sociedad
        bedrijf, onderneming
        företag, bolag
        azienda, società
        spółka, przedsiębiorstwo""",
    ),
    (
        KEY,
        """employee id, employee number, employee no, emp id, personnel number, staff id,\
        staff number, person id, worker id, id, hr id, payroll number
        personalnummer, mitarbeiternummer, personal nr, pers nr, personal id
        matricule, numéro d'employé, id salarié
        número de empleado, id empleado, legajo
        personeelsnummer, medewerkernummer, werknemersnummer
        anställningsnummer, anstnr, personal id
        matricola, codice dipendente, numero dipendente
        numer pracownika, nr pracownika, numer ewidencyjny""",
    ),
    (
        STATUS_COLUMN,
        """status, active, employment status, employee status, state, is active, enabled
        status, aktiv, beschäftigungsstatus
        statut, actif, état
        estado, activo, situación
        status, actief
        status, aktiv, anställningsstatus
        stato, attivo
        status, aktywny""",
    ),
    (
        'phoneNumbers[type eq "work"].value',
        """phone, telephone, work phone, phone number, office phone, business phone, tel
        telefon, telefonnummer, rufnummer, durchwahl, diensttelefon
        téléphone, numéro de téléphone, tél
        teléfono
        telefoon, telefoonnummer
        telefon, telefonnummer
        telefono
        telefon, numer telefonu""",
    ),
    (
        'phoneNumbers[type eq "mobile"].value',
        """mobile, mobile phone, cell, cell phone, mobile number, cellphone
        mobil, handy, mobiltelefon, mobilnummer, handynummer
        portable, téléphone portable, mobile
        móvil, celular
        mobiel, mobiele telefoon
        mobil, mobilnummer
        cellulare
        komórka, telefon komórkowy""",
    ),
    (
        f"{_WORK}.streetAddress",
        """street, street address, address, address line 1
        straße, strasse, anschrift, adresse
        rue, adresse
        calle, dirección
        straat, adres
        gata, gatuadress, adress
        via, indirizzo
        ulica, adres""",
    ),
    (
        f"{_WORK}.locality",
        """city, town, locality, location, work location
        ort, stadt, standort, arbeitsort
        ville, lieu, site
        ciudad, localidad
        plaats, stad, woonplaats, locatie
        ort, stad
        città, comune, sede
        miasto, miejscowość""",
    ),
    (
        f"{_WORK}.region",
        """state or region, region, province, county
        bundesland, kanton
        région, province
        provincia, comunidad
        provincie, regio
        län, region
        regione, provincia
        województwo""",
    ),
    (
        f"{_WORK}.postalCode",
        """postal code, zip, zip code, postcode, post code
        plz, postleitzahl
        code postal, cp
        código postal
        postcode
        postnummer
        cap, codice postale
        kod pocztowy""",
    ),
    (
        COUNTRY_COLUMN,
        """country, country code, nation, country name
        land, ländercode, länderkennzeichen, staat
        pays, code pays
        país
        land, landcode
        land, landskod
        paese, nazione
        kraj""",
    ),
    (
        f"{ENTRA}:officeLocation",
        """office, office location, room, building
        büro, raum, gebäude
        bureau, bâtiment
        oficina, edificio
        kantoor, gebouw
        kontor, byggnad
        ufficio, edificio
        biuro, budynek""",
    ),
    (
        HIRED,
        """hire date, start date, employment start, date of hire, joining date, entry date, hired
        eintritt, eintrittsdatum, einstellungsdatum
        date d'embauche, date d'entrée, entrée
        fecha de alta, fecha de contratación, fecha de ingreso
        datum in dienst, indiensttreding, startdatum
        anställningsdatum, startdatum
        data assunzione, data di assunzione
        data zatrudnienia""",
    ),
    (
        LEFT,
        """leave date, end date, termination date, exit date, last day, leaving date
        austritt, austrittsdatum
        date de sortie, date de départ, sortie
        fecha de baja, fecha de salida
        datum uit dienst, uitdiensttreding, einddatum
        slutdatum, avgångsdatum
        data cessazione, data fine rapporto
        data zwolnienia""",
    ),
    (
        "userType",
        """employee type, employment type, contract type, worker type, employee group
        mitarbeitertyp, beschäftigungsart, mitarbeiterkreis, vertragsart
        type de contrat, type d'employé
        tipo de contrato, tipo de empleado
        contracttype, soort dienstverband
        anställningsform, anställningstyp
        tipo di contratto
        typ umowy, rodzaj umowy""",
    ),
    (
        "preferredLanguage",
        """language, preferred language, language code
        sprache, sprachcode
        langue
        idioma
        taal
        språk
        lingua
        język""",
    ),
    (
        MAIL_NICKNAME,
        """mail nickname, alias, nickname, mailnickname
        kurzzeichen, kürzel
        alias
        alias
        alias
        alias, signatur
        alias
        alias""",
    ),
)


def _known() -> dict[str, tuple[tuple[str, str, str], ...]]:
    known: dict[str, list[tuple[str, str, str]]] = {}
    for meaning, text in _TABLE:
        for language, line in zip(LANGUAGES, text.split("\n"), strict=True):
            for name in line.split(","):
                entry = (meaning, language, name.strip())
                known.setdefault(fold_words(name).replace(" ", ""), []).append(entry)
    return {folded: tuple(entries) for folded, entries in known.items()}


KNOWN: Mapping[str, tuple[tuple[str, str, str], ...]] = _known()
"""By folded name without spaces: what such a column is, in which language, and that name."""

_NOISE = (
    "employee emp staff person personal user hr work business primary main worker the of de du"
    " mitarbeiter dienstlich dienstliche geschaftlich employe salarie empleado medewerker anstalld"
    " dipendente pracownika official current sap"
)
NOISE = frozenset(_NOISE.split())
"""Words that say nothing about which attribute a column is for."""
