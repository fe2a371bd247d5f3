"""What Sekoia's REST API can do. The client has four families of calls, each in a file of its own:

====================================================  =================================================================
Collections                                           :mod:`~sekoia_cti.client.rest.collection_calls`
====================================================  =================================================================
``GET /ioc-collections/{id}``                         :meth:`~RestClient.collection`
``GET /ioc-collections``                              :meth:`~RestClient.collections`
``POST /ioc-collections``                             :meth:`~RestClient.create`
``PATCH /ioc-collections/{id}``                       :meth:`~RestClient.update`
``DELETE /ioc-collections/{id}``                      :meth:`~RestClient.delete`
====================================================  =================================================================

====================================================  =================================================================
Imports                                               :mod:`~sekoia_cti.client.rest.import_calls`
====================================================  =================================================================
``POST /ioc-collections/{id}/indicators/text``        :meth:`~RestClient.import_text`
``POST /ioc-collections/{id}/indicators``             :meth:`~RestClient.add_indicators`
``POST …/{id}/indicators/files/preview``              :meth:`~RestClient.preview_file`
``POST …/{id}/indicators/files/process``              :meth:`~RestClient.process_file`
====================================================  =================================================================

====================================================  =================================================================
Indicators                                            :mod:`~sekoia_cti.client.rest.indicator_calls`
====================================================  =================================================================
``GET /ioc-collections/{id}/indicators``              :meth:`~RestClient.indicators`, :meth:`~RestClient.all_indicators`
``PUT …/{id}/indicators/{indicator id}``              :meth:`~RestClient.update_indicator`
``DELETE …/{id}/indicators/{indicator id}``           :meth:`~RestClient.revoke`
``GET /collections/{id}/objects``                     :meth:`~RestClient.objects`
====================================================  =================================================================

====================================================  =================================================================
What the work can do without                          :mod:`~sekoia_cti.client.rest.optional_calls`
====================================================  =================================================================
``GET /ioc-collections/count-total-iocs``             :meth:`~RestClient.count`
``GET /kill-chains``                                  :meth:`~RestClient.kill_chains`
``GET /v1/tasks/{task id}``                           :meth:`~RestClient.task`
``GET /v1/me``                                        :meth:`~RestClient.identity`
====================================================  =================================================================
"""

from __future__ import annotations

from datetime import datetime
from types import TracebackType
from typing import Self

from sekoia_cti.client.rest.collection_calls import CollectionCalls
from sekoia_cti.client.rest.import_calls import ImportCalls
from sekoia_cti.client.rest.indicator_calls import IndicatorCalls
from sekoia_cti.client.rest.optional_calls import OptionalCalls
from sekoia_cti.client.rest.transport import Transport
from sekoia_cti.client.waiting import Deadline, Patience

__all__ = ["RestClient"]


class RestClient(CollectionCalls, ImportCalls, IndicatorCalls, OptionalCalls):
    """The REST API with one API key. To be closed, or used with ``with``. For one thread at a time.

    Args:
        root: The REST root for the region, without a trailing slash (contract, "Where it lives").
        api_key: Needs *View IOC collections*, and for changes *Manage IOC collections* (contract, "Permissions").
        deadline: Ends everything, repetitions included.
        patience: Timeouts, pauses and rate.
        user_agent: Sent with each request.

    Every call can raise ``RequestError``, ``CertificateRejected``, ``AuthoritiesUnusable``, ``ProxyUnusable``,
    ``DeadlinePassed`` and ``Interrupted`` (see :mod:`~sekoia_cti.client.errors`). The docstring of a call names other errors, and
    those that have a special meaning there.
    """

    def __init__(
        self, root: str, api_key: str, *, deadline: Deadline, patience: Patience, user_agent: str = "sekoia-cti"
    ) -> None:
        super().__init__(Transport(root, api_key, deadline=deadline, patience=patience, user_agent=user_agent))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def deadline(self) -> Deadline:
        """The deadline that ends everything."""
        return self._transport.deadline

    def renew(self, deadline: Deadline) -> None:
        """Replace the deadline, for new work.

        Args:
            deadline: Ends everything from now on.
        """
        self._transport.deadline = deadline

    def close(self) -> None:
        """Close the session and its connections."""
        self._transport.close()

    def server_time(self) -> datetime | None:
        """The time at Sekoia in UTC, never ahead of Sekoia's own clock; None before the first answer."""
        return self._transport.server_time()
