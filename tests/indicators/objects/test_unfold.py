"""What objects from other tools contain."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekoia_cti.indicators.objects import Held, Passed, Skipped, Unread, unfold

MD5 = "00112233445566778899aabbccddeeff"
SHA1 = "00112233445566778899aabbccddeeff00112233"
SHA256 = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
SHA512 = SHA256 * 2
ID = "00000000-0000-4000-8000-000000000001"


def told(entry: object) -> list[str]:
    """What is found, in short: a line, or a value with why it is none."""
    return [
        (
            finding.line
            if isinstance(finding, Held)
            else (
                f"({finding.kind})"
                if isinstance(finding, Passed)
                else f"{'-' if isinstance(finding, Skipped) else '?'} {finding.value}: {finding.reason}"
            )
        )
        for finding in unfold(entry)
    ]


def domain(name: str) -> str:
    """The line of a value that is said to be a domain."""
    return f"[domain-name:value = '{name}']"


def attribute(kind: str, value: str, **more: Any) -> dict[str, Any]:
    """An attribute of MISP."""
    return {"type": kind, "value": value, "category": "Network activity", "to_ids": True, **more}


NOTHING = "an object that contains no indicator, with the keys"

PLAIN: list[tuple[object, list[str]]] = [
    ({"name": "a.example", "type": "DomainName"}, [domain("a.example")]),
    ({"name": "a.exe", "type": "file"}, [f"? {{name, type}}: {NOTHING} name, type"]),
    ({"name": "Someone", "type": "identity"}, [f"? {{name, type}}: {NOTHING} name, type"]),
    ({"entity": {"name": "192.0.2.1", "type": "IpAddress"}, "risk": {"score": 9}}, ["192.0.2.1"]),
    ({"resources": [{"type": "domain", "value": "a.example"}], "meta": {}}, [domain("a.example")]),
    ({"urls": [{"url": "http://a.example/x", "url_status": "online"}]}, ["http://a.example/x"]),
    ({"domain": {"a.example": {"score": 9}, "b.example": {}}}, [domain("a.example"), domain("b.example")]),
    ({"hash": {"md5": [MD5], "sha256": [SHA256]}}, [MD5, SHA256]),
    ({"ip_str": "192.0.2.1", "ports": [80]}, ["192.0.2.1"]),
    # Values as keys
    ({"a.example": {"score": 9}, "192.0.2.1": None, "b.example": 3}, ["a.example", "192.0.2.1", "b.example"]),
    ({"a.example": {"score": 9}, "total": 1}, [f"? {{a.example, total}}: {NOTHING} a.example, total"]),
    # Rows of spreadsheets
    ({"Type": "Domain", "Value": "a.example"}, [domain("a.example")]),
    ({"Indicator": "domain", "Value": "a.example", "Note": "C2"}, ["a.example"]),
    (
        {"IOC Value": "192.0.2.1", "IOC Type": "imphash"},
        ["? 192.0.2.1: its type is “imphash”, a kind that Sekoia does not accept"],
    ),
    ({"Indicateur": "192.0.2.1", "to ids": "0"}, ["- 192.0.2.1: to_ids is false: it is not for detection"]),
    # An indicator of OpenCTI as a query asks for it
    ({"name": "x", "pattern": "[domain-name:value = 'a.example']", "pattern_type": "stix"}, [domain("a.example")]),
    # What says of itself that it is not for detection
    ({"sha256": SHA256, "md5": MD5, "is_malware": False}, [f"- {SHA256},{MD5}: is_malware is false"]),
    ({"ip": "192.0.2.1", "classification": "benign"}, ["- 192.0.2.1: its classification is “benign”"]),
    ({"ip": "192.0.2.1", "riot": True}, ["- 192.0.2.1: riot is true"]),
    ({"indicator": "a.example", "type": "domain", "is_active": 0}, ["- a.example: it is no longer active"]),
    ({"value": "a.example", "type": "domain", "expired": True}, ["- a.example: it is expired"]),
    ({"value": "a.example", "type": "domain", "verdict": "Clean"}, ["- a.example: its verdict is “Clean”"]),
    ({"sha256": SHA256, "is_malware": True, "score": 0}, [SHA256]),
    # What stands beside a value and says more of it
    (
        {"url": "http://a.example/x", "host": "a.example"},
        ["http://a.example/x", "- a.example: the host of the URL next to it"],
    ),
    ({"url": "http://a.example/x", "host": "b.example"}, ["http://a.example/x", domain("b.example")]),
    (
        {"ip_str": "192.0.2.1", "hostnames": ["host.provider.example"]},
        [
            "192.0.2.1",
            "- host.provider.example: a name of the address next to it, which may belong to its provider",
        ],
    ),
    (
        {"@category": "datascan", "hostname": ["host.provider.example"]},
        ["- host.provider.example: a name of the address next to it, which may belong to its provider"],
    ),
    ({"samples": [{"sample_c2s": ["192.0.2.1:443"], "sample_hashes": [MD5]}]}, ["192.0.2.1:443", MD5]),
    (
        [{"type": "domain", "id": "a.example"}, {"type": "url", "id": SHA256}],
        [
            "- a.example: VirusTotal relates it to what was looked up, but does not say that it is malicious",
            "(url)",
        ],
    ),
    (
        {"data": {"type": "analysis", "id": "x"}, "meta": {"file_info": {"md5": MD5, "size": 1}}},
        [MD5],
    ),
    # An attribute of MISP that was searched for has its event within it
    (
        {"response": {"Attribute": [attribute("ip-dst", "192.0.2.1", Event={"id": "1", "info": "x"})]}},
        ["192.0.2.1"],
    ),
    # One's own side
    ({"source": {"ip": "198.51.100.1"}}, [f"? {{source}}: {NOTHING} source"]),
    ({"source.ip": "198.51.100.1"}, [f"? {{source.ip}}: {NOTHING} source.ip"]),
    (
        {"host.name": "pc.example", "observer.ip": "198.51.100.1"},
        [f"? {{host.name, observer.ip}}: {NOTHING} host.name, observer.ip"],
    ),
    ({"host": {"name": "pc.example", "ip": ["198.51.100.1"]}}, [f"? {{host}}: {NOTHING} host"]),
    ({"client": {"ip": "198.51.100.1"}}, [f"? {{client}}: {NOTHING} client"]),
    ({"related": {"ip": ["198.51.100.1"]}}, [f"? {{related}}: {NOTHING} related"]),
    ({"user": {"email": "a@b.example"}}, [f"? {{user}}: {NOTHING} user"]),
    ({"events": [{"source.ip": "198.51.100.1", "destination.ip": "192.0.2.1"}]}, ["192.0.2.1"]),
    # VirusTotal on what is not malicious
    ({"response_code": 0, "resource": "a.example"}, ["- a.example: VirusTotal does not know it"]),
    (
        {"response_code": 1, "resource": MD5, "md5": MD5, "positives": 0},
        [f"- {MD5}: no engine of VirusTotal detects it"],
    ),
    ({"response_code": 1, "resource": MD5, "md5": MD5, "positives": 3}, [MD5]),
    (
        {
            "id": "a.example",
            "type": "domain",
            "attributes": {"last_analysis_stats": {"malicious": 0, "suspicious": 0}},
        },
        ["- a.example: no engine of VirusTotal detects it"],
    ),
    ({"id": "a.example", "type": "domain", "attributes": {"last_analysis_stats": {"malicious": 5}}}, ["a.example"]),
    ("a.example", ["a.example"]),
    (None, []),
    (5, ["5"]),
    (True, ["? true: true or false, not an indicator"]),
    ([["a.example", None], {"value": "b.example"}], ["a.example", "b.example"]),
    ({}, ["? {}: an object that contains no indicator"]),
    ({"one": 1, "two": [None]}, ["? {one, two}: an object that contains no indicator, with the keys one, two"]),
    ({"value": "a.example"}, ["a.example"]),
    ({"value": ["a.example", "b.example"], "type": "domain"}, [domain("a.example"), domain("b.example")]),
    ({"value": {"value": "a.example"}}, ["a.example"]),
    ({"ioc": "a.example", "ioc_type": "domain"}, [domain("a.example")]),
    ({"indicator": "192.0.2.1", "type": "IPv4"}, ["192.0.2.1"]),
    ({"value": "invoice.zip", "type": "hostname"}, [domain("invoice.zip")]),
    ({"value": "192.0.2.1", "type": "domain"}, ["192.0.2.1"]),
    (
        {"value": "evil.com", "type": "filename"},
        ["? evil.com: its type is “filename”, a kind that Sekoia does not accept"],
    ),
    ({"value": MD5, "type": "imphash"}, [f"? {MD5}: its type is “imphash”, a kind that Sekoia does not accept"]),
    ({"value": MD5, "type": "domain"}, [f"? {MD5}: its type is “domain”, but it is a hash"]),
    ({"value": "evil.com", "type": "FileHash-MD5"}, ["? evil.com: its type is “FileHash-MD5”, but it has no hash"]),
    ({"value": "a.example", "revoked": True}, ["- a.example: it is revoked"]),
    ({"value": "a.example", "to_ids": "0"}, ["- a.example: to_ids is false: it is not for detection"]),
    ({"value": "https://blog.example/x", "type": "link"}, ["- https://blog.example/x: a link to a report"]),
    (
        {"indicatorValue": "a.example", "indicatorType": "DomainName", "action": "Allowed"},
        ["- a.example: its action is “Allowed”"],
    ),
    ({"indicatorValue": "a.example", "indicatorType": "DomainName", "action": "Block"}, [domain("a.example")]),
    ({"name": "192.0.2.1", "value": 12}, ["192.0.2.1"]),
]

MAPPINGS: list[tuple[object, list[str]]] = [
    (
        {"ipv4": ["192.0.2.1", None], "domains": "a.example", "urls": []},
        ["192.0.2.1", domain("a.example")],
    ),
    ({"md5": MD5, "sha1": SHA1, "sha256": SHA256}, [f"{MD5},{SHA1},{SHA256}"]),
    ({"md5": [MD5], "sha256": [SHA256]}, [MD5, SHA256]),
    ({"hashes": {"MD5": MD5, "SHA-256": SHA256}}, [f"{MD5},{SHA256}"]),
    ({"sha256_hash": SHA256, "file_name": "a.exe"}, [SHA256]),
    (
        {"ip": ["192.0.2.1"], "cve": ["CVE-2026-0001"]},
        ["192.0.2.1", "? CVE-2026-0001: it is under “cve”, a kind that Sekoia does not accept"],
    ),
    ({"ip": "192.0.2.1", "port": 80, "comment": "C2"}, ["192.0.2.1"]),
    (
        {"urls": ["http://a.example/"], "references": ["https://b.example/"]},
        ["http://a.example/", "- https://b.example/: a link to a report"],
    ),
    ({"indicators": [{"value": "a.example"}], "domains": ["a.example"], "count": 1}, ["a.example"]),
    ({"items": [{"value": "a.example"}], "ip": ["192.0.2.1"]}, ["192.0.2.1", "a.example"]),
    (
        {"indicators": [{"value": "a.example"}, {"x": 1}]},
        ["a.example", "? {x}: an object that contains no indicator, with the keys x"],
    ),
    ({"wrapped": {"observables": ["a.example"]}}, ["a.example"]),
    ({"hits": {"total": 1, "hits": [{"_source": {"destination": {"ip": "192.0.2.1"}}}]}}, ["192.0.2.1"]),
]

INDICATOR = {"type": "indicator", "id": f"indicator--{ID}", "pattern": domain("a.example"), "pattern_type": "stix"}
STIX: list[tuple[object, list[str]]] = [
    (INDICATOR, [domain("a.example")]),
    ({"type": "bundle", "id": f"bundle--{ID}", "objects": [INDICATOR]}, [domain("a.example")]),
    ({"type": "bundle", "id": f"bundle--{ID}", "objects": {"0": INDICATOR}}, [domain("a.example")]),
    ([{"type": "bundle", "objects": [INDICATOR, INDICATOR]}], [domain("a.example")] * 2),
    (
        {"type": "bundle", "objects": [{"type": "identity", "id": f"identity--{ID}", "name": "x"}, INDICATOR]},
        ["(identity)", domain("a.example")],
    ),
    (
        {"type": "bundle", "objects": []},
        ["? {type, objects}: an object that contains no indicator, with the keys type, objects"],
    ),
    ({**INDICATOR, "revoked": True}, [f"- {domain('a.example')}: it is revoked"]),
    ({**INDICATOR, "indicator_types": ["benign"]}, [f"- {domain('a.example')}: it says that it is benign"]),
    (
        {**INDICATOR, "pattern_type": "yara", "pattern": "rule x {}", "name": "Rule X"},
        ["? Rule X: a pattern in the language yara, which is not a single value"],
    ),
    (
        {**INDICATOR, "pattern": "[domain-name:value = 'a.example' AND file:name = 'x']"},
        ["? [domain-name:value = 'a.example' AND file:name = 'x']: a STIX pattern that says more than a value"],
    ),
    ({"type": "ipv4-addr", "id": f"ipv4-addr--{ID}", "value": "192.0.2.1"}, ["192.0.2.1"]),
    ({"type": "domain-name", "value": "a.example"}, [domain("a.example")]),
    ({"type": "hostname", "value": "a.example"}, [domain("a.example")]),
    (
        {"type": "file", "name": "a.exe", "hashes": {"MD5": MD5, "SHA-1": SHA1, "SHA-256": SHA256, "SSDEEP": "3:a"}},
        [f"{MD5},{SHA1},{SHA256}"],
    ),
    (
        {"type": "file", "name": "a.exe", "hashes": {"SSDEEP": "3:a"}},
        ["? a.exe: a file without a hash of a kind that Sekoia accepts"],
    ),
    ({"type": "mutex", "name": "Global\\x"}, ["? Global\\x: a mutex, a kind that Sekoia does not accept"]),
    (
        {"type": "observed-data", "objects": {"0": {"type": "url", "value": "http://a.example/"}}},
        ["http://a.example/"],
    ),
    ({"type": "network-traffic", "dst_ref": f"ipv4-addr--{ID}"}, ["(network-traffic)"]),
    ({"items": [INDICATOR], "has_more": False}, [domain("a.example")]),
]

FILE_OBJECT = {
    "name": "file",
    "meta-category": "file",
    "Attribute": [attribute("md5", MD5), attribute("sha256", SHA256), attribute("filename", "a.exe", to_ids=False)],
}
MISP: list[tuple[object, list[str]]] = [
    (attribute("ip-dst", "192.0.2.1"), ["192.0.2.1"]),
    (attribute("hostname", "a.example"), [domain("a.example")]),
    (attribute("ip-dst|port", "192.0.2.1|443"), ["192.0.2.1|443"]),
    (attribute("filename|sha256", f"a.exe|{SHA256}"), [f"a.exe|{SHA256}"]),
    (
        attribute("filename|imphash", f"a.exe|{MD5}"),
        [f"? a.exe|{MD5}: its type is “filename|imphash”, a kind that Sekoia does not accept"],
    ),
    (attribute("malware-sample", f"a.exe|{MD5}"), [f"a.exe|{MD5}"]),
    (attribute("md5", MD5, to_ids=False), [f"- {MD5}: to_ids is false: it is not for detection"]),
    (attribute("md5", MD5, to_ids="0"), [f"- {MD5}: to_ids is false: it is not for detection"]),
    (attribute("md5", MD5, deleted=True), [f"- {MD5}: it is deleted"]),
    (attribute("link", "https://blog.example/x"), ["- https://blog.example/x: a link to a report"]),
    (attribute("yara", "rule x {}"), ["? rule x {}: its type is “yara”, a kind that Sekoia does not accept"]),
    (
        attribute("ja3-fingerprint-md5", MD5),
        [f"? {MD5}: its type is “ja3-fingerprint-md5”, a kind that Sekoia does not accept"],
    ),
    ({"Attribute": attribute("ip-src", "192.0.2.1")}, ["192.0.2.1"]),
    ({"Event": {"info": "x", "Attribute": [attribute("url", "http://a.example/")]}}, ["http://a.example/"]),
    ({"response": [{"Event": {"Attribute": [attribute("ip-dst", "192.0.2.1")], "Object": []}}]}, ["192.0.2.1"]),
    ({"response": {"Attribute": [attribute("ip-dst", "192.0.2.1")]}}, ["192.0.2.1"]),
    (
        {"Event": {"RelatedEvent": [{"Event": {"info": "y"}}], "Object": [FILE_OBJECT]}},
        [f"{MD5},{SHA256}", "- a.exe: to_ids is false: it is not for detection"],
    ),
    ({"Object": FILE_OBJECT}, [f"{MD5},{SHA256}", "- a.exe: to_ids is false: it is not for detection"]),
    (
        {**FILE_OBJECT, "Attribute": [attribute("md5", MD5), attribute("md5", MD5[::-1])]},
        [MD5, MD5[::-1]],
    ),
    ({**FILE_OBJECT, "deleted": True, "Attribute": [attribute("md5", MD5)]}, [f"- {MD5}: its object is deleted"]),
    (
        {"Event": {"info": "empty", "Attribute": []}},
        ["? {info, Attribute}: an object that contains no indicator, with the keys info, Attribute"],
    ),
]

OPENCTI: list[tuple[object, list[str]]] = [
    ({"entity_type": "IPv4-Addr", "observable_value": "192.0.2.1"}, ["192.0.2.1"]),
    ({"entity_type": "Domain-Name", "observable_value": "a.example", "x_opencti_score": 80}, [domain("a.example")]),
    (
        {
            "entity_type": "StixFile",
            "observable_value": MD5,
            "hashes": [{"algorithm": "MD5", "hash": MD5}, {"algorithm": "SHA-256", "hash": SHA256}],
        },
        [f"{MD5},{SHA256}"],
    ),
    (
        {"entity_type": "Mutex", "observable_value": "x"},
        ["? x: its type is “Mutex”, a kind that Sekoia does not accept"],
    ),
    ({"entity_type": "Indicator", "pattern": domain("a.example"), "revoked": False}, [domain("a.example")]),
    (
        {"entity_type": "Indicator", "pattern": domain("a.example"), "revoked": True},
        [f"- {domain('a.example')}: it is revoked"],
    ),
    ({"entity_type": "Report", "id": ID, "name": "x"}, ["(Report)"]),
    (
        {
            "data": {
                "stixCyberObservables": {
                    "edges": [{"node": {"entity_type": "Url", "observable_value": "http://a.example/"}}],
                    "pageInfo": {},
                }
            }
        },
        ["http://a.example/"],
    ),
]

UNDETECTED = "no engine of VirusTotal detects it"
RELATED = "VirusTotal relates it to what was looked up, but does not say that it is malicious"
VIRUSTOTAL: list[tuple[object, list[str]]] = [
    ({"data": {"type": "domain", "id": "a.example", "attributes": {"reputation": 0}}}, ["a.example"]),
    ({"data": [{"type": "ip_address", "id": "192.0.2.1", "attributes": {}}], "meta": {}, "links": {}}, ["192.0.2.1"]),
    ({"type": "url", "id": SHA256, "attributes": {"url": "http://a.example/"}}, ["http://a.example/"]),
    (
        {"type": "url", "id": SHA256, "attributes": {}},
        ["? {type, id, attributes}: an object that contains no indicator, with the keys type, id, attributes"],
    ),
    (
        {"type": "file", "id": SHA256, "attributes": {"md5": MD5, "sha1": SHA1, "sha256": SHA256, "vhash": "x"}},
        [f"{MD5},{SHA1},{SHA256}"],
    ),
    ({"type": "file", "id": SHA256, "attributes": {}}, [SHA256]),
    ({"type": "comment", "id": "x", "attributes": {"text": "a.example"}}, ["(comment)"]),
    (
        {"type": "resolution", "id": "x", "attributes": {"host_name": "a.example", "ip_address": "192.0.2.1"}},
        [f"- a.example: {RELATED}", f"- 192.0.2.1: {RELATED}"],
    ),
    (
        {"type": "analysis", "id": "x", "attributes": {}, "meta": {"file_info": {"sha256": SHA256, "md5": MD5}}},
        [f"{SHA256},{MD5}"],
    ),
    (
        {"response_code": 1, "resource": MD5, "md5": MD5, "sha1": SHA1, "sha256": SHA256, "positives": 3, "scans": {}},
        [f"{MD5},{SHA1},{SHA256}"],
    ),
    (
        {
            "response_code": 1,
            "url": "http://a.example/",
            "scan_id": "x",
            "positives": 3,
            "permalink": "https://b.example/",
        },
        ["http://a.example/"],
    ),
    ({"url": "http://a.example/", "positives": 12, "total": 90}, ["http://a.example/"]),
    (
        {
            "response_code": 1,
            "detected_urls": [{"url": "http://a.example/", "positives": 3}],
            "detected_downloaded_samples": [{"sha256": SHA256, "positives": 9}],
            "undetected_urls": [{"url": "http://b.example/", "positives": 0}],
            "resolutions": [{"ip_address": "192.0.2.1", "last_resolved": "2026-01-01"}],
            "subdomains": ["c.example"],
            "categories": ["x"],
        },
        [
            "http://a.example/",
            SHA256,
            f"- http://b.example/: {UNDETECTED}",
            f"- 192.0.2.1: {RELATED}",
            f"- c.example: {RELATED}",
        ],
    ),
]

THEHIVE: list[tuple[object, list[str]]] = [
    ({"_type": "Observable", "dataType": "ip", "data": "192.0.2.1", "ioc": True}, ["192.0.2.1"]),
    ({"dataType": "fqdn", "data": "a.example", "message": "C2"}, [domain("a.example")]),
    ({"dataType": "mail", "data": "a@b.example"}, ["a@b.example"]),
    ({"dataType": "ip", "data": "192.0.2.1", "ioc": False}, ["- 192.0.2.1: its ioc flag is false"]),
    (
        {"dataType": "user-agent", "data": "x/1"},
        ["? x/1: its type is “user-agent”, a kind that Sekoia does not accept"],
    ),
    ({"dataType": "file", "attachment": {"name": "a.exe", "hashes": [SHA256, SHA1, MD5]}}, [f"{SHA256},{SHA1},{MD5}"]),
    ({"dataType": "file", "attachment": None}, ["? file: an observable without data"]),
    ({"outputObservables": [{"dataType": "url", "data": "http://a.example/"}]}, ["http://a.example/"]),
    ({"success": True, "artifacts": [{"dataType": "hash", "data": MD5}], "full": {"x": "b.example"}}, [MD5]),
    (
        {
            "dataType": "domain",
            "data": "a.example",
            "report": {"artifacts": [{"dataType": "ip", "data": "192.0.2.1"}]},
        },
        [domain("a.example"), "192.0.2.1"],
    ),
]

ECS: list[tuple[object, list[str]]] = [
    (
        {"destination": {"ip": "192.0.2.1"}, "source": {"ip": "198.51.100.1"}, "host": {"name": "own.example"}},
        ["192.0.2.1"],
    ),
    ({"destination.ip": "192.0.2.1", "source.ip": "198.51.100.1", "host.name": "own.example"}, ["192.0.2.1"]),
    ({"destination": {"ip": ["192.0.2.1", "192.0.2.2"]}}, ["192.0.2.1", "192.0.2.2"]),
    ({"url": {"full": "http://a.example/x", "domain": "a.example"}}, ["http://a.example/x"]),
    ({"url": {"original": "/x", "domain": "a.example"}}, [domain("a.example")]),
    ({"dns": {"question": {"name": "a.sh"}}}, [domain("a.sh")]),
    ({"file": {"hash": {"md5": MD5, "sha256": SHA256}, "name": "a.exe"}}, [f"{MD5},{SHA256}"]),
    ({"file.hash.sha256": SHA256, "file.hash.md5": MD5}, [f"{MD5},{SHA256}"]),
    ({"file.hash": {"sha512": SHA512}}, [SHA512]),
    ({"threat": {"indicator": {"ip": "192.0.2.1", "type": "ipv4-addr"}}}, ["192.0.2.1"]),
    ({"email": {"from": {"address": ["a@b.example"]}, "to": {"address": ["own@c.example"]}}}, ["a@b.example"]),
    ({"events": [{"destination": {"domain": "a.example"}}]}, [domain("a.example")]),
    (
        {"source": {"ip": "192.0.2.1"}, "@timestamp": "2026-01-01"},
        ["? {source, @timestamp}: an object that contains no indicator, with the keys source, @timestamp"],
    ),
    (
        {"fields": [{"name": "destination.ip", "common_values": [{"name": "192.0.2.1", "value": 9}]}]},
        ["192.0.2.1"],
    ),
    (
        {"fields": [{"name": "source.ip", "common_values": [{"name": "192.0.2.1", "value": 9}]}]},
        ["- 192.0.2.1: source.ip describes your own side"],
    ),
]


@pytest.mark.parametrize(
    ("entry", "findings"), [*PLAIN, *MAPPINGS, *STIX, *MISP, *OPENCTI, *VIRUSTOTAL, *THEHIVE, *ECS]
)
def test_what_an_object_holds(entry: object, findings: list[str]) -> None:
    """Each value is found, and what is not one is reported with the reason."""
    assert told(entry) == findings


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            {
                **INDICATOR,
                "valid_from": "2026-01-01T00:00:00Z",
                "valid_until": "2027-01-01T00:00:00Z",
                "description": "C2",
                "kill_chain_phases": [{"kill_chain_name": "mitre-attack", "phase_name": "impact"}],
                "x_ic_related_threat_refs": [f"intrusion-set--{ID}"],
                "name": "a.example",
            },
            {
                "valid_from": "2026-01-01T00:00:00Z",
                "valid_until": "2027-01-01T00:00:00Z",
                "description": "C2",
                "kill_chain_phases": ["mitre-attack:impact"],
                "related_threat_refs": [f"intrusion-set--{ID}"],
            },
        ),
        (
            {
                "entity_type": "Indicator",
                "pattern": domain("a.example"),
                "killChainPhases": {"edges": [{"node": {"kill_chain_name": "x", "phase_name": "y"}}]},
            },
            {"kill_chain_phases": ["x:y"]},
        ),
        (attribute("domain", "a.example", comment="C2"), {"description": "C2", "type": "domain"}),
        ({"dataType": "domain", "data": "a.example", "message": "C2"}, {"description": "C2", "type": "domain"}),
        (
            {"indicatorValue": "a.example", "expirationTime": "2027-01-01", "description": "C2"},
            {"valid_until": "2027-01-01", "description": "C2"},
        ),
        (
            {"value": "a.example", "valid_for": 5, "kill_chain_phases": "delivery", "confidence": 80},
            {"valid_for": 5, "kill_chain_phases": "delivery"},
        ),
    ],
)
def test_what_an_object_says(entry: object, said: dict[str, Any]) -> None:
    """Context comes along where it is the same thing, under the names that an import takes."""
    [finding] = unfold(entry)
    assert isinstance(finding, Held)
    assert finding.said == said


@pytest.mark.parametrize(
    "around", [lambda inner: {"a": inner}, lambda inner: [inner], lambda inner: {"value": [inner]}]
)
def test_what_is_nested_too_deeply(around: Any) -> None:
    """An object 3,000 levels deep is reported, not read to the end."""
    entry: object = "a.example"
    for _ in range(3_000):
        entry = around(entry)
    assert [type(finding) for finding in unfold(entry)] == [Unread]


KEYS = st.sampled_from(
    """type value pattern objects items Event Attribute Object data attributes id dataType edges node hashes md5 ip domain
    destination destination.ip file hash report artifacts attachment response fields name common_values positives detected_urls
    entity_type observable_value kill_chain_phases description to_ids revoked indicators""".split()
)
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["bundle", "indicator", "file", "a.example", MD5, ""])
)
JSON = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=20
)


@given(JSON)
def test_whatever_an_object_is(entry: object) -> None:
    """Shapes that nobody writes are read or told, and never fail; an object is never passed over in silence."""
    findings = list(unfold(entry))
    assert findings or not isinstance(entry, dict)
