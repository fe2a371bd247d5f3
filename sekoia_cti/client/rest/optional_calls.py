"""The calls on which nothing depends: asked once, and waited for only a part of the time that is left."""

from __future__ import annotations

from urllib.parse import quote

from sekoia_cti.client.rest import subjects
from sekoia_cti.client.rest.call_family import CallFamily
from sekoia_cti.client.rest.subjects import Subject
from sekoia_cti.client.wire import Filling, Identity, KillChainPage, Task
from sekoia_cti.indicators.kill_chains import KillChain

__all__ = ["OptionalCalls"]


class OptionalCalls(CallFamily):
    """How full the community is, its kill chains, the state of a task, and whose key it is."""

    def count(self, community_uuid: str | None = None) -> Filling:
        """``GET /ioc-collections/count-total-iocs``.

        Args:
            community_uuid: Whose indicators are counted; by default those of the key's own community.

        Returns:
            Indicators that there are, and that there can be.
        """
        return self._transport.call_once(
            Filling,
            "GET",
            subjects.COLLECTIONS.below("count-total-iocs"),
            doing="counting the indicators of the community",
            within=self._transport.moment(),
            params={"community_uuid": community_uuid} if community_uuid else {},
        )

    def kill_chains(self) -> list[KillChain]:
        """``GET /kill-chains``.

        Raises:
            PermissionDenied: The key lacks *View intelligence*, which the rest does not take (contract, "Permissions").
        """
        page = self._transport.call_once(
            KillChainPage,
            "GET",
            Subject("/kill-chains"),
            doing="reading the kill chains",
            within=self._transport.moment(),
        )
        return page.items

    def task(self, task_id: str) -> Task:
        """``GET /v1/tasks/{task id}`` below the API's root.

        Args:
            task_id: Of an import.

        Raises:
            NotFound, PermissionDenied: Imports may not be known there (contract, "Tasks and kill chains").
        """
        return self._transport.call_once(
            Task,
            "GET",
            self._below_api_root(f"v1/tasks/{quote(task_id, safe='')}"),
            doing="asking for the state of the task",
            within=self._transport.moment(),
        )

    def identity(self) -> Identity:
        """``GET /v1/me`` below the API's root: whose key it is."""
        return self._transport.call_once(
            Identity,
            "GET",
            self._below_api_root("v1/me"),
            doing="asking whose key it is",
            within=self._transport.moment(),
        )

    def _below_api_root(self, path: str) -> Subject:
        return Subject(f"{self._transport.root.removesuffix('/v2/inthreat')}/{path}")
