"""Calls that the work can do without: made once, and waited for only a part of the time that is left."""

from __future__ import annotations

from urllib.parse import quote

from sekoia_cti.client.rest import subjects
from sekoia_cti.client.rest.call_family import CallFamily
from sekoia_cti.client.rest.subjects import Subject
from sekoia_cti.client.wire import Filling, Identity, KillChainPage, Task
from sekoia_cti.indicators.kill_chains import KillChain

__all__ = ["OptionalCalls"]


class OptionalCalls(CallFamily):
    """How full the community is, its kill chains, the state of a task, and the owner of the key."""

    def count(self, community_uuid: str | None = None) -> Filling:
        """``GET /ioc-collections/count-total-iocs``.

        Args:
            community_uuid: The community whose indicators are counted; by default that of the key.

        Returns:
            How many indicators the community has, and how many it can have.
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
        """``GET /kill-chains`` (contract, "Tasks and kill chains").

        Raises:
            PermissionDenied: The key lacks *View intelligence*, which no other call needs (contract, "Permissions").
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
            task_id: The id of an import's task.

        Raises:
            NotFound, PermissionDenied: Possibly, imports are not known there (contract, "Tasks and kill chains").
        """
        return self._transport.call_once(
            Task,
            "GET",
            self._below_api_root(f"v1/tasks/{quote(task_id, safe='')}"),
            doing="asking for the state of the task",
            within=self._transport.moment(),
        )

    def identity(self) -> Identity:
        """``GET /v1/me`` below the API's root: the owner of the key (contract, ``/v1/me``)."""
        return self._transport.call_once(
            Identity,
            "GET",
            self._below_api_root("v1/me"),
            doing="asking whose key it is",
            within=self._transport.moment(),
        )

    def _below_api_root(self, path: str) -> Subject:
        return Subject(f"{self._transport.root.removesuffix('/v2/inthreat')}/{path}")
