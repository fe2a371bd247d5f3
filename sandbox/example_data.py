"""Example indicators, as many as it takes to watch an import: for `make demo`, and for a first look at the pages."""

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path

__all__ = ["example_event", "example_file", "example_text"]


def example_text() -> Iterator[str]:
    """Lines for the import from text: names and addresses that are reserved for examples, and hashes of nothing."""
    for number in range(1, 201):
        name = f"example file {number}".encode()
        yield f"update-{number}.example.com"
        yield f"cdn{number}.login.example.org"
        yield f"login-{number}.example"
        yield f"192.0.2.{number}"
        yield f"198.51.100.{number}"
        yield f"2001:db8::{number:x}"
        yield f"https://files.example.net/{number}/invoice.html?id={number}"
        yield hashlib.sha256(name).hexdigest()
        yield ",".join(hashlib.new(kind, name + b" (all hashes)").hexdigest() for kind in ("md5", "sha1", "sha256"))
        yield f"billing-{number}@mail.example.net"


def example_file() -> Iterator[tuple[str, str, str, str]]:
    """Rows for the import from a file: value, start and end of validity, description."""
    for number in range(1, 1801):
        value = f"203.0.113.{number // 9}" if number % 9 == 0 else f"http://host-{number}.example.org/gate"
        day = f"{number % 28 + 1:02}"
        yield value, f"2026-01-{day}T00:00:00Z", f"2031-01-{day}T00:00:00Z", f"Example row {number}"


def example_event(storage: Path) -> dict[str, str]:
    """What starts the playbook. Writes the example file, a CSV with a header, into the storage."""
    with (storage / "indicators.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("observable", "valid_from", "valid_until", "description"))
        writer.writerows(example_file())
    return {"text": "\n".join(example_text()), "file_path": "indicators.csv"}
