"""Takes the pictures in docs/pictures, which README shows: `make pictures`, with playwright and a Chromium installed."""

import base64
import re
import shutil
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from playwright.sync_api import Page, expect, sync_playwright

from sandbox import Faults, Sandbox
from sandbox.example_data import example_text

__all__ = ["main"]

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
# What an import that is in the middle looks like: so many a second of some thousand.
PACE = 400
# Letters in shades of gray alone, for small files.
ARGUMENTS = ["--no-sandbox", "--disable-lcd-text"]
LIMIT = 100_000
"""Bytes: all of them are loaded with README."""


@contextmanager
def _page(sandbox: Sandbox) -> Iterator[Page]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        page = browser.new_page(base_url=sandbox.url, viewport={"width": 1280, "height": 800}, color_scheme="light")
        page.emulate_media(reduced_motion="reduce")
        yield page
        browser.close()


def _take(page: Page, name: str, path: str | None = None) -> None:
    if path is not None:
        page.goto(path)
    taken = page.screenshot()
    with page.context.browser.new_page() as blank:  # type: ignore[union-attr]  # a page of ours, in a browser of ours
        width, height, palette, pixels = blank.evaluate(_REDUCE, base64.b64encode(taken).decode())
    picture = _png(width, height, bytes(palette), base64.b64decode(pixels))
    if len(picture) > LIMIT:
        raise ValueError(f"{name} has {len(picture):,} bytes, more than {LIMIT:,}")
    (FOLDER / f"{name}.png").write_bytes(picture)


# A picture in the 256 colors that it uses most; any other becomes the nearest of them.
_REDUCE = """async (picture) => {
  const bitmap = await createImageBitmap(await (await fetch("data:image/png;base64," + picture)).blob());
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const colors = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
  const uses = new Map();
  for (const color of colors) uses.set(color, (uses.get(color) ?? 0) + 1);
  const ordered = [...uses.keys()].sort((one, other) => uses.get(other) - uses.get(one));
  const palette = ordered.slice(0, 256);
  const parts = (color) => [color & 255, (color >> 8) & 255, (color >> 16) & 255];
  const away = (one, other) => parts(one).reduce((sum, part, at) => sum + (part - parts(other)[at]) ** 2, 0);
  const place = (color) => palette.reduce((best, each, at) => (away(color, each) < away(color, palette[best]) ? at : best), 0);
  const places = new Map(ordered.map((color, at) => [color, at < 256 ? at : place(color)]));
  const pixels = Uint8Array.from(colors, (color) => places.get(color));
  let text = "";
  for (let at = 0; at < pixels.length; at += 8192) text += String.fromCharCode(...pixels.subarray(at, at + 8192));
  return [width, height, palette.flatMap(parts), btoa(text)];
}"""


def _png(width: int, height: int, palette: bytes, pixels: bytes) -> bytes:
    """A PNG of one byte a pixel, which is a number in the palette, as small as it gets."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = b"".join(b"\0" + pixels[at : at + width] for at in range(0, width * height, width))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
        + chunk(b"PLTE", palette)
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )


def _import(sandbox: Sandbox, collection_id: str, lines: list[str], until: str) -> None:
    requests.post(
        f"{sandbox.url}/v2/inthreat/ioc-collections/{collection_id}/indicators/text",
        json={"indicators": "\n".join(lines), "valid_until": until},
        headers={"Authorization": f"Bearer {sandbox.api_key}"},
        timeout=10,
    ).raise_for_status()


def main() -> None:
    """Fills a sandbox with examples, and takes a picture of each page. Raises ValueError when one is too large."""
    FOLDER.mkdir(exist_ok=True)
    lines = list(example_text())
    with Sandbox() as sandbox, _page(sandbox) as page:
        blocklist = sandbox.create_collection(name="Blocklist", description="What the proxy blocks")["id"]
        sandbox.faults.finish_before_answer = True
        for month in range(1, 13):
            some = lines[13 * month * (month - 1) : 13 * month * (month + 1)]
            _import(sandbox, blocklist, some, f"2027-{month:02}-15T00:00:00Z")
        sandbox.faults = Faults()
        page.goto("/playbooks/enrichment_to_collection")
        page.get_by_role("button", name="Run").click()
        expect(page.locator("#run > .tools .state")).to_have_text("succeeded", timeout=120_000)
        page.locator("[data-key='7']").click()
        _take(page, "playbook")
        _take(page, "collections", "/")
        _take(page, "collection", f"/collections/{blocklist}?sort=ends")
        _take(page, "action", "/actions/ImportIndicatorsFromText")
        page.goto("/faults")
        page.get_by_role("button", name="A permission is missing").click()
        _take(page, "faults", "/faults")
        page.get_by_role("button", name="Clear all").click()
        page.get_by_role("button", name="The last event is lost").click()
        sandbox.faults.finish_before_answer = True
        _import(sandbox, blocklist, lines[:500], "2027-06-01T00:00:00Z")
        sandbox.faults = Faults()
        page.goto("/imports")
        page.get_by_label("Indicators a second").fill(str(PACE))
        page.get_by_role("button", name="Set").click()
        _import(sandbox, blocklist, lines, "2027-12-01T00:00:00Z")
        expect(page.locator("#imports")).to_contain_text(re.compile("500 of 2,000"), timeout=20_000)
        _take(page, "imports")
        page.goto("/requests")
        page.locator("summary").first.click()
        _take(page, "requests")


if __name__ == "__main__":
    main()
