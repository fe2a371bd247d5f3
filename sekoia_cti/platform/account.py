"""The account validator: what happens when users test the module's account; it changes nothing in Sekoia."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from sekoia_automation.account_validator import AccountValidator
from sekoia_automation.module import LogLevelStr

from sekoia_cti.client.errors import DeadlinePassed, LiveAPIUnreachable, SekoiaError
from sekoia_cti.client.live.signals import Disconnected
from sekoia_cti.client.waiting import Deadline
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.platform.sekoia_item import SekoiaItem
from sekoia_cti.platform.watchdog import LeftBehind, watched

__all__ = ["SekoiaAccountValidator"]


class SekoiaAccountValidator(SekoiaItem, AccountValidator):
    """Checks whether the API key can list IOC collections, and whether LiveAPI accepts it."""

    seconds: ClassVar[float] = 15.0
    """Seconds for each of the two checks."""

    @cached_property
    def deadline(self) -> Deadline:
        """When the last of the checks must have ended."""
        return Deadline(2 * self.seconds)

    def set_task_as_running(self) -> None:
        """Tell the platform that the run has begun, and receive the secrets."""
        self.take_secrets(super().set_task_as_running)

    def send_results(self, success: bool) -> None:
        """Tell the platform how it ended."""
        self.report(lambda: super(SekoiaAccountValidator, self).send_results(success))

    def validate(self) -> bool:
        """Check both; True if both accept the key. Otherwise, the error says which did not and what to do."""
        try:
            complaints = watched(self._complaints, self.deadline)
        except LeftBehind as left:
            complaints = [str(left.why)]
        except Exception as error:  # noqa: BLE001  # whatever it is, it is reported
            # The SDK reports unexpected errors of actions, but not those of account validators.
            self.log_exception(error)
            complaints = [f"The account could not be tested ({type(error).__name__}): test it again."]
        if complaints:
            self.error(" ".join(complaints))
        else:
            self.log("The API key can list IOC collections, and LiveAPI accepts it", level="info")
        return not complaints

    def log(self, message: str, level: LogLevelStr = "debug", only_sentry: bool = False, **kwargs: Any) -> None:
        """Write a line to the log of the process."""
        super().log(self.presentable(message), level, only_sentry=only_sentry, **kwargs)

    def error(self, message: str) -> None:
        """Set the reason why the account is not valid."""
        super().error(self.presentable(message))

    def _complaints(self) -> list[str]:
        try:
            self.configuration()
        except InputError as error:
            return [f"{error}."]
        return [complaint for check in (self._rest, self._live) if (complaint := check())]

    def _rest(self) -> str | None:
        try:
            with self.sekoia(Deadline(self.seconds)) as sekoia:
                next(sekoia.rest.collections(), None)
        except DeadlinePassed as error:
            return self._too_late("Sekoia", error)
        except SekoiaError as error:
            return str(error)
        return None

    def _live(self) -> str | None:
        try:
            with self.sekoia().live() as live:
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
