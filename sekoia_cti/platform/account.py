"""The account validator: what happens when people test the account of the module; nothing in Sekoia changes."""

from __future__ import annotations

from typing import ClassVar

from pydantic import ValidationError
from sekoia_automation.account_validator import AccountValidator
from sekoia_automation.exceptions import ModuleConfigurationError

from sekoia_cti.client.errors import DeadlinePassed, LiveAPIUnreachable, SekoiaError
from sekoia_cti.client.live.signals import Disconnected
from sekoia_cti.client.waiting import Deadline
from sekoia_cti.indicators.errors import InputError
from sekoia_cti.platform.item import SekoiaItem

__all__ = ["SekoiaAccountValidator"]


class SekoiaAccountValidator(SekoiaItem, AccountValidator):
    """Tells whether the API key can list IOC collections, and whether LiveAPI lets it in."""

    seconds: ClassVar[float] = 15.0
    """For each of the two checks."""

    def set_task_as_running(self) -> None:
        """Tell the platform, which hands over the secrets; `validate` reports when they do not fit or do not come."""
        try:
            super().set_task_as_running()
        except (ModuleConfigurationError, ValidationError) as error:
            self._refusal = error
        except (AttributeError, KeyError, TypeError, ValueError):
            # The SDK reads module_configuration.value of the answer, which may be absent or null. What is missing then
            # is the key, and validate() says so.
            self.log("The platform handed over no secrets", level="warning")

    def validate(self) -> bool:
        """Check both; True when both let the key in, otherwise the error says which did not and what to do."""
        try:
            self.configuration()
        except InputError as error:
            self.error(f"{error}.")
            return False
        complaints = [complaint for check in (self._rest, self._live) if (complaint := check())]
        if complaints:
            self.error(" ".join(complaints))
        else:
            self.log("The API key can list IOC collections, and LiveAPI lets it in", level="info")
        return not complaints

    def error(self, message: str) -> None:
        """Make this the reason why the account is not valid, whatever it quotes without the key."""
        super().error(self.without_key(message))

    def _rest(self) -> str | None:
        try:
            with self.rest(Deadline(self.seconds)) as collections:
                next(collections.collections(), None)
        except DeadlinePassed as error:
            return self._too_late("Sekoia", error)
        except SekoiaError as error:
            return str(error)
        return None

    def _live(self) -> str | None:
        try:
            with self.live() as live:
                unreachable = live.ready(Deadline(self.seconds))
                live.catch_up(self.patience.greeting)
                refused = live.next(0)
            if isinstance(refused, Disconnected) and refused.final:
                return str(refused.error)
        except DeadlinePassed as error:
            return self._too_late("LiveAPI", error)
        except SekoiaError as error:
            return str(error)
        if isinstance(unreachable, LiveAPIUnreachable):
            return f"{unreachable} Without it, imports are confirmed over the REST API, which takes longer."
        return str(unreachable) if unreachable else None

    def _too_late(self, who: str, error: DeadlinePassed) -> str:
        return (
            f"{who} did not answer within {error.seconds:g} seconds while {error.doing}: check the module's configuration, "
            "the network and the proxy."
        )
