"""Extract indicators from a report, an email or a web page, so that a playbook can decide what to do with them.
Nothing is sent."""

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, field_validator

from sekoia_cti.actions.common.arguments import Arguments, Timeout
from sekoia_cti.actions.common.bounds import first_of, list_files, path_field
from sekoia_cti.actions.common.gathered import ObjectAccount, SkippedList
from sekoia_cti.actions.common.jinja import WordList, check_rendered, structure
from sekoia_cti.actions.common.reports import TypeCounts
from sekoia_cti.actions.common.stored_text import read_content
from sekoia_cti.indicators.display import counted
from sekoia_cti.indicators.documents import Document, document
from sekoia_cti.indicators.input_errors import InputError, UnreadableFile
from sekoia_cti.indicators.objects import Skipped
from sekoia_cti.indicators.prose import Mention, mentions
from sekoia_cti.platform import storage
from sekoia_cti.platform.action import SekoiaAction
from sekoia_cti.platform.forms import ResultsForm, objects
from sekoia_cti.platform.new_file import GrowingList

__all__ = ["ExtractIndicators", "ExtractIndicatorsArguments", "ExtractIndicatorsResults"]

KINDS = ("ipv4", "ipv6", "domain", "url", "email", "mac", "md5", "sha1", "sha256", "sha512")
"""In the order in which results list them."""

_GROUPS = {
    "ip": ("ipv4", "ipv6"),
    "address": ("ipv4", "ipv6"),
    "hash": ("md5", "sha1", "sha256", "sha512"),
    "file": ("md5", "sha1", "sha256", "sha512"),
    "hostname": ("domain",),
    "fqdn": ("domain",),
}

Values = list[str] | None
_OF_A_KIND = "The values of this kind; null if there are more than 1,000 indicators in total"


def _text(value: object) -> object:
    """A text unchanged, or all texts in a list or an object that Jinja rendered, one per line."""
    parsed = structure(value.strip()) if isinstance(value, str) else value
    if not isinstance(parsed, list | tuple | set | dict):
        return value
    found: list[str] = []
    stack: list[Any] = [parsed]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, list | tuple | set | dict):
            stack += reversed(list(item.values() if isinstance(item, dict) else item))
    return "\n".join(found)


class ExtractIndicatorsArguments(Arguments):
    """Where the text is, and what to take from it."""

    sources: ClassVar[tuple[str, ...]] = ("text", "text_path")

    text: Annotated[str, BeforeValidator(_text)] | None = Field(
        default=None,
        title="Text",
        description="What people wrote: plain text, Markdown, HTML or the source of an email",
    )
    text_path: str | None = Field(
        default=None,
        title="Text file",
        description="A file in the playbook's storage that contains such text, such as report.html or message.eml",
    )
    kinds: WordList | None = Field(
        default=None,
        title="Kinds",
        description="Kinds of indicators to extract: ipv4, ipv6, domain, url, email, mac, md5, sha1, sha256, sha512; "
        "ip stands for both IP versions, and hash for all hashes; all kinds if left empty",
    )
    defanged_only: bool = Field(
        default=False,
        title="Defanged only",
        description="Extract only names and addresses that are defanged, such as evil[.]example; hashes are always "
        "extracted. Otherwise, names and addresses that are not defanged are extracted too, unless the text defangs "
        "others of their sort",
    )
    timeout: Timeout = 900

    @field_validator("text")
    @classmethod
    def _is_rendered(cls, text: str | None) -> str | None:
        if text is not None:
            check_rendered(text)
        return text

    @field_validator("kinds")
    @classmethod
    def _are_kinds(cls, names: list[str] | None) -> list[str] | None:
        if not names:
            return None
        wanted: list[str] = []
        for name in names:
            key = name.lower().replace("-", "")
            single = key.removesuffix("es") if key.endswith(("hashes", "addresses")) else key.removesuffix("s")
            if not (kinds := next(((one,) for one in (key, single) if one in KINDS), None) or _GROUPS.get(single)):
                raise ValueError(
                    f"“{name[:60]}” is not a kind of indicator: it must be one of {', '.join(KINDS)}, ip, hash"
                )
            wanted += kinds
        return wanted


class ExtractIndicatorsResults(ResultsForm):
    """What was found: each value once, in the order of the text."""

    count: int = Field(title="Count", description="How many indicators were found")
    by_type: TypeCounts = Field(title="By type", description="How many of each kind")
    indicators: Annotated[list[dict[str, Any]], objects(value="string", type="string")] | None = Field(
        title="Indicators",
        description="Up to 1,000 indicators, each with value and type, in a form that the imports accept. Null if "
        "there are more",
    )
    indicators_path: str | None = Field(
        title="Indicators file",
        description="More than 1,000 indicators, as a JSON list of the same objects in a file in the playbook's "
        "storage; otherwise null",
    )
    ipv4: Values = Field(title="IPv4 addresses", description=_OF_A_KIND)
    ipv6: Values = Field(title="IPv6 addresses", description=_OF_A_KIND)
    domain: Values = Field(title="Domains", description=_OF_A_KIND)
    url: Values = Field(title="URLs", description=_OF_A_KIND)
    email: Values = Field(title="Email addresses", description=_OF_A_KIND)
    mac: Values = Field(title="MAC addresses", description=_OF_A_KIND)
    md5: Values = Field(title="MD5 hashes", description=_OF_A_KIND)
    sha1: Values = Field(title="SHA-1 hashes", description=_OF_A_KIND)
    sha256: Values = Field(title="SHA-256 hashes", description=_OF_A_KIND)
    sha512: Values = Field(title="SHA-512 hashes", description=_OF_A_KIND)
    skipped: SkippedList = Field(
        title="Skipped",
        description="The first 100 values that look like indicators but were not extracted, such as references, file "
        "names, version numbers and networks, with value and reason",
    )
    skipped_count: int = Field(title="Skipped count", description="How many such values there are")
    skipped_path: str | None = path_field("Skipped")


class ExtractIndicators(SekoiaAction):
    """Extract indicators from what people wrote."""

    name = "Extract indicators"
    description = "Find the indicators in a report, an email or a web page, for later steps; nothing is sent"
    results_model = ExtractIndicatorsResults
    most_inline: ClassVar[int] = 1_000

    def run(self, arguments: ExtractIndicatorsArguments) -> ExtractIndicatorsResults:
        """Read the text, and distinguish indicators from what only looks like one."""
        found = _Collected(arguments.kinds)
        for one in self._documents(arguments):
            found.add(mentions(one.text, defanged_only=arguments.defanged_only))
            if one.not_read:
                self.tell(f"These attachments were not read: {', '.join(one.not_read[:10])}", "warning")
        skipped = found.skipped()
        with GrowingList(self.data_path, "extracted", most=self.most_inline) as listed:
            for mention in found.taken.values():
                listed.append({"value": mention.value, "type": mention.kind})
        lists: dict[str, list[str]] = {kind: [] for kind in KINDS}
        for mention in found.taken.values():
            lists[str(mention.kind)].append(mention.value)
        by_type = {kind: len(values) for kind, values in lists.items() if values}
        told = ", ".join(f"{count:,} {kind}" for kind, count in by_type.items())
        self.tell(f"Found {counted(listed.count)}{f': {told}' if told else ''}")
        if skipped.skipped_count:
            first = skipped.skipped[0]
            were = "1 value was" if skipped.skipped_count == 1 else f"{skipped.skipped_count:,} values were"
            self.tell(f"{were} not taken, such as “{first['value']}”: {first['reason']}")
        return ExtractIndicatorsResults(
            count=listed.count,
            by_type=by_type,
            indicators=listed.items,
            indicators_path=listed.path,
            **(lists if listed.items is not None else dict.fromkeys(KINDS)),
            skipped=first_of(skipped.skipped),
            skipped_count=skipped.skipped_count,
            **list_files(self, {"skipped": skipped.skipped}),
        )

    def _documents(self, arguments: ExtractIndicatorsArguments) -> list[Document]:
        found = []
        if arguments.text is not None:
            found.append(document(arguments.text))
        if arguments.text_path:
            file = storage.find(self.data_path, arguments.text_path, "text_path")
            content = read_content(file, "text_path", "document")
            try:
                found.append(document(content, file.name))
            except UnreadableFile as error:
                raise InputError(f"The file {file.name} of text_path cannot be used: {error}") from None
        return found


class _Collected:
    """What the texts contain, each value once."""

    def __init__(self, kinds: list[str] | None) -> None:
        self._kinds = frozenset(kinds or KINDS)
        self.taken: dict[str, Mention] = {}
        self._others: dict[str, Mention] = {}

    def add(self, found: Iterable[Mention]) -> None:
        """Collect the indicators of a text, and what only looks like one."""
        for mention in found:
            if mention.kind is None or mention.kind in self._kinds:
                (self._others if mention.reason else self.taken).setdefault(mention.key, mention)

    def skipped(self) -> ObjectAccount:
        """What is not an indicator in any of the texts."""
        account = ObjectAccount()
        for key, mention in self._others.items():
            if key not in self.taken:
                account.note(Skipped(mention.value, mention.reason))
        return account
