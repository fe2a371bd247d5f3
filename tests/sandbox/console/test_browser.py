"""The pages in a real browser: what people do there, in both color schemes, and whether everyone can."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
import requests

from sandbox import Sandbox

playwright = pytest.importorskip(
    "playwright.sync_api",
    reason="playwright is not installed: install requirements-browser.txt to test the pages in a browser",
)
from axe_playwright_python.base import AxeResults  # noqa: E402  # comes with playwright
from axe_playwright_python.sync_playwright import Axe  # noqa: E402
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright  # noqa: E402

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium: install it to test the pages in a browser"
)

# A node is a process of its own, which takes a while to start on a machine that has much to do.
expect.set_options(timeout=20_000)
Open = Callable[[str], Page]
LINES = [f"host-{number}.example" for number in range(500)]
PLAYBOOK = {
    "name": "Misspelled",
    "nodes": {
        "0": {"name": "Manual Trigger", "type": "trigger", "outputs": {"default": ["1"]}},
        "1": {
            "name": "Create the collection",
            "type": "action",
            "module_uuid": json.loads(Path("manifest.json").read_text())["uuid"],
            "action_uuid": json.loads(Path("action_create_ioc_collection.json").read_text())["uuid"],
            "outputs": {"default": ["2"]},
            "arguments": {"name": "{{ node.0.name }}", "description": "Of {{ node.0.autor }}"},
        },
        "2": {
            "name": "Is it new?",
            "type": "operator",
            "subtype": "condition",
            "outputs": {"New": [], "else": []},
            "cases": [{"name": "New", "left": "{{ node.1.created }}", "comparison": "==", "right": True}],
        },
    },
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's browser."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, sandbox: Sandbox, scheme: Literal["light", "dark"]) -> Iterator[Open]:
    """Opens a page of the sandbox. Fails when a page has an error, or asks for anything but the sandbox."""
    context = browser.new_context(base_url=sandbox.url, color_scheme=scheme, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(20_000)
    page, problems, asked = context.new_page(), list[str](), list[str]()
    page.on("pageerror", lambda error: problems.append(str(error)))

    def heard(message: ConsoleMessage) -> None:
        # That a page itself is told with a status such as 404 is not an error in it.
        if message.type == "error" and message.location["url"] != page.url:
            problems.append(message.text)

    page.on("console", heard)
    page.on("request", lambda request: asked.append(request.url))

    def open_page(path: str) -> Page:
        page.goto(path)
        return page

    yield open_page
    context.close()
    assert problems == []
    assert [url for url in asked if not url.startswith(sandbox.url)] == []


def _import(sandbox: Sandbox, collection_id: str, lines: list[str]) -> None:
    """Hands an import in."""
    requests.post(
        f"{sandbox.url}/v2/inthreat/ioc-collections/{collection_id}/indicators/text",
        json={"indicators": "\n".join(lines), "valid_until": "2031-01-01T00:00:00Z"},
        headers={"Authorization": f"Bearer {sandbox.api_key}"},
        timeout=10,
    ).raise_for_status()


def _check(page: Page) -> None:
    """Everyone can read a page: axe finds no fault with it in either scheme, and it fits a window and a phone."""
    page.evaluate(Axe().axe_script)  # once: its `run` would bring the script each time
    # All rules in the one scheme, and in the other those for which colors matter. Without what axe would load for rules
    # about screens that turn, which costs half of the time.
    every: list[tuple[Literal["light", "dark"], str]] = [
        ("dark", "{}"),
        ("light", '{"runOnly": ["color-contrast", "link-in-text-block"]}'),
    ]
    for scheme, rules in every:
        page.emulate_media(color_scheme=scheme)
        found = AxeResults(page.evaluate(f'axe.run({{"resultTypes": ["violations"], "preload": false, ...{rules}}})'))
        assert found.violations_count == 0, f"{page.url} ({scheme}): {found.generate_report()}"
    for width in (390, 1280):  # a phone's, and back
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_create_a_collection_and_find_an_indicator(open_page: Open, sandbox: Sandbox) -> None:
    """A collection is created by hand; what is imported meanwhile appears by itself, and is found as it is typed."""
    page = open_page("/")
    page.get_by_label("New collection").fill("Blocklist")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Blocklist")
    expect(page.get_by_text("This collection is empty.")).to_be_visible()
    _import(sandbox, page.url.rpartition("/")[2], LINES)
    expect(page.locator("#summary dd").first).to_have_text("500")
    expect(page.locator("#found caption")).to_have_text("1–50 of 500")
    page.get_by_role("link", name="Last").click()
    expect(page.locator("#found caption")).to_have_text("451–500 of 500")
    page.get_by_label("Value").press_sequentially("host-42.")
    expect(page.locator("#found caption")).to_have_text("1–1 of 1")
    page.get_by_role("link", name="host-42.example").press("Enter")
    expect(page.get_by_label("The indicator as JSON")).to_contain_text("\"[domain-name:value = 'host-42.example']\"")


@pytest.mark.parametrize("scheme", ["light"])
def test_an_import_from_its_form(open_page: Open, sandbox: Sandbox) -> None:
    """The form of an action is filled in, and the bar moves with LiveAPI to its end while one watches."""
    sandbox.create_collection(name="Blocklist")
    sandbox.faults.hold_after = 0.5
    page = open_page("/imports")
    page.get_by_role("button", name="Hold imports").click()
    page.goto("/actions/ImportIndicatorsFromText")
    page.get_by_label("Text text", exact=True).fill("\n".join(LINES))
    page.get_by_role("button", name="Run").click()
    run = page.url
    bar = page.get_by_role("progressbar")
    expect(bar).to_have_js_property("value", 250)
    page.goto("/imports")
    expect(bar).to_have_js_property("value", 250)
    expect(page.locator("#imports .state")).to_have_text("running")
    _check(page)
    page.get_by_role("button", name="Let imports go on").click()
    expect(bar).to_have_js_property("value", 500)
    expect(page.locator("#imports .state")).to_have_text("finished")
    page.goto(run)
    expect(page.locator("#run > .tools .state")).to_have_text("succeeded")
    expect(page.locator("dl.values").last).to_contain_text("completed")
    page.get_by_role("link", name="Fill in the form again").click()
    expect(page.get_by_label("Text text", exact=True)).to_have_value("\n".join(LINES))


@pytest.mark.parametrize("scheme", ["dark"])
def test_rehearse_a_fault(open_page: Open, sandbox: Sandbox) -> None:
    """A missing permission is set, met by an action, seen among the requests, and cleared."""
    page = open_page("/faults")
    page.get_by_role("button", name="A permission is missing").click()
    expect(page.get_by_role("link", name="Faults 1 in force")).to_be_visible()
    page.goto("/actions/FindIOCCollection")
    page.get_by_label("Name required name").fill("Blocklist")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("alert")).to_contain_text("permission")
    _check(page)
    page.goto("/requests")
    page.get_by_label("only refused and unanswered").check()
    expect(page.locator("#requests .state").first).to_have_text("403")
    page.locator("#requests summary").first.click()
    expect(page.get_by_label("Body of the answer").first).to_contain_text("Insufficient permissions")
    page.goto("/faults")
    page.get_by_role("button", name="Clear all").click()
    expect(page.locator("#in-force .badge")).to_have_count(0)
    assert not sandbox.faults.rest
    sandbox.hold_imports()
    page.goto("/")
    page.get_by_role("button", name="Import 3,800 example indicators").click()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#run > .tools .state")).to_have_text("stopped")
    _check(page)


@pytest.mark.parametrize("scheme", ["dark"])
def test_run_a_playbook(open_page: Open) -> None:
    """A playbook is uploaded and run: its nodes tell their states, and a name that is not defined is marked."""
    page = open_page("/playbooks")
    content = json.dumps(PLAYBOOK).encode()
    page.get_by_label("Another one, as JSON").set_input_files(
        {"name": "misspelled.json", "mimeType": "application/json", "buffer": content}
    )
    page.get_by_role("button", name="Upload").click()
    page.get_by_label("The trigger gives").fill('{"name": "Blocklist", "author": "us"}')
    page.get_by_role("button", name="Run").click()
    expect(page.locator(".node.succeeded")).to_have_count(3)
    page.locator("svg a").nth(1).press("Enter")
    expect(page.locator("pre mark")).to_have_text("node.0.autor")
    expect(page.get_by_text("did you mean")).to_be_visible()
    expect(page.locator("dl.values").first).to_contain_text("Blocklist")
    _check(page)


@pytest.mark.parametrize("scheme", ["light"])
def test_everyone_can_read_it(open_page: Open, sandbox: Sandbox) -> None:
    """No page has what axe finds fault with, contrast among it; and none is wider than the window, whatever is in it."""
    collection_id = sandbox.create_collection(name=f"Blocklist {'x' * 200}", description="x" * 300)["id"]
    sandbox.faults.lose_events = "last"
    sandbox.faults.finish_before_answer = True
    _import(sandbox, collection_id, LINES)
    for path in (
        "/",
        f"/collections/{collection_id}",
        f"/collections/{collection_id}/indicators/{sandbox.indicators(collection_id)[0]['id']}",
        "/imports",
        "/actions",
        "/actions/ImportIndicatorsFromFile",
        "/playbooks",
        "/playbooks/alert_to_blocklist",
        "/requests",
        "/faults",
        "/nowhere",
        "/runs/none",
    ):
        _check(open_page(path))
