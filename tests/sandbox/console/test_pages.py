"""The pages: what they show, whom they refuse, and what can be changed from them."""

import html
import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sandbox import Faults, RestFault, Sandbox
from sandbox.console.fault_menu import GROUPS, REHEARSALS
from tests.sandbox.conftest import API

PAGES = ["/", "/imports", "/actions", "/actions/ImportIndicatorsFromText", "/playbooks", "/requests", "/faults"]


def _page(sandbox: Sandbox, path: str, **headers: str) -> requests.Response:
    return requests.get(sandbox.url + path, headers=headers, timeout=5)


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_for_this_machine(sandbox: Sandbox, path: str) -> None:
    """Each page opens here, with no scripts but our own, and for no other name."""
    answer = _page(sandbox, path)
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "aria-current" in answer.text
    assert _page(sandbox, path, Host="rebound.example").status_code == 403


def test_what_is_there(api: API, sandbox: Sandbox) -> None:
    """Collections, imports and requests are shown, and nothing that they hold is taken for HTML."""
    sandbox.faults.finish_before_answer = True
    collection = sandbox.create_collection(name="<b>Blocklist</b>")["id"]
    task = api.import_text(collection, "a.example\nb.example\n<i>")
    assert "&lt;b&gt;Blocklist" in _page(sandbox, "/").text
    imports = _page(sandbox, "/imports").text
    assert task in imports
    assert "3 of 3" in re.sub("<[^>]+>", "", imports)
    requests_page = _page(sandbox, "/requests").text
    assert "indicators/text" in requests_page
    assert "&lt;i&gt;" in requests_page
    assert sandbox.api_key not in requests_page
    for path in PAGES:
        assert not re.search("<[bi]>", _page(sandbox, path).text)


def test_what_nodes_tell_the_platform(sandbox: Sandbox) -> None:
    """Their requests are among those that came in, marked as such and without secrets, and are not taken for REST."""
    node = sandbox.node_run({"api_key": "a secret"})
    for body in ({"status": "running", "need_secrets": True}, {"status": "finished", "results": {"created": 7}}):
        requests.patch(node.url, json=body, headers={"Authorization": f"Bearer {node.token}"}, timeout=5)
    page = html.unescape(_page(sandbox, "/requests?term=callback").text)
    assert page.count('</code> <span class="side-of">platform</span></summary>') == 2
    assert '"created": 7' in page
    assert '"api_key": "…"' in page
    assert "a secret" not in page
    assert node.token not in page
    assert sandbox.requests == []


def test_bodies_that_nobody_means(api: API, sandbox: Sandbox) -> None:
    """The page of requests shows what is nested too deep for JSON, and a run what is half a character."""
    api("POST", "/ioc-collections", data=b"[" * 100_000)
    assert "[[[[" in _page(sandbox, "/requests").text
    stubs = "\n".join(f'{key}: {{results: {{value: "\\uD800"}}}}' for key in (1, 2, 3))
    run = _post(sandbox, "/playbooks/use_your_own_cti", None, event='{"text": "", "file_path": ""}', stubs=stubs)
    path = run.url.removeprefix(sandbox.url)
    sandbox.wait_for(lambda: _page(sandbox, f"{path}?node=1").text.count("succeeded") > 3, 10)
    assert "?" in _page(sandbox, f"{path}?node=1").text


def test_a_fault_by_hand(sandbox: Sandbox) -> None:
    """A fault is set and cleared with the page's own token, and with no other; a wrong value is explained."""
    match = re.search('name="token" value="([^"]+)"', _page(sandbox, "/faults").text)
    assert match is not None

    def post(token: str = match[1], **fields: str) -> requests.Response:
        return requests.post(f"{sandbox.url}/faults", data={"token": token, **fields}, timeout=5)

    assert "in force" in post(name="tasks", value="denied").text
    assert sandbox.faults == Faults(tasks="denied")
    assert "Not set: tasks: " in post(name="tasks", value="no").text
    assert post("wrong", name="tasks", clear="true").status_code == 403
    assert post(name="task", value="denied").status_code == 404
    assert sandbox.faults == Faults(tasks="denied")
    post(name="tasks", clear="true")
    assert sandbox.faults == Faults()


def test_a_fault_that_is_used_up(api: API, sandbox: Sandbox) -> None:
    """Once it has hit as often as it was to, it is not in force any more; what it hit is marked among the requests."""
    _post(sandbox, "/faults/rehearse", title="Sekoia is down for a moment")
    assert "in force" in _page(sandbox, "/faults").text
    assert [api("GET", "/ioc-collections").status_code for _ in range(3)] == [503, 503, 200]
    assert sandbox.faults == Faults()
    assert "in force" not in _page(sandbox, "/faults").text
    assert _page(sandbox, "/requests?term=GET").text.count('<span class="side-of">fault</span></summary>') == 2


def test_each_fault_is_offered(sandbox: Sandbox) -> None:
    """The page has every fault, in one group, and what it rehearses can be set."""
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(Faults.model_fields)
    for title, values in REHEARSALS.items():
        _post(sandbox, "/faults/rehearse", title=title)
        assert sandbox.faults == Faults.model_validate(values)
        _post(sandbox, "/faults/clear")


CHANGES = [
    ("/collections", {"name": "Blocklist"}),
    ("/imports/pace", {"pace": "1"}),
    ("/imports/hold", {"held": "true"}),
    ("/actions/CreateIOCCollection", {"argument:name": "Blocklist"}),
    ("/storage", {}),
    ("/playbooks", {}),
    ("/playbooks/example", {}),
    ("/playbooks/alert_to_blocklist", {}),
    ("/runs/none/stop", {}),
    ("/faults", {"name": "tasks", "value": "denied"}),
    ("/faults/rehearse", {"title": "The last event is lost"}),
    ("/faults/clear", {}),
]


@pytest.mark.parametrize(("path", "fields"), CHANGES)
def test_changes_need_the_token_of_the_page(sandbox: Sandbox, path: str, fields: dict[str, str]) -> None:
    """Without it nothing is changed, nor when a page of another site knows it; whoever has an old page is told so."""
    for token, headers in (("", {}), ("wrong", {}), (sandbox.token, {"Origin": "https://evil.example"})):
        answer = requests.post(
            sandbox.url + path, data={"token": token, **fields}, files={"file": b"{}"}, headers=headers, timeout=5
        )
        assert answer.status_code == 403
    assert "reload it" in requests.post(sandbox.url + path, data=fields, files={"file": b"{}"}, timeout=5).text
    assert sandbox.faults == Faults()
    _assert_empty(sandbox)


def _assert_empty(sandbox: Sandbox) -> None:
    """The pages show no collection, no run and no file."""
    for path, said in (
        ("/", "no IOC collection yet"),
        ("/actions", "None yet"),
        ("/actions", "Nothing there yet"),
        ("/playbooks", "None yet"),
    ):
        assert said in _page(sandbox, path).text


def _post(
    sandbox: Sandbox, path: str, files: dict[str, tuple[str, bytes]] | None = None, /, **fields: str
) -> requests.Response:
    """Sends a form as a page does, and follows to where it leads."""
    data = {"token": sandbox.token, **{name.replace("__", ":"): value for name, value in fields.items()}}
    return requests.post(sandbox.url + path, data=data, files=files, timeout=30)


def test_one_collection(api: API, sandbox: Sandbox) -> None:
    """Indicators are found by value, kind and state, in every order, page by page."""
    sandbox.faults.finish_before_answer = True
    collection = sandbox.create_collection(name="Blocklist")["id"]
    api.import_text(collection, "\n".join(f"host-{n:03}.example" for n in range(120)))
    api.import_text(collection, "198.51.100.7", valid_from="2020-01-01T00:00:00Z", valid_until="2021-01-01T00:00:00Z")
    revoked = sandbox.indicators(collection)[5]
    api("DELETE", f"/ioc-collections/{collection}/indicators/{revoked['id']}")

    def found(query: str) -> tuple[list[str], str]:
        page = _page(sandbox, f"/collections/{collection}?{query}").text
        total = re.search(r"of <span class=\"number\">([\d,]+)", page)
        return re.findall(r"<code>([^<]+)</code></a></th>", page), total[1] if total else "0"

    assert found("") == (["198.51.100.7", *(f"host-{n:03}.example" for n in range(119, 70, -1))], "121")
    assert found("sort=oldest")[0][0] == "host-000.example"
    assert found("sort=value&offset=100")[0][-2:] == ["host-119.example", "198.51.100.7"]
    assert found("sort=ends")[0][0] == "198.51.100.7"
    assert found("term=HOST-00&state=active")[1] == "9"
    assert found("state=revoked") == (["host-005.example"], "1")
    assert found("state=expired") == (["198.51.100.7"], "1")
    assert found("kind=ipv4-addr&state=active") == ([], "0")
    assert found("kind=nonsense&offset=500") == ([], "0")
    assert _page(sandbox, f"/collections/{collection}?state=nonsense").status_code == 400
    page = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", _page(sandbox, f"/collections/{collection}").text))
    assert "121 Indicators 119 Active 1 Expired 1 Revoked".replace(" ", "") in _words(page)
    assert "by day" in page
    stix = _page(sandbox, f"/collections/{collection}/indicators/{revoked['id']}").text
    assert "&#34;revoked&#34;: true" in stix


def _words(text: str) -> str:
    """A text without its spaces, with each figure before its name as people read them."""
    return re.sub(r"(Indicators|Active|Expired|Revoked) ([\d,]+)", r"\2\1", text).replace(" ", "")


def test_what_is_not_there(sandbox: Sandbox) -> None:
    """What was asked for and is not there is named, in a page."""
    collection = sandbox.create_collection()["id"]
    for path in (
        "/collections/x",
        f"/collections/{collection}/indicators/x",
        "/actions/X",
        "/playbooks/x",
        "/runs/x",
        "/storage/x",
    ):
        answer = _page(sandbox, path)
        assert (answer.status_code, "No such" in answer.text) == (404, True)
    assert _page(sandbox, "/static/x.css").status_code == 404


def test_what_is_no_page(sandbox: Sandbox) -> None:
    """A browser is told in a page what clients are told in JSON, for whatever is not the API; nobody from elsewhere is."""
    collection = f"/collections/{sandbox.create_collection()['id']}"
    for path, status, said in (
        ("/nowhere", 404, "There is no page /nowhere."),
        (f"{collection}?state=odd", 400, "Input should be"),
        ("/callback/x", 401, "TOKEN is missing or wrong"),
    ):
        answer = _page(sandbox, path, Accept="text/html,*/*")
        assert (answer.status_code, said in answer.text, "<h1>" in answer.text) == (status, True, True)
        assert "message" in _page(sandbox, path).json()
    for path, host in (("/v2/inthreat/nowhere", "127.0.0.1"), ("/faults", "rebound.example")):
        assert "message" in _page(sandbox, path, Accept="text/html", Host=host).json()


def test_a_large_list(sandbox: Sandbox) -> None:
    """A list of more than a mebibyte that is pasted into a form reaches the action whole, in a file as on the platform."""
    text = "\n".join(["https://host.example/", *["x" * 1100] * 1000])
    run = _post(sandbox, "/actions/ExtractIndicators", {"file:none": ("", b"")}, argument__text=text)
    path = run.url.removeprefix(sandbox.url)
    sandbox.wait_for(lambda: "Found 1 indicator" in _page(sandbox, path).text, 30)
    assert f"{len(text) - 4000:,} more characters" in _page(sandbox, path).text


def test_the_storage(sandbox: Sandbox) -> None:
    """Files go into the storage and come out of it as they are; nothing outside of it can be reached."""
    assert "notes.txt" in _post(sandbox, "/storage", {"file": ("../../notes.txt", b"<b>")}).text
    assert "upload" in _post(sandbox, "/storage", {"file": ("..", b"x")}).text
    answer = _page(sandbox, "/storage/notes.txt")
    assert (answer.content, answer.headers["Content-Type"]) == (b"<b>", "application/octet-stream")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert _page(sandbox, "/storage/..%2F..%2Fetc%2Fpasswd").status_code == 404


def _children() -> set[str]:
    """The processes that this one started, where the system tells them."""
    return {child for path in Path("/proc/self/task").glob("*/children") for child in path.read_text().split()}


def test_a_sandbox_that_is_reset(sandbox: Sandbox, tmp_path: Path) -> None:
    """What ran is over and forgotten, and the storage is empty, unless its folder was given."""
    before = _children()
    sandbox.faults.rest = [RestFault(delay=60)]
    _post(sandbox, "/storage", {"file": ("notes.txt", b"")})
    _post(sandbox, "/playbooks/use_your_own_cti")
    _post(sandbox, "/actions/CreateIOCCollection", {"file:none": ("", b"")}, argument__name="Blocklist")
    sandbox.wait_for(lambda: bool(sandbox.requests), 30)
    sandbox.reset()
    assert _children() <= before
    assert not [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    _assert_empty(sandbox)
    with Sandbox(storage=tmp_path) as other:
        _post(other, "/storage", {"file": ("notes.txt", b"")})
        other.reset()
        assert "notes.txt" in _page(other, "/actions").text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"name": ' + b"[" * 120 + b"]" * 120 + b"}", "nested deeper than 100 levels"),
        (b"{", "is not valid JSON"),
        (b"[]", "is not a playbook"),
        (b'{"name": "x", "nodes": {}}', "it has no trigger"),
    ],
)
def test_no_playbook(sandbox: Sandbox, content: bytes, said: str) -> None:
    """What is uploaded and is no playbook is refused with the reason."""
    answer = _post(sandbox, "/playbooks", {"file": ("mine.json", content)})
    assert (answer.status_code, said in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"event": "{"}, "What the trigger gives is not valid JSON"),
        ({"event": "[]"}, "has to be a JSON object"),
        ({"event": '{"a": ' + "[" * 120 + "]" * 120 + "}"}, "nested deeper than 100 levels"),
        ({"stubs": "a: " + "[" * 1000}, "The YAML of stubs is n"),
        ({"stubs": "- a"}, "The YAML of stubs holds no stubs"),
        ({"stubs": "Nobody: {}"}, "The YAML of stubs cannot be used: The playbook has no node Nobody."),
        ({"stubs": "{"}, "The YAML of stubs is not valid YAML"),
        ({"start": "9"}, "The playbook has no node 9."),
    ],
)
def test_a_playbook_that_is_not_run(sandbox: Sandbox, fields: dict[str, str], said: str) -> None:
    """What a playbook is to be run with is judged before anything runs."""
    answer = _post(sandbox, "/playbooks/alert_to_blocklist", None, **fields)
    assert (answer.status_code, said in answer.text) == (400, True)
    assert "None yet" in _page(sandbox, "/playbooks").text


@pytest.fixture
def served() -> Iterator[Sandbox]:
    """A sandbox as `serve` has it: started while the signals that end it are blocked."""
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        with Sandbox() as sandbox:
            yield sandbox
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)


def test_an_action_is_stopped(served: Sandbox) -> None:
    """An action whose import stands still is stopped from its page, and can say so itself."""
    served.faults.stall_after = 0.0
    run = _post(
        served,
        "/actions/ImportIndicatorsFromText",
        {"file:text_path": ("list.txt", b"a.example\nb.example")},
        argument__collection_id=served.create_collection()["id"],
        argument__timeout="60",
    )
    path = run.url.removeprefix(served.url)
    served.wait_for(lambda: any(call.method == "POST" for call in served.requests), 30)
    assert served.live_connections == 1  # the action's own, so that it meets the faults of LiveAPI
    _post(served, f"{path}/stop")
    served.wait_for(lambda: "The run was stopped." in _page(served, path).text, 30)
    page = _page(served, path).text
    assert "list.txt" in page
    assert "The run was stopped" in page  # which the action says, when it heeds the signal


def test_the_stream_of_changes(sandbox: Sandbox) -> None:
    """A page is told when something moves that it asked for, and of nothing else."""
    with requests.get(f"{sandbox.url}/changes", params={"of": ["faults"]}, stream=True, timeout=10) as stream:
        lines = stream.iter_lines(chunk_size=1)
        assert next(lines) == b"data:"  # what moved before
        next(lines)
        sandbox.create_collection()
        _post(sandbox, "/faults", name="tasks", value="denied")
        assert next(lines) == b"data:"
    assert _page(sandbox, "/changes?of=faults", Host="rebound.example").status_code == 403


def test_a_module_with_faults(tmp_path: Path) -> None:
    """A folder that is no module, and playbooks that are none, are told by the pages that need them."""
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "mine.json").write_text("{")
    with Sandbox(module=tmp_path) as sandbox:
        assert "mine.json is " in _page(sandbox, "/playbooks").text
        for path in ("/playbooks/mine", "/actions", "/actions/CreateIOCCollection"):
            assert (answer := _page(sandbox, path)).status_code == 404
            assert str(tmp_path) in answer.text
