"""Arguments as Jinja leaves them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sekoia_cti import actions
from sekoia_cti.actions.common.arguments import Arguments
from sekoia_cti.actions.common.jinja import as_list
from sekoia_cti.actions.create_ioc_collection import CreateIOCCollectionArguments
from sekoia_cti.actions.import_file import ImportIndicatorsFromFileArguments
from sekoia_cti.actions.import_text import ImportIndicatorsFromTextArguments
from sekoia_cti.client.phases import PhaseFinder
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.platform.action import SekoiaAction
from sekoia_cti.platform.complaints import complaint

COLLECTION = "ioc-collection--11111111-1111-4111-8111-111111111111"
THREAT = "intrusion-set--22222222-2222-4222-8222-222222222222"


def text(**arguments: Any) -> ImportIndicatorsFromTextArguments:
    """Arguments of a text import; those that are needed are given."""
    return ImportIndicatorsFromTextArguments.model_validate(
        {"collection_id": COLLECTION, "text": "evil.example", **arguments}
    )


def file(**arguments: Any) -> ImportIndicatorsFromFileArguments:
    """Arguments of a file import; those that are needed are given."""
    return ImportIndicatorsFromFileArguments.model_validate(
        {"collection_id": COLLECTION, "file_path": "iocs.csv", **arguments}
    )


@pytest.mark.parametrize(
    ("given_", "meant"),
    [
        (["a.example", "b.example"], ["a.example", "b.example"]),
        ("['a.example', 'b.example']", ["a.example", "b.example"]),
        ('["a.example", "b.example"]', ["a.example", "b.example"]),
        ("[['a.example'], ['b.example', ['c.example']]]", ["a.example", "b.example", "c.example"]),
        ([["a.example"], [["b.example"]]], ["a.example", "b.example"]),
        ("('a.example', 'b.example')", ["a.example", "b.example"]),
        ("{'a.example'}", ["a.example"]),
        ("dict_values(['a.example', 'b.example'])", ["a.example", "b.example"]),
        ("[a.example, b.example]", ["[a.example, b.example]"]),
        ({"value": "a.example"}, [{"value": "a.example"}]),
        ('{"value": "a.example"}', [{"value": "a.example"}]),
        ('{"value": "a.example"}\n{"value": "b.example"}', [{"value": "a.example"}, {"value": "b.example"}]),
        ("a.example", ["a.example"]),
        ("a.example\nb.example", ["a.example", "b.example"]),
        ("[domain-name:value = 'a.example']", ["[domain-name:value = 'a.example']"]),
        (["a.example", None, "", "None", 5], ["a.example", None, "", "None", 5]),
        ("[]", []),
    ],
)
def test_a_list_is_read_in_every_shape(given_: object, meant: list[object]) -> None:
    """Lists, nested lists, their text in Python and in JSON, and plain text all become a flat list."""
    assert text(indicators=given_).indicators == meant


@pytest.mark.parametrize("empty", ["", "  ", "None", "null", None])
def test_an_empty_argument_counts_as_left_out(empty: object) -> None:
    """What Jinja renders for a missing value leaves the default in place."""
    arguments = text(
        description=empty, valid_for=empty, wait=empty, timeout=empty, kill_chain_phases=empty, format=empty
    )
    assert arguments == text()
    assert (arguments.wait, arguments.timeout) == (True, 900)


def test_numbers_and_booleans_arrive_as_text() -> None:
    """A number or a boolean given as text is understood."""
    arguments = text(valid_for="365", wait="false", timeout=" 60 ")
    assert (arguments.valid_for, arguments.wait, arguments.timeout) == (365, False, 60)


@pytest.mark.parametrize(
    ("given_", "meant"),
    [
        ("2030-01-31", datetime(2030, 1, 31, tzinfo=UTC)),
        ("2030-01-31T12:00:00", datetime(2030, 1, 31, 12, tzinfo=UTC)),
        ("2030-01-31T12:00:00Z", datetime(2030, 1, 31, 12, tzinfo=UTC)),
        ("2030-01-31T12:00:00+09:00", datetime(2030, 1, 31, 3, tzinfo=UTC)),
        (" 2030-01-31 12:00 ", datetime(2030, 1, 31, 12, tzinfo=UTC)),
    ],
)
def test_times_mean_utc(given_: str, meant: datetime) -> None:
    """A date or a date-time without an offset means UTC, and one with an offset is converted."""
    assert text(valid_until=given_).context(PhaseFinder(list)).valid_until == meant


def test_a_period_counts_from_now() -> None:
    """`valid_for` sets an end that many days from now."""
    until = text(valid_for=30).context(PhaseFinder(list)).valid_until
    assert until is not None
    assert abs(until - datetime.now(UTC) - timedelta(days=30)) < timedelta(seconds=5)


def test_the_context_is_sent_as_sekoia_takes_it() -> None:
    """Phases become objects, and a bare name that both kill chains have means Lockheed Martin's."""
    context = text(
        description="seen in a campaign",
        valid_from="2026-01-01",
        kill_chain_phases="['command-and-control', 'mitre-attack:impact']",
        related_threat_refs=THREAT,
    ).context(PhaseFinder(list))
    assert context.payload() == {
        "description": "seen in a campaign",
        "valid_from": "2026-01-01T00:00:00Z",
        "kill_chain_phases": [
            {"kill_chain_name": "lockheed-martin-cyber-kill-chain", "phase_name": "command-and-control"},
            {"kill_chain_name": "mitre-attack", "phase_name": "impact"},
        ],
        "x_ic_related_threat_refs": [THREAT],
    }


@pytest.mark.parametrize(
    ("given_", "meant"),
    [
        (["observable", None, "ignore", "valid_until"], ["observable", None, None, "valid_until"]),
        ("['observable', None, 'ignore']", ["observable", None, None]),
        ('["observable", null]', ["observable", None]),
        ("ignore, observable , description", [None, "observable", "description"]),
        ("observable", ["observable"]),
    ],
)
def test_a_mapping_is_read_in_every_shape(given_: object, meant: list[str | None]) -> None:
    """A mapping comes as a list, as its text, or as names separated by commas; null and ignore mean the same."""
    assert file(mapping=given_).mapping == meant


@pytest.mark.parametrize(
    ("given_", "days"), [("90 days", 90), ("2 weeks", 14), ("1 year", 365), ("7d", 7), (" 30 ", 30), (30, 30)]
)
def test_days_are_read_as_people_write_them(given_: object, days: int) -> None:
    """A number of days may have a unit."""
    assert text(valid_for=given_).valid_for == days


OTHER = "00000000-0000-4000-8000-000000000002"


@pytest.mark.parametrize(
    "form",
    [
        "{}",
        " ioc-collection--{} ",
        "https://app.sekoia.io/intelligence/collections/ioc-collection--{}?x=1",
        f"https://app.sekoia.io/{OTHER}/collections/ioc-collection--{{}}",
        f"https://app.sekoia.io/intelligence/collections/{{}}/indicators?community={OTHER}",
    ],
)
@pytest.mark.parametrize("uuid", ["00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000A"])
def test_a_collection_is_known_by_its_id_wherever_it_stands(form: str, uuid: str) -> None:
    """A bare UUID, an id, or the address of a page that contains it is accepted."""
    assert text(collection_id=form.format(uuid)).collection_id == f"ioc-collection--{uuid.lower()}"


@pytest.mark.parametrize(
    "written",
    [
        f"https://app.sekoia.io/{OTHER}/collections/{OTHER[:-1]}3",  # either can be meant
        f"ioc-collection--{OTHER} ioc-collection--{OTHER[:-1]}3",
        f"indicator--{OTHER}",
    ],
)
def test_what_is_not_clearly_one_collection_is_refused(written: str) -> None:
    """Several ids, or that of something else."""
    with pytest.raises(ValueError, match="is not an IOC collection id"):
        text(collection_id=written)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"collection_id": ""}, "collection_id: it is required, but is empty: check the step that fills it"),
        (
            {"collection_id": "Blocklist"},
            "collection_id: “Blocklist” is not an IOC collection id: it must be ioc-collection--<uuid>",
        ),
        (
            {"text": ""},
            "at least one of text, text_path, indicators, indicators_path "
            "is required, but all of them are empty: check the step that fills them",
        ),
        (
            {"valid_for": "soon"},
            "valid_for: it must be a number of days, such as 90, not “soon”",
        ),
        ({"valid_for": True}, "valid_for: it must be a number of days, such as 90"),
        ({"valid_for": 1.5}, "valid_for: it must be a number of days, such as 90"),
        ({"valid_for": "0x10"}, "valid_for: it must be a number of days, such as 90, not “0x10”"),
        ({"valid_for": "36501 days"}, "valid_for: it must be at most 36,500, not “36501 days”"),
        ({"description": "evil\ud83d"}, "description: it contains an incomplete character: copy it again"),
        (
            {"valid_for": 30, "valid_from": "2099-01-01"},
            "valid_from must be before the end of valid_for, which counts from now: use valid_until instead",
        ),
        ({"valid_for": 0}, "valid_for: it must be at least 1, not 0"),
        ({"timeout": 5}, "timeout: it must be at least 10, not 5"),
        ({"timeout": 86_401}, "timeout: it must be at most 86,400, not 86,401"),
        ({"wait": "maybe"}, "wait: it must be true or false, not “maybe”"),
        ({"description": "x" * 501}, "description: it must have at most 500 characters, not 501"),
        (
            {"valid_from": "yesterday"},
            "valid_from: it must be an ISO 8601 date or date-time, such as 2030-01-31 or 2030-01-31T12:00:00Z, not “yesterday”",
        ),
        (
            {"valid_until": "0001-01-01T00:00:00+12:00"},
            "valid_until: it must be an ISO 8601 date or date-time, such as 2030-01-31 or 2030-01-31T12:00:00Z, not "
            "“0001-01-01T00:00:00+12:00”",
        ),
        (
            {"valid_from": 1_700_000_000},
            "valid_from: it must be an ISO 8601 date or date-time, such as 2030-01-31 or 2030-01-31T12:00:00Z",
        ),
        ({"valid_for": 5, "valid_until": "2030-01-01"}, "valid_for and valid_until cannot be given together"),
        ({"valid_from": "2030-01-02", "valid_until": "2030-01-01"}, "valid_from must be before valid_until"),
        (
            {"kill_chain_phases": "mitre-attack:"},
            "kill_chain_phases: “mitre-attack:” is not a kill chain phase: write “phase” or “kill-chain:phase”",
        ),
        (
            {"related_threat_refs": [True]},
            "related_threat_refs: “True” is not a STIX id, such as intrusion-set--<uuid>",
        ),
        (
            {"related_threat_refs": "APT28"},
            "related_threat_refs: “APT28” is not a STIX id, such as intrusion-set--<uuid>",
        ),
        ({"indicators": "['a.example', 'b.exam"}, "indicators: it begins like a list but does not end like one"),
        ({"indicators": "['a.example' 'b.example']"}, "indicators: it looks like a list but cannot be read as one"),
        (
            {"indicators": "{'value': 'a.exam"},
            "indicators: it begins like an object but cannot be read as one: it is cut off, malformed or nested too deeply",
        ),
        (
            {"indicators": '{"a":' * 100_000 + "1" + "}" * 100_000},
            "indicators: it begins like an object but cannot be read as one: it is cut off, malformed or nested too deeply",
        ),
        (
            {"related_threat_refs": [{"id": 1}]},
            "related_threat_refs: it contains an object where a plain value belongs",
        ),
        (
            {"indicators": "<generator object sync_do_select at 0x7f0000000000>"},
            "indicators: it contains “<generator object sync_do_select at 0x7f0000000000>”, which is how Jinja writes "
            "a list that was not evaluated: end the expression with “| list”",
        ),
        (
            {"indicators": [{"value": "a.example", "tags": ["{{ node.1.tag }}"]}]},
            "indicators: it contains “{{ node.1.tag }}”, which the playbook did not render: check the expression",
        ),
        (
            {"indicators": "[{'value': '<generator object f at 0x7f0000000000>'}]"},
            "indicators: it contains “<generator object f at 0x7f0000000000>”, which is how Jinja writes a list that "
            "was not evaluated: end the expression with “| list”",
        ),
        (
            {"text": "a.example\n  {{ node.1.more }}\nb.example"},
            "text: it contains “{{ node.1.more }}”, which the playbook did not render: check the expression",
        ),
        (
            {"indicators": ["{{ node.1.indicators }}"]},
            "indicators: it contains “{{ node.1.indicators }}”, which the playbook did not render: check the "
            "expression",
        ),
        (
            {"text": "{% for x in y %}"},
            "text: it contains “{% for x in y %}”, which the playbook did not render: check the expression",
        ),
        (
            {"text": "a.example", "description": "Alert {{ node.1.short_id }}"},
            "description: it contains “{{ node.1.short_id }}”, which the playbook did not render: check the "
            "expression",
        ),
        (
            {"collection_id": "{{ node.0['collection'] }}"},
            "collection_id: it contains “{{ node.0['collection'] }}”, which the playbook did not render: check the "
            "expression",
        ),
        (
            {"valid_for": "{% if store.days %}90{% endif %}"},
            "valid_for: it contains “{% if store.days %}”, which the playbook did not render: check the expression",
        ),
        (
            {"format": "domain"},
            "format: it must be one_per_line, ipv4-addr.value, ipv6-addr.value, domain-name.value, url.value, "
            "email-addr.value or file.hashes, not “domain”",
        ),
    ],
)
@pytest.mark.fault(
    "`valid_from` is after the end of `valid_for`, `valid_for` is `true`, an object is 100,000 levels deep, or an "
    "expression was not rendered",
    "An error in one sentence that names the argument; nothing is sent",
)
def test_what_means_nothing_is_refused_by_name(arguments: dict[str, Any], sentence: str) -> None:
    """The error names the argument and says what it should be."""
    with pytest.raises(ValidationError) as caught:
        text(**arguments)
    assert complaint(caught.value, show_values=True) == sentence


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"mapping": ["valid_from"]}, "mapping: exactly one column must be observable, not 0"),
        ({"mapping": ["observable", "observable"]}, "mapping: exactly one column must be observable, not 2"),
        (
            {"mapping": ["observable", "color"]},
            "mapping: “color” is not one of observable, valid_from, valid_until, kill_chain_phases, x_ic_related_threat_refs, "
            "description or ignore",
        ),
        ({"mapping": 5}, "mapping: it must be a list, not 5"),
        (
            {"mime_type": "application/pdf"},
            "mime_type: Sekoia accepts CSV, XLS and XLSX: use one of their MIME types, or leave this empty",
        ),
        (
            {"file_path": None},
            "at least one of file_path, file_handle is required, but all of them are empty: check the step that fills "
            "them",
        ),
    ],
)
def test_a_wrong_mapping_is_refused_before_the_upload(arguments: dict[str, Any], sentence: str) -> None:
    """A mapping without exactly one observable, or with unknown names, never leaves the action."""
    with pytest.raises(ValidationError) as caught:
        file(**arguments)
    assert complaint(caught.value, show_values=True) == sentence


def test_a_name_must_not_be_blank() -> None:
    """A blank name counts as missing."""
    with pytest.raises(ValidationError) as caught:
        CreateIOCCollectionArguments.model_validate({"name": "  "})
    assert (
        complaint(caught.value, show_values=True) == "name: it is required, but is empty: check the step that fills it"
    )


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.from_regex(r"\[['\"\[\]a, ]*\]?"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(ANYTHING)
def test_any_value_is_a_list_or_refused(value: object) -> None:
    """Whatever an argument contains, it becomes a flat list or a ValueError."""
    try:
        items = as_list(value)
    except ValueError:
        return
    assert not any(isinstance(item, list | dict) for item in items)


@given(
    st.dictionaries(
        st.sampled_from(
            [*ImportIndicatorsFromTextArguments.model_fields, *ImportIndicatorsFromFileArguments.model_fields]
        ),
        ANYTHING,
    )
)
def test_any_arguments_are_accepted_or_refused_in_a_sentence(arguments: dict[str, object]) -> None:
    """Whatever the arguments are, they are valid, or the error is one line."""
    for model in (ImportIndicatorsFromTextArguments, ImportIndicatorsFromFileArguments):
        try:
            model.model_validate({"collection_id": COLLECTION, **arguments}).context(PhaseFinder(list))
        except ValidationError as error:
            assert "\n" not in complaint(error, show_values=True)
        except InputError as error:
            assert "is not a kill chain phase" in str(error)


MODELS: list[type[Arguments]] = [
    get_type_hints(action.run)["arguments"]
    for file in iter_modules(actions.__path__)
    if not file.ispkg
    for action in vars(import_module(f"sekoia_cti.actions.{file.name}")).values()
    if isinstance(action, type) and issubclass(action, SekoiaAction) and action.__module__.endswith(file.name)
]
ODD: tuple[object, ...] = (
    "ninety",
    -1,
    10**12,
    1.5,
    True,
    [],
    {},
    [1, {}],
    {"a": 1},
    "x" * 600,
    "<generator object>",
    "[",
    "1e999",
    "\ud800",
    "9 0",
)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.__name__))
def test_every_refusal_of_an_argument_is_a_sentence_of_ours(model: type[Arguments]) -> None:
    """It names the argument, in one line, and in none of pydantic's words."""
    given = {"collection_id": COLLECTION, "confirm_name": "a", "name": "a", "file_path": "a.csv", "description": "a"}
    given = {name: value for name, value in given.items() if name in model.model_fields and name not in model.sources}
    refused = set()
    for name in model.model_fields:
        for odd in ODD:
            source = {} if name in model.sources else dict.fromkeys(model.sources[:1], "evil.example")
            try:
                model.model_validate({**given, **source, name: odd})
            except ValidationError as error:
                said = complaint(error, show_values=True)
                assert re.search(rf"\b{name}\b", said), said
                assert not re.search(r"\n|(?i:\binput\b|should be|should have|unable to|a valid )", said), said
                refused.add(name)
    assert refused
