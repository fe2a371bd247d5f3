"""The text of a document that people read: a web page, an email, or plain text."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import dataclass, field
from email.message import MIMEPart
from html.parser import HTMLParser

from sekoia_cti.indicators.encodings import decode
from sekoia_cti.indicators.input_errors import UnreadableFile

__all__ = ["Document", "document"]


@dataclass(frozen=True, slots=True)
class Document:
    """What a person reads in a document.

    Attributes:
        text: Headings of a page are lines that begin with ``#``, and the cells of a row are parted by tabs.
        not_read: Attachments of a mail that are not read: name and kind.
    """

    text: str
    not_read: list[str] = field(default_factory=list)


# Elements that are markup. What else stands in angle brackets is text: <https://evil.example>, evil<dot>example.
_BLOCKS = frozenset("""
    address article aside blockquote body br caption center dd details dialog div dl dt fieldset figcaption figure footer form
    h1 h2 h3 h4 h5 h6 head header hr html legend li main menu nav ol option p pre section select summary table tbody tfoot thead
    title tr ul
    """.split())
_INLINE = frozenset("""
    a abbr acronym b base bdi bdo big button cite code col colgroup data datalist del dfn em font i iframe img input ins kbd
    label link map mark meta meter object output param picture progress q rp rt ruby s samp small source span strike strong
    noscript sub sup svg td th time tt u var video wbr
    """.split())
_UNSEEN = frozenset("script style template".split())
_HEADING = re.compile("h[1-6]")
_MARKUP = re.compile(
    r"<(?:!doctype\s+html|/?(?:html|body|head|div|p|br|table|tr|td|span|ul|ol|li|h[1-6]|pre|code|font|strong|a))\b[^<>]*>",
    re.IGNORECASE,
)

_PAGE_NAMES = (".html", ".htm", ".xhtml")
_MAIL_NAMES = (".eml",)
_MAIL = re.compile(
    r"(?:From [^\n]*\n)?(?=(?:[^\n]+\n)*?from:)(?=(?:[^\n]+\n)*?(?:date|message-id|received|mime-version):)"
    r"[!-9;-~]+:[^\n]*\n(?:[!-9;-~]+:[^\n]*\n|[ \t][^\n]*\n)+\n",
    re.IGNORECASE,
)
_LOOKED_AT = 32 * 1024
_TEXT_NAMES = (".txt", ".csv", ".md", ".log", ".ioc", ".tsv")
_MOST_PARTS = 1_000


def document(content: bytes | str, name: str = "") -> Document:
    """What a person reads in a document.

    Args:
        content: A stored email (RFC 5322), a web page, Markdown, or plain text; its name or its content says which.
        name: The file's name.

    Raises:
        UnreadableFile: It is an email with too many parts.
    """
    lowered = name.lower()
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    text = decode(content) if isinstance(content, bytes) else content
    if lowered.endswith(_MAIL_NAMES) or _MAIL.match(text[:_LOOKED_AT].replace("\r\n", "\n")):
        return _mail(raw)
    is_page = lowered.endswith(_PAGE_NAMES) or (not lowered.endswith(_TEXT_NAMES) and _MARKUP.search(text) is not None)
    return Document(_page(text) if is_page else text)


# Pages


class _PageText(HTMLParser):
    """Collects the text that a page shows. Targets of links are not shown, and are mostly references."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._unseen = ""

    def handle_starttag(self, tag: str, _attrs: object) -> None:
        if self._unseen:
            return
        if tag in _UNSEEN:
            self._unseen = tag
        elif tag in ("td", "th"):
            self.said.append("\t")
        elif tag in _BLOCKS:
            self.said.append("\n# " if _HEADING.fullmatch(tag) else "\n")
        elif tag not in _INLINE:
            self.said.append(self.get_starttag_text() or "")

    def handle_startendtag(self, tag: str, _attrs: object) -> None:
        if tag not in _UNSEEN:
            self.handle_starttag(tag, _attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._unseen:
            self._unseen = ""
        elif tag in _BLOCKS and not self._unseen:
            self.said.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.said.append(data)


def _page(markup: str) -> str:
    reader = _PageText()
    reader.feed(markup)
    reader.close()
    return "".join(reader.said)


# Mails


def _mail(content: bytes) -> Document:
    try:
        message = email.message_from_bytes(content, policy=email.policy.default)
        said, not_read = _parts(message)
    except RecursionError:
        raise UnreadableFile("it is an email whose parts are nested too deeply") from None
    return Document("\n".join([_subject(message), *said]), not_read)


def _subject(message: MIMEPart) -> str:
    return str(message["subject"] or "")


def _parts(message: MIMEPart) -> tuple[list[str], list[str]]:
    """The texts of a mail, of those forwarded in it and of its attachments; and which attachments are not read."""
    said: list[str] = []
    not_read: list[str] = []
    left_out: set[int] = set()
    for count, part in enumerate(message.walk()):
        if count == _MOST_PARTS:
            raise UnreadableFile(f"it is an email with more than {_MOST_PARTS:,} parts")
        kind, name = part.get_content_type(), part.get_filename() or ""
        if kind == "multipart/alternative":
            left_out |= _said_twice(part)
        elif kind == "message/rfc822":
            said += map(_subject, part.iter_parts())
        elif part.is_multipart() or id(part) in left_out:
            continue
        elif kind == "text/html" or name.lower().endswith(_PAGE_NAMES):
            said.append(_page(_content(part)))
        elif part.get_content_maintype() == "text" or name.lower().endswith(_TEXT_NAMES):
            said.append(_content(part))
        else:
            not_read.append(f"{name or 'without a name'} ({kind})")
    return said, not_read


def _said_twice(alternative: MIMEPart) -> set[int]:
    """The pages in a mail that say what its plain text says as well, which has no layout to be undone.

    A short plain text may only say that the mail is a page.
    """
    inner = list(alternative.iter_parts())
    plain = sum(len(_content(one)) for one in inner if one.get_content_type() == "text/plain")
    pages = [one for one in inner if one.get_content_type() == "text/html"]
    return {id(one) for one in pages if len(_page(_content(one))) < 2 * plain}


def _content(part: MIMEPart) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    charset = part.get_content_charset()
    try:
        return payload.decode(charset) if charset else decode(payload)
    except (LookupError, UnicodeDecodeError):  # a charset that does not exist, or not this one
        return decode(payload)
