"""What is measured: the action and the client as a playbook uses them."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from sekoia_automation.action import Action

from benchmarks.server import API_KEY, COLLECTION_ID
from sekoia_cti.actions.common.stored_table import fetch
from sekoia_cti.actions.export_indicators import ExportIndicators
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from sekoia_cti.actions.synchronize_collection import SynchronizeCollection
from sekoia_cti.client.importing.confirmation import Confirmation
from sekoia_cti.client.importing.expected import Expected
from sekoia_cti.client.regions import rest_root_for
from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.client.wire import Context
from sekoia_cti.local_files.outgoing import Wishes, prepare
from sekoia_cti.platform.action import SekoiaAction
from sekoia_cti.platform.module import SekoiaCTIModule
from sekoia_cti.platform.storage import find

__all__ = ["export", "import_text", "look", "synchronize", "upload", "witness"]

TIMEOUT = 600


def upload(url: str, path: Path) -> None:
    """Send a file to be previewed."""
    deadline, patience = Deadline(TIMEOUT), Patience()
    with RestClient(rest_root_for(url), API_KEY, deadline=deadline, patience=patience) as collections:
        collections.preview_file(
            COLLECTION_ID, lambda: path.open("rb"), size=path.stat().st_size, name=path.name, mime_type="text/csv"
        )


def look(_url: str, path: Path) -> None:
    """Find out what a file holds and which rows of it are to be sent."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepared = prepare(fetch(find(path.parent, path.name, "file_path"), folder), folder, Wishes(), seconds=TIMEOUT)
        if prepared is None or not prepared.is_original:
            raise RuntimeError("The file is not sent unchanged")


def import_text(url: str, path: Path) -> None:
    """Run the action on the lines of a file, in the environment that the platform gives it."""
    results = _run(ImportIndicatorsFromText, url, path.parent, text_path=path.name)
    if results["status"] != "completed" or results["confirmed_by"] != "liveapi":
        raise RuntimeError(f"The import went wrong: {results}")


def synchronize(url: str, path: Path) -> None:
    """Run the action on a feed that the collection follows already."""
    results = _run(SynchronizeCollection, url, path.parent, text_path=path.name)
    changed = sum(results[f"{what}_count"] for what in ("added", "refreshed", "removed", "remaining"))
    if results["status"] != "completed" or changed or not results["unchanged_count"]:
        raise RuntimeError(f"The synchronization went wrong: {results}")


def export(url: str, path: Path) -> None:
    """Run the action, which writes all indicators of the collection beside a file that lists them."""
    results = _run(ExportIndicators, url, path.parent, format="text")
    (path.parent / results["file_path"]).replace(path.with_suffix(".exported"))
    if path.with_suffix(".exported").stat().st_size != path.stat().st_size:
        raise RuntimeError(f"The export went wrong: {results}")


def witness(url: str, path: Path) -> None:
    """Check whether the values of a file are in a collection, as an import does if its end leaves a doubt."""
    deadline, patience = Deadline(TIMEOUT), Patience()
    expected = Expected()
    expected.add(path.read_text().splitlines(), Context())
    with RestClient(rest_root_for(url), API_KEY, deadline=deadline, patience=patience) as rest:
        collection = rest.collection(COLLECTION_ID)
        found = Confirmation(rest, collection, expected, deadline=deadline, patience=patience).look()
    if found is None or not found.complete or not found.tally.all_in():
        raise RuntimeError(f"The look went wrong: {found}")


def _run(kind: type[SekoiaAction], url: str, storage: Path, **given: str) -> dict[str, Any]:
    arguments = {"collection_id": COLLECTION_ID, "timeout": TIMEOUT, **given}
    os.environ["MODULE_CONFIGURATION"] = json.dumps({"base_url": url, "api_key": API_KEY})
    os.environ["ARGUMENTS"] = json.dumps(arguments)
    os.environ["SUB_FOLDER"] = str(storage)
    module = SekoiaCTIModule()  # type: ignore[no-untyped-call]  # the SDK annotates only a part of itself
    action: Action = kind(module)
    results: dict[str, Any] | None = action.run(action.arguments)
    if action.error_message or results is None:
        raise RuntimeError(f"It went wrong: {action.error_message}")
    return results
