"""The straight-line client that ours is measured against: nothing is checked, repeated, bounded or left out."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import requests
from websockets.sync.client import connect

from benchmarks.server import API_KEY, COLLECTION_ID

__all__ = ["import_text", "look", "synchronize", "upload"]

TIMEOUT = 600.0


def upload(url: str, path: Path) -> None:
    """Send a file to be previewed."""
    with path.open("rb") as file:
        content = file.read()
    _post(url, "files/preview", files={"file": (path.name, content, "text/csv")})


def look(_url: str, path: Path) -> None:
    """Read the rows of a CSV."""
    with path.open(encoding="utf-8", newline="") as file:
        for _ in csv.reader(file):
            pass


def import_text(url: str, path: Path) -> None:
    """Submit the lines of a file, and wait for the final event."""
    task_id = _post(url, "text", json={"indicators": path.read_text()})["task_id"]
    live = url.replace("http:", "ws:") + "/live/"
    with connect(live, additional_headers={"Cookie": f"access_token_cookie={API_KEY}"}) as connection:
        while True:
            event = json.loads(connection.recv())
            if event.get("type") == "ioc-collection":
                progress = event["attributes"]
                if progress["task_id"] == task_id and progress["imported"] == progress["total"]:
                    return


def synchronize(_url: str, path: Path) -> None:
    """Parse all pages of the collection, which lie beside the feed, and do nothing with them."""
    with path.with_suffix(".pages").open() as file:
        for page in file:
            json.loads(page)


def _post(url: str, what: str, **body: object) -> dict[str, str]:
    answer = requests.post(
        f"{url}/api/v2/inthreat/ioc-collections/{COLLECTION_ID}/indicators/{what}",
        headers={"Authorization": f"Bearer {API_KEY}"},
        timeout=TIMEOUT,
        **body,  # type: ignore[arg-type]  # files or json
    )
    answer.raise_for_status()
    found: dict[str, str] = answer.json()
    return found
