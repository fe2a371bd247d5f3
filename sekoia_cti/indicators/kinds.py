"""What the kinds of indicators are called by STIX, MISP, OpenCTI, OTX, TheHive, Defender and people."""

from __future__ import annotations

import re
from typing import Literal

__all__ = ["Kind", "is_foreign_kind", "kind_named"]

Kind = Literal["ip", "domain", "url", "email", "mac", "file", "link"]
"""What a type's name says; ``link`` is a reference to a report."""

_KINDS: dict[Kind, str] = {
    "ip": """
        ip ips ipv4 ipv6 ip4 ip6 ipaddr ipaddress ipaddresses ipv4addr ipv6addr ipv4address ipv6address ipv4addresses
        ipv6addresses ipsrc ipdst ipdstport ipsrcport ipport ipv4s ipv6s ipv4addrs ipv6addrs ipv4addrvalue ipv6addrvalue
        addr address dstip destinationip ipstr c2 c2s samplec2s
    """,
    "domain": """
        domain domains domainname domainnames domainnamevalue hostname hostnames fqdn fqdns host hosts hostnameport
        domainip domainport dns dnsdomain
    """,
    "url": "url urls uri uris urlvalue fullurl sampleurls",
    "email": """
        email emails emailaddr emailaddrs emailaddress emailaddresses emailaddrvalue mail mails emailsrc emaildst emailreplyto
        emailsender sender senderaddress whoisregistrantemail
    """,
    "mac": "mac macs macaddr macaddress macaddresses macaddrs macaddrvalue",
    "file": """
        file files hash hashes filehash filehashes md5 md5s sha1 sha1s sha256 sha256s sha512 sha512s filemd5 filesha1 filesha256
        filesha512 filehashmd5 filehashsha1 filehashsha256 filehashsha512 hashmd5 hashsha1 hashsha256 hashsha512 md5hash sha1hash
        sha256hash sha512hash md5hashes sha1hashes sha256hashes stixfile filenamemd5 filenamesha1 filenamesha256
        filenamesha512 malwaresample filehasheshash fileshash fileshashes samplehashes
    """,
    "link": "link links reference references externalreference",
}
_BY_NAME: dict[str, Kind] = {name: kind for kind, names in _KINDS.items() for name in names.split()}

_NOT_TAKEN = frozenset("""
    as asn autonomoussystem authentihash btc campaign campaignname cdhash certificate certificatefingerprint cidr comment
    cookie counter cpe cryptocurrencywallet cryptowallet cve dashaddress datetime dkim dkimsignature emailattachment emailbody
    emailheader emailmessageid emailsubject favicon filename filenames filenameauthentihash filenameimpfuzzy
    filenameimphash filenamepattern filenamepehash filenamessdeep filenametlsh filenamevhash filenamesha224 filenamesha384
    filepath filepaths float githubrepository githubusername hasshmd5 hasshservermd5 hex hostheader iban
    impfuzzy imphash ja3 ja3s ja3fingerprintmd5 jabberid jarm jarmfingerprint mailsubject mimetype mutex namedpipe network
    patternfilename patterninfile patternintraffic patterninmemory pdb pehash pgppublickey phonenumber port process processstate
    regexp registry registrykey regkey regkeyvalue sha224 sha384 sha3224 sha3256 sha3384 sha3512 sigma size sizeinbytes snort
    ssdeep stix2pattern suricata telfhash text threatactor tlsh uripath user useragent useraccount username vhash vulnerability
    windowsregistrykey windowsscheduledtask windowsservicename x509certificate x509fingerprintmd5 x509fingerprintsha1
    x509fingerprintsha256 xmr yara zeek bro
    """.split())
"""Kinds that other tools know but Sekoia does not accept. Some look like others: an imphash is as long as an MD5."""


def _normal(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def kind_named(name: str) -> Kind | None:
    """The kind that a type's name means, whoever uses it; None if it is not known."""
    return _BY_NAME.get(_normal(name))


def is_foreign_kind(name: str) -> bool:
    """Whether the name is that of a kind which Sekoia does not take."""
    return _normal(name) in _NOT_TAKEN
