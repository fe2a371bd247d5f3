"""What the headings of columns say: in several languages, in any case, as separate words or run together."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

__all__ = ["Role", "role_of"]

Role = Literal[
    "observable",
    "valid_from",
    "valid_until",
    "kill_chain_phases",
    "x_ic_related_threat_refs",
    "description",
    "kind",
    "link",
    "reference",
    "type",
    "to_ids",
    "active",
    "revoked",
    "status",
    "action",
    "registration",
]
"""What a column is for.

The first six are Sekoia's fields (contract, "File columns"). A ``kind`` is named after a kind of indicator, such as a URL. A
``link`` can be an indicator or lead to a description of one; a ``reference`` is not one, though its cells look like indicators.
``type`` tells what the indicator of the row is, ``to_ids`` whether it is for detection, ``active``, ``revoked`` and ``status``
whether it still counts, ``action`` whether it is to be blocked or allowed; ``registration`` is about domains, and makes the dates
beside it theirs.
"""

_NAMES: dict[Role, str] = {
    "observable": """
        observable; observables; observable value; indicator; indicators; indicator value; indicator of compromise;
        indicators of compromise; ioc; iocs; ioc value; value; values; artifact; artefact; artifacts; pattern; stix pattern;
        indicateur; indicateurs; indicateur de compromission; indicateurs de compromission; valeur; valeurs; artefacts;
        indikator; indikatoren; wert; werte; kompromittierungsindikator; kompromittierungsindikatoren;
        indicador; indicadores; indicador de compromiso; indicadores de compromiso; valor; valores; artefacto;
        indicatore; indicatori; valore; valori; waarde; waarden; threat indicator; threat indicators; network indicator;
        network indicators; wskaznik; wartosc; индикатор; индикаторы; значение
    """,
    "valid_from": """
        valid from; valid since; start of validity; validity start; effective date; effective from; start date;
        valide a partir du; valide a partir de; valide depuis; valable a partir du; valable des; debut de validite;
        debut validite; date de debut; date de debut de validite; valide du;
        gueltig ab; gueltig von; gueltig seit; gultig ab; gultig von; gultig seit; beginn der gueltigkeit;
        beginn der gultigkeit; gueltigkeitsbeginn; gultigkeitsbeginn; startdatum;
        valido desde; valida desde; inicio de validez; inicio de vigencia; fecha de inicio; vigente desde;
        valido dal; valido da; inizio validita; valido a partir de; geldig vanaf
    """,
    "valid_until": """
        until; valid until; valid to; valid till; valid through; valid thru; end of validity; validity end; expiration;
        expiration date; expiration time; expiration date time; expiration timestamp; expire; expires; expires at; expires on;
        expire date; expire at; expiry; expiry date; expiry time; expired at; end date; ioc expiration; indicator expiration;
        valide jusqu au; valide jusqu a; valable jusqu au; fin de validite; fin validite; date de fin;
        date de fin de validite; date d expiration; expire le; date expiration;
        gueltig bis; gultig bis; ende der gueltigkeit; ende der gultigkeit; gueltigkeitsende; gultigkeitsende; ablaufdatum;
        ablauf; lauft ab; lauft ab am; laeuft ab am; enddatum; verfallsdatum;
        valido hasta; valida hasta; fin de validez; fin de vigencia; fecha de caducidad; caducidad; caduca; caduca el;
        fecha de vencimiento; vencimiento; fecha de expiracion; expiracion; expira; expira el; fecha de fin; vigente hasta;
        scadenza; data di scadenza; data scadenza; scade il; valido fino al; valido fino a; fine validita;
        valido ate; validade; data de validade; data de expiracao; expira em; fim de validade; data de fim;
        geldig tot; geldig tot en met; vervaldatum; verloopt op; verloopdatum; einddatum; wazny do; wygasa; действителен до;
        deactivation date; good until
    """,
    "kill_chain_phases": """
        kill chain phases; kill chain phase; kill chain; kill chains; phases de la kill chain; phase de la kill chain;
        phase kill chain; phases kill chain; kill chain phasen; fases de la kill chain; fase de la kill chain;
        fases de kill chain; fase de kill chain
    """,
    "x_ic_related_threat_refs": """
        x ic related threat refs; related threat refs; related threats; menaces associees; menaces liees;
        zugehorige bedrohungen; zugehoerige bedrohungen; verwandte bedrohungen; amenazas relacionadas; amenazas asociadas
    """,
    "description": """
        description; descriptions; ioc description; indicator description; comment; comments; note; notes; context; remark;
        remarks; commentaire; commentaires; remarque; remarques; contexte;
        beschreibung; beschreibungen; kommentar; kommentare; bemerkung; bemerkungen; anmerkung; anmerkungen; notiz; notizen;
        kontext; descripcion; descripciones; comentario; comentarios; nota; notas; contexto; observacion; observaciones;
        descrizione; descrizioni; commento; commenti; osservazioni; contesto; descricao; descricoes; observacoes; observacao;
        omschrijving; beschrijving; opmerking; opmerkingen; toelichting; notitie; opis; uwagi; описание; комментарий; примечание;
        short description; long description; details; additional information; desc; descr
    """,
    "link": """
        link; links; source ip; src ip; client ip; origin; source; sources; lien; liens; quelle; fuente; enlace; enlaces
    """,
    "type": """
        type; types; indicator type; ioc type; observable type; data type; attribute type; value type; kind; indicator kind;
        type d indicateur; type indicateur; type d ioc; typ; indikatortyp; ioc typ; tipo; tipo de indicador; tipo de ioc;
        tipo di indicatore; tipo indicatore; soort; тип
    """,
    "to_ids": "to ids; ids; for ids; for detection; ids flag",
    "active": "active; is active; is malicious; is malware; enabled; is enabled; actif; aktiv; activo; attivo; ativo; actief",
    "revoked": """
        revoked; is revoked; deleted; is deleted; disabled; whitelisted; is whitelisted; false positive; is false positive;
        revoque; widerrufen; revocado; revocato; revogado; ingetrokken
    """,
    "status": """
        status; state; ioc status; indicator status; statut; etat; estado; stato; statuut; verdict; reputation; classification;
        disposition; assessment; analyst verdict; verdikt; bewertung; veredicto; reputacion; verdetto; reputazione
    """,
    "action": "action; actions; aktion; accion; azione; acao",
    "registration": """
        registrar; registrant; registration date; creation date; created date; name servers; registrant country; whois
    """,
}

# Not letters of any alphabet, and no digits: what stands between the words of a heading, or around them.
_BETWEEN = re.compile(r"[\W_]+")

_QUALIFIER = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\*+$")
"""What a heading says of the form of its cells: IOC (defanged), Valid until (UTC)."""

_ALTERNATIVES = re.compile(r"/|\s(?:or|and|ou|et|oder|und)\s|&")

_OF_INDICATORS = re.compile(r"(?:ioc|indicator|observable|threatindicator)(?=.)")
_OF_TIMES = re.compile(r"(?:utc|gmt|datetime|date|time|timestamp)$")

_LONGEST = 60
"""Characters of a heading; a longer one is prose, on which no pattern should spend time."""


def _key(heading: str) -> str:
    letters = unicodedata.normalize("NFKD", heading.replace("ß", "ss"))
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return _BETWEEN.sub("", plain).casefold()


_ROLES: dict[str, Role] = {_key(name): role for role, names in _NAMES.items() for name in names.split(";")}

_KIND = re.compile(
    r"""
    (?:dst|dest|destination|remote|malicious|bad|evil|c2|c2s|cnc|cc|callback|attacker|file|sample|payload|malware|phishing
       |phish|hash|threat|ioc|indicator|threatindicator|adresse|direccion|direccionde|nomde|nombrede)*
    (?:ip|ips|ipv4|ipv6|ipaddr|domain|domains|domaine|domaines|domane|domanen|domaene|dominio|dominios|host|hosts|hostname|hote
       |fqdn|url|urls|uri|uris|hash|hashes|filehash|empreinte|empreintes|hachage|hashwert|md5|sha1|sha256|sha512|email|emails
       |mail|courriel|correo|mac|dst|destination)
    (?:hash|hashes|address|addresses|adresse|adressen|name|names|value|values|sum|s|ip|ioc|iocs|full|original)*
    """,
    re.VERBOSE,
).fullmatch

_REFERENCE = re.compile(
    r"""
    .*(?:reference|references|referenz|referencia|referencias|permalink|urlhauslink|virustotal|moreinfo) | refs? | .*reports?
    | .*(?:rapport|bericht|informe)s? | .+link | article | blog | tweets?
    | (?:report|source|reference|ref|article|blog|analysis|external|vt|threat|misp|info)urls? | .*details?(?:url|page)
    # Hashes of something else than the file, and what identifies a row.
    | imphash | importhash | authentihash | telfhash | ssdeep | tlsh | vhash | pehash | ja3s?(?:hash|md5)? | jarm
    | .*iconhash | .*dhash | rich(?:pe)?(?:header)?hash | parent(?:md5|sha1|sha256|hash) | .*uuid | id | eventid | iocid
    # What belongs to the victim, or to the author of the report.
    | victim.* | target.* | recipients?(?:address)? | destinataires? | empfanger
    | local(?:ip|address) | internalip | reporter | contact | author | analyst | owner
    | (?:reported|created|modified|updated|added|submitted)by
    """,
    re.VERBOSE,
).fullmatch


def role_of(heading: str) -> Role | None:
    """What a heading says that its column is for; None when it says nothing that we know."""
    if len(heading) > _LONGEST:
        return None
    if role := _role(_key(heading)):
        return role
    # Comments / Notes; Domain or IP
    said = {_role(_key(part)) for part in _ALTERNATIVES.split(_QUALIFIER.sub("", heading))}
    return said.pop() if len(said) == 1 else None


def _role(key: str) -> Role | None:
    if role := _ROLES.get(key):
        return role
    if _REFERENCE(key):
        return "reference"
    if _KIND(key):
        return "kind"
    # Expiration of an indicator, and of what else the row is about: ioc_description, valid_until_utc.
    shorter = _ROLES.get(_OF_TIMES.sub("", key)) or _ROLES.get(_OF_INDICATORS.sub("", key))
    return shorter if shorter in ("valid_from", "valid_until", "description") else None
