"""The REST client, against the sandbox and against servers that behave badly."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from urllib3.connection import HTTPConnection

from sandbox import RestFault, Sandbox
from sekoia_cti.client.errors import (
    DeadlinePassed,
    KeyRefused,
    ListingIncomplete,
    NotFound,
    PermissionDenied,
    Refused,
    SekoiaError,
    Unavailable,
    UnexpectedAnswer,
)
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.rest.pace import Pace
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.client.wire import Context, KillChainPhase
from tests.hostile import Hostile, Script, answer, drip, reset, silence, truncated

KEY = "the-very-secret-key"
COLLECTION = {"id": "ioc-collection--1", "name": "Blocklist"}
MISSING = "ioc-collection--99999999-9999-4999-8999-999999999999"


class Unhurried(Deadline):
    """A deadline that notes pauses instead of making them."""

    def __init__(self, seconds: float = 600.0) -> None:
        super().__init__(seconds)
        self.paused: list[float] = []

    def pause(self, seconds: float) -> None:
        """Note it."""
        self.paused.append(seconds)


def client(url: str, key: str = KEY, deadline: Deadline | None = None, patience: Patience | None = None) -> RestClient:
    """A client of a server at this URL."""
    return RestClient(
        f"{url}/api/v2/inthreat", key, deadline=deadline or Deadline(30), patience=patience or Patience.none()
    )


@pytest.fixture
def sekoia(sandbox: Sandbox) -> Iterator[RestClient]:
    """A client of the sandbox."""
    with client(sandbox.url, sandbox.api_key) as collections:
        yield collections


PASSING: list[Script] = [
    answer(429, {"message": "slow down"}, Retry_After="0"),
    answer(500),
    answer(502, "<html>Bad gateway</html>"),
    answer(503),
    answer(504),
    reset,
    truncated,
]


@pytest.mark.parametrize("script", PASSING)
def test_what_passes_is_waited_out(script: Script) -> None:
    """A refusal for now, a server error, a reset and an answer that breaks off are tried again."""
    with Hostile(script, script, answer(200, COLLECTION)) as server, client(server.url) as collections:
        assert collections.collection("ioc-collection--1").name == "Blocklist"
        assert len(server.requests) == 3


def test_a_read_timeout_is_waited_out() -> None:
    """A server that says nothing is asked again."""
    impatient = Patience.none().but(read=0.1)
    with (
        Hostile(silence, answer(200, COLLECTION)) as server,
        client(server.url, patience=impatient) as collections,
    ):
        assert collections.collection("ioc-collection--1").name == "Blocklist"


@pytest.mark.parametrize(
    "submit",
    [
        lambda collections: collections.import_text("c", "evil.example", context=Context()),
        lambda collections: collections.process_file(
            "c", "h", mapping=["observable"], ignore_first_line=True, context=Context()
        ),
    ],
)
@pytest.mark.parametrize("script", PASSING)
def test_submissions_are_repeated_too(script: Script, submit: Callable[[RestClient], object]) -> None:
    """Text and process calls are harmless to repeat, so they are."""
    with Hostile(script, answer(202, {"task_id": "t"})) as server, client(server.url) as collections:
        submit(collections)
        assert len(server.requests) == 2
        assert server.requests[0].split(b"\r\n\r\n")[1] == server.requests[1].split(b"\r\n\r\n")[1]


@pytest.fixture
def _small_buffers() -> Iterator[None]:
    """What the system takes in advance of a request is little, as on a slow line."""
    option = (socket.SOL_SOCKET, socket.SO_SNDBUF, 32_768)
    HTTPConnection.default_socket_options.append(option)
    yield
    HTTPConnection.default_socket_options.remove(option)


@pytest.mark.usefixtures("_small_buffers")
@pytest.mark.fault(
    "On a slow connection, a request takes longer than the timeout for connecting",
    "The request goes through on the first attempt",
)
def test_a_slow_line_takes_its_time() -> None:
    """The timeout for connecting, which urllib3 leaves on the socket, holds for pieces of a request and not for all of it."""
    patience = Patience.none().but(connect=0.3)
    with Hostile(answer(202, {"task_id": "t"}), pace=0.01) as server:
        with client(server.url, patience=patience, deadline=Deadline(10)) as rest:
            rest.import_text("c", "x" * 1_200_000, context=Context())
        assert len(server.requests) == 1


def test_an_upload_is_repeated_from_its_start() -> None:
    """A file whose upload was cut is sent again as a whole."""
    content = b"ioc\nevil.example\n" * 50_000
    with Hostile(reset, answer(200, {"file_handle": "h"})) as server, client(server.url) as collections:
        preview = collections.preview_file(
            "c", lambda: io.BytesIO(content), size=len(content), name='"odd"\r\nname.csv', mime_type="text/csv"
        )
        assert preview.file_handle == "h"
        head, _, body = server.requests[-1].partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() in head
        assert content in body
        assert b'filename="_odd___name.csv"' in body


@pytest.mark.parametrize(
    ("retry_after", "expected"),
    [
        ("7", 7.0),
        (60, 60.0),
        ("soon", 0.0),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 -9999", 0.0),
    ],
)
@pytest.mark.fault(
    "`Retry-After` is in seconds, a date by Sekoia's clock, or unreadable",
    "It is respected if possible; the call is repeated",
)
def test_retry_after_is_obeyed(retry_after: str | int, expected: float) -> None:
    """Seconds and an HTTP date both say how long to wait; the date is measured by Sekoia's own clock."""
    there = datetime.now(UTC) - timedelta(hours=9)
    date = format_datetime(there, usegmt=True)
    if isinstance(retry_after, int):
        retry_after = format_datetime(there + timedelta(seconds=retry_after), usegmt=True)
    deadline = Unhurried()
    with (
        Hostile(answer(429, Retry_After=retry_after, Date=date), answer(200, COLLECTION)) as server,
        client(server.url, deadline=deadline) as collections,
    ):
        collections.collection("c")
    (paused,) = deadline.paused
    assert expected - 3 <= paused <= expected + 3


def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    """When Sekoia asks for more time than there is, the error comes at once."""
    deadline = Unhurried(20)
    with (
        Hostile(answer(429, Retry_After="3600")) as server,
        client(server.url, deadline=deadline) as collections,
        pytest.raises(Unavailable, match="Sekoia asked for a pause \\(HTTP 429\\)"),
    ):
        collections.collection("c")
    assert deadline.paused == []


def test_a_long_failure_is_waited_out() -> None:
    """As long as there is time, a server that fails is asked again, however often."""
    with Hostile(*[answer(503)] * 20, answer(200, COLLECTION)) as server, client(server.url) as collections:
        assert collections.collection("c").name == "Blocklist"


def test_a_failure_that_outlasts_the_deadline_is_told() -> None:
    """A server that does not recover in time is given up, with what it said."""
    with (
        Hostile(answer(503)) as server,
        client(server.url, deadline=Deadline(1.0)) as collections,
        pytest.raises(Unavailable, match="Sekoia could not answer \\(HTTP 503\\)"),
    ):
        collections.collection("c")


def test_a_trickle_ends_at_the_deadline() -> None:
    """An answer that never ends, each byte in time, does not outlast the deadline."""
    with (
        Hostile(drip) as server,
        client(server.url, deadline=Deadline(0.3)) as collections,
        pytest.raises(DeadlinePassed, match="while looking up the IOC collection"),
    ):
        collections.collection("c")


@pytest.mark.parametrize(
    ("script", "kind", "sentence"),
    [
        (answer(401, {"message": "Invalid token"}), KeyRefused, "saying “Invalid token”"),
        (answer(403), PermissionDenied, "Sekoia denied permission (HTTP 403)"),
        (answer(404), NotFound, "Sekoia has no IOC collection c (HTTP 404)"),
        (answer(400, {"message": f"bad\n {KEY}"}), Refused, "saying “bad …”"),
        (
            answer(418, "<html>teapot</html>"),
            Refused,
            "Sekoia refused the request (HTTP 418) while looking up the IOC collection:",
        ),
        (
            answer(400, "[" * 5_000),
            Refused,
            "Sekoia refused the request (HTTP 400) while looking up the IOC collection:",
        ),
        (answer(200, "<html>Welcome</html>"), UnexpectedAnswer, "it is not valid JSON"),
        (answer(200, []), UnexpectedAnswer, "it is not a JSON object"),
        (answer(200, {"id": "x"}), UnexpectedAnswer, "it lacks a usable “name”"),
        (
            answer(302, Location="https://login.example.com/?next=1"),
            UnexpectedAnswer,
            "it redirects to login.example.com",
        ),
    ],
)
def test_what_does_not_pass_is_told_at_once(script: Script, kind: type[SekoiaError], sentence: str) -> None:
    """Other refusals are not repeated; the error quotes Sekoia, without markup and without the key."""
    with Hostile(script) as server, client(server.url) as collections:
        with pytest.raises(kind) as caught:
            collections.collection("c")
        assert sentence in str(caught.value)
        assert KEY not in str(caught.value)
        assert len(server.requests) == 1


def test_a_redirect_takes_the_key_nowhere() -> None:
    """The host that a redirect names is never asked."""
    with (
        Hostile(answer(200, COLLECTION)) as other,
        Hostile(answer(307, Location=other.url)) as server,
        client(server.url) as collections,
    ):
        with pytest.raises(UnexpectedAnswer):
            collections.collection("c")
        assert other.requests == []


def test_a_netrc_does_not_replace_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that the machine keeps for the host are not used."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with Hostile(answer(200, COLLECTION)) as server, client(server.url) as collections:
        collections.collection("c")
        assert f"Authorization: Bearer {KEY}".encode() in server.requests[0]


def test_nobody_there() -> None:
    """A refused connection is named as such."""
    with Hostile(reset) as server:
        url = server.url
    with (
        client(url) as collections,
        pytest.raises(Unavailable, match=r"could not be reached at .* \(connection refused\)"),
    ):
        collections.collection("c")


def test_a_name_that_does_not_exist() -> None:
    """A host that cannot be found is named as such."""
    with (
        client("http://sekoia.invalid", patience=Patience.none().but(attempts=1)) as collections,
        pytest.raises(Unavailable, match=r"could not be reached at sekoia.invalid .*\(its name is unknown\)"),
    ):
        collections.collection("c")


def test_collections_are_listed_over_all_pages(sandbox: Sandbox, sekoia: RestClient) -> None:
    """More than a page of collections comes as one list."""
    for number in range(120):
        sandbox.create_collection(name=f"Feed {number}")
    assert len({collection.id for collection in sekoia.collections()}) == 120
    assert [collection.name for collection in sekoia.collections(term="Feed 77")] == ["Feed 77"]


def test_a_collection_is_created_once_even_when_the_answer_is_lost(sandbox: Sandbox, sekoia: RestClient) -> None:
    """A creation that was cut after Sekoia took it is found again instead of repeated."""
    sandbox.faults.rest = [RestFault(method="POST", path="/ioc-collections$", cut="after")]
    created = sekoia.create("Blocklist", description="ours")
    assert [collection.id for collection in sekoia.collections()] == [created.id]


def test_a_collection_is_created_when_the_request_was_lost(sandbox: Sandbox, sekoia: RestClient) -> None:
    """A creation that was cut before Sekoia took it is repeated."""
    sandbox.faults.rest = [RestFault(method="POST", path="/ioc-collections$", cut="before")]
    created = sekoia.create("Blocklist")
    assert [collection.id for collection in sekoia.collections()] == [created.id]


def test_another_collection_of_that_name_is_not_taken_for_ours() -> None:
    """An older namesake is not mistaken for the collection whose creation was cut."""
    with (
        Hostile(
            reset,
            answer(200, {"items": [COLLECTION | {"created": "2020-01-01T00:00:00Z"}], "total": 1}),
            answer(201, {"id": "ioc-collection--2", "name": "Blocklist"}),
        ) as server,
        client(server.url) as collections,
    ):
        assert collections.create("Blocklist").id == "ioc-collection--2"


def test_a_collection_is_found_when_sekoia_gives_ids_of_its_own() -> None:
    """Should Sekoia not take our id, a namesake that was created since the request is ours."""
    found = COLLECTION | {"created": datetime.now(UTC).isoformat()}
    date = format_datetime(datetime.now(UTC), usegmt=True)
    with (
        Hostile(reset, answer(200, {"items": [found], "total": 1}, Date=date)) as server,
        client(server.url) as collections,
    ):
        assert collections.create("Blocklist").id == "ioc-collection--1"


def test_a_repeated_creation_that_is_refused_was_the_first() -> None:
    """When the look comes too early and the repetition is refused, the collection is looked for once more."""
    with (
        Hostile(
            reset,
            answer(200, {"items": [], "total": 0}),
            answer(409, {"message": "exists"}),
            answer(200, {"items": [COLLECTION | {"created": datetime.now(UTC).isoformat()}], "total": 1}),
        ) as server,
        client(server.url) as collections,
    ):
        assert collections.create("Blocklist").id == "ioc-collection--1"


def test_a_refused_creation_is_refused() -> None:
    """A refusal of the first request is told, nothing is looked for."""
    with Hostile(answer(400, {"message": "no"})) as server, client(server.url) as collections:
        with pytest.raises(Refused):
            collections.create("Blocklist", community_uuid="c")
        assert len(server.requests) == 1


def test_the_pace_stays_below_the_limit_of_the_firewall() -> None:
    """Five requests take more than a second, and two errors within ten close the way."""
    now = [0.0]
    deadline = Deadline(600, clock=lambda: now[0])
    deadline.pause = lambda seconds: now.__setitem__(0, now[0] + seconds)  # type: ignore[method-assign]  # a fake clock
    pace = Pace(Patience())
    sent = []
    for _ in range(12):
        pace.before(deadline)
        sent.append(now[0])
    assert all(later - earlier >= 1.0 for earlier, later in zip(sent, sent[4:], strict=False))
    pace.after(404, now[0])
    pace.after(200, now[0])
    pace.after(503, now[0] + 5)
    closed = now[0] + 5
    pace.before(deadline)
    assert now[0] >= closed + Patience().pause_after_errors


def test_sekoias_clock_is_known_from_its_answers(sandbox: Sandbox, sekoia: RestClient) -> None:
    """The time at Sekoia is never ahead of it, and at most a second and a bit behind."""
    assert sekoia.server_time() is None
    list(sekoia.collections())
    told = sekoia.server_time()
    assert told is not None
    assert timedelta(0) <= datetime.now(UTC) - told < timedelta(seconds=5)


def there(*numbers: int, total: int, more: bool | None = None) -> Script:
    """A page of indicators."""
    items = [{"id": f"indicator--{number}", "pattern": "[]"} for number in numbers]
    return answer(200, {"items": items, "total": total, "has_more": more})


@pytest.mark.parametrize(
    ("scripts", "offsets"),
    [
        # As it should be
        ([there(1, 2, total=3, more=True), there(3, total=3, more=False)], [0, 2]),
        # What was added at the front moves the rest, so it comes again
        ([there(1, 2, total=3), there(2, 3, total=4)], [0, 2]),
        # What was removed moves the rest towards the start, so the client steps back
        ([there(9, 1, total=4), there(3, total=3), there(2, 3, total=3)], [0, 2, 2]),
        ([there(8, 9, 1, total=5), there(total=3), there(1, 2, 3, total=3)], [0, 3, 1]),
        # A total that is cut off, and has_more is right
        ([there(1, 2, total=2, more=True), there(3, total=2, more=False)], [0, 2]),
        # A server that always says there is more
        ([there(1, 2, 3, total=3, more=True), there(1, 2, 3, total=3, more=True)], [0, 3]),
        # A page that is empty in the middle, or at first, is asked for again
        ([there(1, 2, total=3), there(total=3, more=False), there(3, total=3)], [0, 2, 2]),
        ([there(total=3), there(total=3), there(1, 2, 3, total=3)], [0, 0, 0]),
        # A listing that repeats itself is gone through again
        ([there(1, 2, total=3), there(1, total=3), there(1, 2, total=3), there(3, total=3)], [0, 2, 0, 2]),
    ],
)
def test_indicators_are_read_once_while_the_collection_changes(scripts: list[Script], offsets: list[int]) -> None:
    """None is missed and none comes twice, whatever Sekoia says of the total, and the reading ends."""
    with Hostile(*scripts, answer(500)) as server, client(server.url) as collections:
        ids = [indicator.id for page in collections.all_indicators("c") for indicator in page.items]
        assert {"indicator--1", "indicator--2", "indicator--3"} <= set(ids)
        assert len(ids) == len(set(ids))
        asked = [request.split(b" ")[1].partition(b"offset=")[2].partition(b"&")[0] for request in server.requests]
        assert [int(offset or 0) for offset in asked] == offsets


LISTINGS: list[Callable[[RestClient], object]] = [
    lambda collections: list(collections.collections()),
    lambda collections: list(collections.all_indicators("c")),
    lambda collections: list(collections.all_indicators("c", term="evil.example")),
]


@pytest.mark.parametrize("read", LISTINGS)
@pytest.mark.parametrize("first", [[], [{"id": "x--1", "name": "Blocklist", "pattern": "[]"}]])
def test_a_listing_that_breaks_off_is_an_error(read: Callable[[RestClient], object], first: list[object]) -> None:
    """A page that stays empty before the end, or comes again and again, is not taken for the end."""
    page = answer(200, {"items": first, "total": 3, "has_more": False})
    with Hostile(page, answer(200, {"items": [], "total": 3})) as server, client(server.url) as collections:
        with pytest.raises(ListingIncomplete, match=f"listed only {len(first)} of 3 while"):
            read(collections)
        assert len(server.requests) == 3 + len(first)
    with Hostile(page) as server, client(server.url) as collections:
        with pytest.raises(ListingIncomplete, match=f"listed only {len(first)} of 3 while"):
            read(collections)


@pytest.mark.parametrize(
    "delete",
    [
        lambda collections: collections.delete("ioc-collection--1"),
        lambda collections: collections.revoke("ioc-collection--1", "indicator--1"),
    ],
)
def test_a_deletion_that_is_repeated_and_finds_nothing_proves_nothing(
    delete: Callable[[RestClient], object],
) -> None:
    """After a lost answer a 404 leads to a look; at first, or after a mere 429, nothing was there."""
    for first in (reset, answer(504)):
        with Hostile(first, answer(404)) as server, client(server.url) as collections:
            assert not delete(collections)
            assert len(server.requests) == 2
    for scripts in ([answer(404)], [answer(429, Retry_After="0"), answer(404)]):
        with Hostile(*scripts) as server, client(server.url) as collections, pytest.raises(NotFound):
            delete(collections)


def test_an_unknown_indicator_is_named() -> None:
    """The error tells the indicator, the collection and which arguments to check."""
    with (
        Hostile(answer(404)) as server,
        client(server.url) as collections,
        pytest.raises(
            NotFound,
            match=r"has no indicator indicator--1 in IOC collection c .* check indicator_ids and collection_id, and",
        ),
    ):
        collections.revoke("c", "indicator--1")


def test_a_revocation_gives_up_after_its_attempts() -> None:
    """One that always fails does not use up the time of the others."""
    with Hostile(answer(500)) as server, client(server.url) as collections:
        with pytest.raises(Unavailable):
            collections.revoke("c", "indicator--1", attempts=3)
        assert len(server.requests) == 3


def test_a_revocation_gives_the_indicator_if_it_is_told(sandbox: Sandbox, sekoia: RestClient) -> None:
    """Its new state is in the answer of the sandbox."""
    collection_id = str(sandbox.create_collection()["id"])
    sekoia.import_text(collection_id, "evil.example", context=Context())
    sandbox.wait_for(lambda: bool(sandbox.indicators(collection_id)))
    (indicator,) = sandbox.indicators(collection_id)
    revoked = sekoia.revoke(collection_id, indicator["id"])
    assert revoked is not None
    assert (revoked.id, revoked.revoked) == (indicator["id"], True)


INDICATOR = {"id": "indicator--1", "pattern": "[]"}


@pytest.mark.parametrize(
    "said",
    [
        answer(204, ""),
        answer(200, "<html>"),
        answer(200, INDICATOR),
        answer(200, INDICATOR | {"revoked": False}),
        answer(200, INDICATOR | {"id": "indicator--2", "revoked": True}),
    ],
)
def test_an_answer_that_shows_no_revocation_has_to_be_looked_at(said: Script) -> None:
    """Only an answer with this very indicator, revoked, shows that it is."""
    with Hostile(said) as server, client(server.url) as collections:
        assert collections.revoke("c", "indicator--1") is None


@pytest.mark.parametrize(("said", "told"), [(answer(204, ""), True), (answer(200, "<html>"), False)])
def test_an_answer_to_the_deletion_of_a_collection(said: Script, told: bool) -> None:
    """Only the contract's own says that the collection is gone."""
    with Hostile(said) as server, client(server.url) as collections:
        assert collections.delete("ioc-collection--1") is told


def test_an_indicator_is_changed_in_every_field(sandbox: Sandbox, sekoia: RestClient) -> None:
    """What is sent is what it says of itself afterwards, emptied lists included."""
    collection_id = str(sandbox.create_collection()["id"])
    phase = KillChainPhase(kill_chain_name="mitre-attack", phase_name="impact")
    ref = "intrusion-set--11111111-1111-4111-8111-111111111111"
    sekoia.import_text(collection_id, "evil.example", context=Context(x_ic_related_threat_refs=[ref]))
    sandbox.wait_for(lambda: bool(sandbox.indicators(collection_id)))
    (indicator,) = sandbox.indicators(collection_id)
    context = Context(
        description="Seen again",
        valid_from=datetime(2026, 1, 1, tzinfo=UTC),
        valid_until=datetime(2030, 1, 1, tzinfo=UTC),
        kill_chain_phases=[phase],
        x_ic_related_threat_refs=[],
    )
    told = sekoia.update_indicator(collection_id, indicator["id"], context)
    assert told.model_dump(include=set(Context.model_fields)) == context.model_dump()
    (changed,) = sandbox.indicators(collection_id)
    assert Context.model_validate(changed) == context


def test_a_change_is_repeated_as_often_as_it_may() -> None:
    """What may pass is waited out; one that always fails does not use up the time of the others; a 404 names it."""
    indicator = {"id": "indicator--1", "pattern": "[domain-name:value = 'evil.example']"}
    with Hostile(reset, answer(503), answer(200, indicator)) as server, client(server.url) as collections:
        assert collections.update_indicator("c", "indicator--1", Context(description="x")).value == "evil.example"
        assert server.requests[-1].startswith(b"PUT /api/v2/inthreat/ioc-collections/c/indicators/indicator--1 ")
    with Hostile(answer(500)) as server, client(server.url) as collections:
        with pytest.raises(Unavailable):
            collections.update_indicator("c", "indicator--1", Context(), attempts=3)
        assert len(server.requests) == 3
    with (
        Hostile(answer(404)) as server,
        client(server.url) as collections,
        pytest.raises(NotFound, match="indicator--1"),
    ):
        collections.update_indicator("c", "indicator--1", Context())


def test_kill_chains_are_listed(sekoia: RestClient) -> None:
    """Names and display names of kill chains and phases."""
    lockheed, mitre = sekoia.kill_chains()
    assert (lockheed.name, mitre.display_name) == ("lockheed-martin-cyber-kill-chain", "MITRE ATT&CK")
    assert ("command-and-control", "Command and Control") in [
        (phase.name, phase.display_name) for phase in mitre.phases
    ]


def test_collections_are_listed_with_their_counts(sandbox: Sandbox, sekoia: RestClient) -> None:
    """The number of indicators is told when it is asked for."""
    sandbox.create_collection()
    assert [collection.indicators_count for collection in sekoia.collections(with_indicators_count=True)] == [0]
    assert [collection.indicators_count for collection in sekoia.collections()] == [None]
