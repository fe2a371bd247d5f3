"""What headings say, in the tongues and spellings that exports have."""

from __future__ import annotations

import pytest

from sekoia_cti.indicators.headers import Role, role_of

HEADINGS: dict[Role | None, str] = {
    "observable": (
        "Observable; IOC; IoC; iocs; Indicator; INDICATORS; IndicatorValue; indicator_value; ioc_value; Value; Indicateur; "
        "Indicateurs de compromission; Valeur; Indikator; Wert; Indicador; Valor; \ufeffIndicator; #ioc; Pattern"
    ),
    "valid_from": (
        "valid_from; Valid from; ValidFrom; Start of validity; Valide à partir du; Début de validité; Gültig ab; Gueltig ab; "
        "Válido desde; Fecha de inicio"
    ),
    "valid_until": (
        "valid_until; Valid to; End of validity; Expiration; ExpirationTime; ExpirationDateTime; expires at; Expiry date; "
        "Valide jusqu’au; Fin de validité; Date d'expiration; gültig bis; Gültigkeitsende; Ablaufdatum; Válido hasta; "
        "Fecha de caducidad; Fecha de vencimiento; Expiración"
    ),
    "kill_chain_phases": "kill_chain_phases; Kill chain; KillChainPhase; Phase de la kill chain; Fase de la kill chain",
    "x_ic_related_threat_refs": "x_ic_related_threat_refs; Related threats; Menaces associées",
    "description": (
        "Description; Comment; comments; Note; Notes; Context; Commentaire; Remarques; Beschreibung; Kommentar; Bemerkung; "
        "Descripción; Comentarios; Observaciones"
    ),
    "kind": (
        "URL; url; Domain; Domain name; DomainName; dst_ip; Destination IP; IP; IP Address; Adresse IP; IP-Adresse; "
        "Dirección IP; "
        "sha256_hash; SHA256; SHA-256; MD5Hash; File hash; Hostname; FQDN; Nom de domaine; Empreinte; Email address; C2 IP"
    ),
    "link": "Link; Source; Lien; src_ip",
    "reference": (
        "Reference; References; urlhaus_link; permalink; report_url; imphash; ssdeep; ja3; uuid; event_uuid; victim_ip; reporter"
    ),
    "type": "Type; type; IndicatorType; Indicator type; ioc_type; kind; Typ; Tipo",
    "to_ids": "to_ids; To IDS",
    "registration": "Registrar; Creation date",
    # These can be anything, or the state of the thing itself: last seen is not the end of validity.
    None: (
        "Name; Filename; file_name; Country; first_seen; last_seen; Last online; last_online; date; dateadded; threat; Tags; "
        "Severity; "
        "Category; Artifact type; C2; " + "ioc" * 40
    ),
}


@pytest.mark.parametrize(
    ("heading", "role"), [(heading, role) for role, headings in HEADINGS.items() for heading in headings.split("; ")]
)
def test_roles(heading: str, role: Role | None) -> None:
    """A heading says what its column is for, or nothing."""
    assert role_of(heading) == role
