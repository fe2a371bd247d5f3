"""What calls are about: the path of each, and what an analyst reads if Sekoia answers 404."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import quote

__all__ = ["COLLECTIONS", "Subject", "bulk_reader", "collection", "indicator", "uploaded_file"]

_SAME_COMMUNITY = "and that the API key belongs to the same community"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a call is about.

    Attributes:
        path: The path below the REST root, beginning with a slash, or a whole URL.
        name: What does not exist if Sekoia answers 404, as it follows "Sekoia has no …".
        check: What to check then, as it follows "check …".
    """

    path: str
    name: str = "API at this address"
    check: str = "base_url"

    def is_below_root(self) -> bool:
        """Whether the path is below the REST root, and not a whole URL."""
        return "://" not in self.path

    def below(self, path: str) -> Subject:
        """A part of this subject. A 404 there means that the whole subject does not exist."""
        return replace(self, path=f"{self.path}/{path}")


COLLECTIONS = Subject("/ioc-collections")
"""All IOC collections: the listing that exists wherever the API is."""


def collection(collection_id: str) -> Subject:
    """An IOC collection.

    Args:
        collection_id: ``ioc-collection--<uuid>``.
    """
    name = f"IOC collection {collection_id}"
    return Subject(f"{COLLECTIONS.path}/{_quoted(collection_id)}", name, f"collection_id, {_SAME_COMMUNITY}")


def indicator(collection_id: str, indicator_id: str) -> Subject:
    """An indicator of an IOC collection.

    Args:
        collection_id: ``ioc-collection--<uuid>``.
        indicator_id: ``indicator--<uuid>``.
    """
    whole = collection(collection_id)
    return Subject(
        f"{whole.path}/indicators/{_quoted(indicator_id)}",
        f"indicator {indicator_id} in {whole.name}",
        f"indicator_ids and collection_id, {_SAME_COMMUNITY}",
    )


def uploaded_file(collection_id: str) -> Subject:
    """A file that was uploaded, on its way into an IOC collection.

    Args:
        collection_id: ``ioc-collection--<uuid>``.
    """
    path = collection(collection_id).below("indicators/files/process").path
    return Subject(path, "such uploaded file", f"that the file was uploaded recently, {_SAME_COMMUNITY}")


def bulk_reader(collection_id: str) -> Subject:
    """The reader of an IOC collection for many indicators at once; whether it takes IOC collections is unknown (contract).

    Args:
        collection_id: ``ioc-collection--<uuid>``.
    """
    return Subject(f"/collections/{_quoted(collection_id)}/objects")


def _quoted(name: str) -> str:
    return quote(name, safe="")
