"""What each playbook does, on its example, and on each of the other paths that it can take."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from sandbox.playbooks.access import Platform
from sandbox.playbooks.events import PlaybookRun
from sandbox.playbooks.module import Module
from sandbox.playbooks.playbook import Playbook, read_json_object
from sandbox.playbooks.runner import Runner
from sandbox.playbooks.stubs import Stub, load_stubs
from tests.playbooks import vendor

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "ioc-collection--11111111-1111-4111-8111-111111111111"
Run = Callable[..., PlaybookRun]


@pytest.fixture
def run(sandbox: Sandbox, tmp_path: Path) -> Run:
    """Runs a playbook on its example, in which some answers and parts of the event can be other ones."""

    def run(name: str, answers: dict[str, dict[str, Any]] | None = None, **event: Any) -> PlaybookRun:
        path = ROOT / "playbooks" / f"{name}.json"
        playbook = Playbook.load(path)
        example = path.with_suffix(".trigger.json")
        return Runner(
            playbook,
            Module.load(ROOT),
            Platform.of(sandbox),
            tmp_path,
            event=(read_json_object(example) if example.exists() else {}) | event,
            stubs=load_stubs(path.with_suffix(".stubs.yaml"), playbook)
            | {key: Stub(**answer) for key, answer in (answers or {}).items()},
        ).run()

    return run


def _keys(run: PlaybookRun) -> str:
    """The nodes that ran, all of them well."""
    assert run.succeeded, [outcome.error for outcome in run.outcomes]
    return " ".join(outcome.key for outcome in run.outcomes)


def _said(run: PlaybookRun) -> str:
    """What the last node was to tell people."""
    arguments = run.outcomes[-1].arguments
    return str(arguments.get("content") or arguments["message"])


def _found(*values: str) -> dict[str, Any]:
    """What Get Event Field Common Values answers when it finds these."""
    common_values = [{"name": value, "value": 1} for value in values]
    return {"results": {"fields": [{"name": "dns.question.name", "common_values": common_values}] if values else []}}


# On the examples, with this module's actions in processes of their own; the demo runs the other two playbooks


def test_feed_is_imported(run: Run, sandbox: Sandbox, collection_id: str) -> None:
    """The downloaded file is previewed, and all of its rows are in the collection with their own validity."""
    result = run("scheduled_feed", {"2": {"results": {"collection_id": collection_id}}})
    assert _keys(result) == "1 2 3 4 5"
    indicators = sandbox.indicators(collection_id)
    assert len(indicators) == 3
    assert {indicator["valid_until"][:10] for indicator in indicators} == {"2031-01-01"}


def test_feed_is_mirrored(run: Run, sandbox: Sandbox) -> None:
    """The collection ends up matching the feed, except for the company's own values."""
    collection_id = sandbox.create_collection(name="Mirrored feed")["id"]
    assert _keys(run("mirror_feed")) == "1 2 3 4"
    assert {indicator["name"] for indicator in sandbox.indicators(collection_id)} == {
        "malware.login-portal.example",
        "198.51.100.23",
        "https://files.login-portal.example/invoice.html",
    }


def test_enrichment_is_imported(run: Run, sandbox: Sandbox, collection_id: str) -> None:
    """Indicators that enough engines detect are imported, in one list from two results, and the comment counts
    them."""
    result = run("enrichment_to_collection", {"6": {"results": {"collection_id": collection_id, "name": "Blocklist"}}})
    assert _keys(result) == "1 2 3 4 5 6 7 8"
    assert {indicator["name"] for indicator in sandbox.indicators(collection_id)} == {
        "http://files.example.net/a/invoice.html",
        "http://files.example.net/b/setup.exe",
        "53fba36204e0359d3bde79e454df8428a98692ca189f6b7db3c7548939a7bed7",
    }
    assert _said(result) == (
        "Detected by VirusTotal around files.example.net: 3 URLs, 1 file. What five engines or more detect is in the "
        'IOC collection "Blocklist" for 30 days.'
    )


def test_false_positive_is_revoked(run: Run, sandbox: Sandbox) -> None:
    """Of what the blocklist holds exactly the rejected alert's values are revoked, and the comment names them."""
    collection_id = sandbox.create_collection(name="Alert blocklist")["id"]
    sandbox.create_collection(name="Alert blocklist of another team")
    values = ["update.login-portal.example", "evil-update.login-portal.example", "203.0.113.7"]
    answer = requests.post(
        f"{sandbox.url}/v2/inthreat/ioc-collections/{collection_id}/indicators",
        json={"indicators": [{"value": value} for value in values]},
        headers={"Authorization": f"Bearer {sandbox.api_key}"},
        timeout=10,
    )
    assert answer.status_code == 200
    result = run("revoke_false_positive")
    assert _keys(result) == "1 2 3 4 5 6 7"
    assert {item["name"] for item in sandbox.indicators(collection_id) if item["revoked"]} == {values[0], values[2]}
    assert _said(result).endswith(": update.login-portal.example, 203.0.113.7")


def test_what_was_confirmed_is_kept(run: Run, sandbox: Sandbox) -> None:
    """Of what the blocklist holds exactly the confirmed alert's values are valid for a year, and the comment names them."""
    collection_id = sandbox.create_collection(name="Alert blocklist")["id"]
    answer = requests.post(
        f"{sandbox.url}/v2/inthreat/ioc-collections/{collection_id}/indicators",
        json={"indicators": [{"value": "update.login-portal.example"}, {"value": "other.example"}]},
        headers={"Authorization": f"Bearer {sandbox.api_key}"},
        timeout=10,
    )
    assert answer.status_code == 200
    result = run("keep_confirmed_indicators")
    assert _keys(result) == "1 2 3 4 5 6 7"
    assert {item["name"]: item["description"] for item in sandbox.indicators(collection_id)} == {
        "update.login-portal.example": "Confirmed by alert ALexample0001: Command and control traffic",
        "other.example": None,
    }
    assert _said(result).endswith(": update.login-portal.example")


def test_mail_of_a_cert_is_imported(run: Run, sandbox: Sandbox) -> None:
    """The indicators in the email are imported, and the comment lists what else it names."""
    result = run("cert_mail_to_collection")
    assert _keys(result) == "1 2 3 4 5 6"
    created = result.outcomes[3].results
    assert created
    assert {indicator["name"] for indicator in sandbox.indicators(created["collection_id"])} == {
        "https://login.portal-check.example/verify.php",
        "198.51.100.23",
        "update.portal-check.example",
        "53fba36204e0359d3bde79e454df8428a98692ca189f6b7db3c7548939a7bed7",
    }
    assert _said(result).splitlines() == [
        'Imported into the IOC collection "CERT warnings" for 90 days: 1 ipv4, 1 domain, 1 url, 1 sha256.',
        "Not considered an indicator: 10[.]0[.]0[.]4 (a version number)",
        "Not considered an indicator: f34d5f2d4577ed6d9ceec516c1f5a744 (it follows “imphash”, so it is not a file hash "
        "that Sekoia accepts)",
        "Not considered an indicator: https://www[.]example[.]org/blog/credential-phishing (a reference)",
        "Not considered an indicator: https://cert[.]example[.]org (a reference)",
    ]


@pytest.mark.parametrize("description", [" \n", None])
def test_a_case_without_a_description_is_no_error(run: Run, description: str | None) -> None:
    """It gets the comment that nothing was imported: errors would have the platform turn the playbook off."""
    result = run("cert_mail_to_collection", description=description)
    assert _keys(result) == "1 2 3 7"
    assert _said(result) == "The description of this case does not contain any indicators: nothing was imported."


# On other ways, with every answer given

NOT_ALL: dict[str, Any] = {
    "missing": [{"value": "b.example", "reason": "Refused"}],
    "missing_count": 1,
    "unrecognized": [{"line": 3, "value": "wpad", "reason": "not a domain"}],
}
"""Results of an import that did not bring everything in."""

UNKNOWN: dict[str, Any] = {"missing": [], "missing_count": None, "unrecognized": []}
"""Results of an import whose indicators could not be looked for."""


@pytest.mark.parametrize(
    ("event", "found", "keys", "said"),
    [
        ({"tags": ["malware"]}, {}, "1", None),
        ({}, {"count": 0, "skipped": []}, "1 2 3 7", "contain any indicators: nothing was imported."),
        (
            {"tags": ["warning", "Cert"]},
            {"count": 0, "skipped": [{"value": "setup.py", "reason": "a file"}]},
            "1 2 3 7",
            "nothing was imported.\nNot considered an indicator: setup[.]py (a file)",
        ),
        (
            {},
            {"count": 2, "by_type": {"domain": 2}, "indicators": ["a.example", "b.example"], "skipped": []},
            "1 2 3 4 5 6",
            "for 90 days, except for what is listed below: 2 domain.\nNot imported: b.example (Refused)\n"
            "Not imported: wpad (not a domain)",
        ),
    ],
)
def test_cert_mail_to_collection(
    run: Run, event: dict[str, Any], found: dict[str, Any], keys: str, said: str | None
) -> None:
    """Other cases are left alone, and a mail without indicators gets a comment that says so, as does what is not in."""
    collection = {"4": {"results": {"collection_id": COLLECTION, "name": "Blocklist"}}, "5": {"results": NOT_ALL}}
    result = run("cert_mail_to_collection", {"2": {"results": found}, **collection}, **event)
    assert _keys(result) == keys
    assert said is None or _said(result).endswith(said)


@pytest.mark.parametrize(
    ("answers", "keys", "said"),
    [
        ({"2": _found(), "3": _found()}, "1 2 3 4 8", "nothing was imported."),
        (
            {
                "2": _found("a.example", "b.example", "wpad"),
                "3": _found("a.example"),
                "6": {"results": NOT_ALL},
            },
            "1 2 3 4 5 6 7",
            '"Blocklist" for 90 days: a.example\nNot imported: b.example (Refused)\nNot imported: wpad (not a domain)',
        ),
        (
            {"2": _found("a.example"), "3": _found(), "6": {"results": UNKNOWN}},
            "1 2 3 4 5 6 7",
            "for 90 days: a.example\nSekoia did not show whether all of them are in.",
        ),
    ],
)
def test_alert_to_blocklist(run: Run, answers: dict[str, dict[str, Any]], keys: str, said: str) -> None:
    """An alert without indicators gets a comment that says so, and what is not in is not told as imported."""
    collection = {"5": {"results": {"collection_id": COLLECTION, "name": "Blocklist"}}}
    result = run("alert_to_blocklist", collection | answers)
    assert _keys(result) == keys
    assert _said(result).endswith(said)


@pytest.mark.parametrize(
    "preview",
    [
        {"mapping": None, "ignore_first_line": None, "rows": None},
        {"mapping": ["description", None], "ignore_first_line": True, "rows": [["note", "x"]]},
        {"mapping": ["observable"], "ignore_first_line": None, "rows": [["a.example"]]},
    ],
)
def test_feed_that_is_not_understood(run: Run, preview: dict[str, Any]) -> None:
    """When the preview leaves a column or the heading open, nothing is imported and the team is told."""
    collection = {"results": {"collection_id": COLLECTION}}
    result = run("scheduled_feed", {"2": collection, "3": {"results": preview | {"file_handle": "one"}}})
    assert _keys(result) == "1 2 3 4 6"
    assert _said(result).endswith(f"Its first rows: {preview['rows'] or 'not readable'}")


MIRRORED = {"missing_count": 1, "unrecognized_count": 2, "remaining_count": 3, "limit_hit": False}


@pytest.mark.parametrize(
    ("answer", "keys", "said"),
    [
        (
            {
                "results": MIRRORED
                | {"status": "partial", "missing": [{"value": "a.example", "reason": "Sekoia refused it"}]}
            },
            "1 2 3 4 5",
            "(partial): 1 of its indicators are not in, a.example (Sekoia refused it); 2 lines hold no indicator; 3 indicators "
            "that left the feed are still active, which the next run goes on with.",
        ),
        ({"results": MIRRORED | {"status": "completed", "missing": []}}, "1 2 3 4", None),
        (
            {
                "results": MIRRORED | {"status": "partial", "missing": [], "limit_hit": True},
                "error": "Nothing was removed",
            },
            "1 2 3 6",
            "none were removed: 3. Check that the feed is complete; if it is, run the playbook once with a higher most_removed.",
        ),
        ({"error": "Sekoia refused the API key"}, "1 2 3 6", "The error of the node says why."),
    ],
)
def test_feed_that_cannot_be_mirrored(run: Run, answer: dict[str, Any], keys: str, said: str | None) -> None:
    """The team is told about refused values, a limit that was hit and failures, and nobody about a success."""
    collection = {"results": {"collection_id": COLLECTION, "name": "Mirrored feed"}}
    result = run("mirror_feed", {"2": collection, "3": answer})
    assert _keys(result) == keys
    assert said is None or _said(result).endswith(said)


def _find(output: str, *ids: str) -> dict[str, Any]:
    """What Find IOC collection answers."""
    results = {"collection_id": COLLECTION, "collections": [{"id": id_} for id_ in ids], "count": len(ids)}
    return {"results": results, "outputs": {output: True}}


@pytest.mark.parametrize(
    ("status", "answers", "keys", "said"),
    [
        ("closed", {}, "1", None),
        (vendor.REJECTED, {"2": _found()}, "1 2 3", None),
        (vendor.REJECTED, {"4": _find("not_found")}, "1 2 3 4", None),
        (vendor.REJECTED, {"4": _find("several", "one", "two")}, "1 2 3 4 8", 'name "Alert blocklist": one, two'),
        (vendor.REJECTED, {"4": _find("found", "one"), "5": {"results": {"revoked": []}}}, "1 2 3 4 5 6", None),
        (
            vendor.REJECTED,
            {
                "4": _find("found", "one"),
                "5": {"results": {"revoked": ["a.example"], "failed": [{"value": "b.example", "reason": "Refused"}]}},
            },
            "1 2 3 4 5 6 7",
            ": a.example\nNot revoked: b.example (Refused)",
        ),
    ],
)
def test_revoke_false_positive(
    run: Run, status: str, answers: dict[str, dict[str, Any]], keys: str, said: str | None
) -> None:
    """An alert is commented when something was revoked or a choice is needed, and left alone otherwise."""
    result = run("revoke_false_positive", answers, status={"name": "Some", "uuid": status})
    assert _keys(result) == keys
    assert said is None or _said(result).endswith(said)


@pytest.mark.parametrize(
    ("answers", "keys", "said"),
    [
        ({"2": _found()}, "1 2 3 9", "there is nothing to enrich."),
        (
            {"4": {"results": {"detected_urls": [{"url": "http://a.example/", "positives": 4}]}}},
            "1 2 3 4 5 10",
            "around files.example.net that at least five engines detect: nothing was imported.",
        ),
        ({"4": {"results": {"response_code": 0}}}, "1 2 3 4 5 10", "nothing was imported."),
        (
            {"6": {"results": {"collection_id": COLLECTION, "name": "Blocklist"}}, "7": {"results": NOT_ALL}},
            "1 2 3 4 5 6 7 8",
            "for 30 days, except for what is listed below.\nNot imported: b.example (Refused)\nNot imported: wpad (not a domain)",
        ),
    ],
)
def test_enrichment_to_collection(run: Run, answers: dict[str, dict[str, Any]], keys: str, said: str) -> None:
    """Without a domain nobody is asked, what few engines detect is not imported, and what is not in is told."""
    result = run("enrichment_to_collection", answers)
    assert _keys(result) == keys
    assert _said(result).endswith(said)
