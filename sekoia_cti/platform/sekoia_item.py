"""What everything that the platform runs has in common: the configuration with the key, and the client that uses
it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import ValidationError
from requests import RequestException
from sekoia_automation.configuration.exception import MissingConfigurationError
from sekoia_automation.exceptions import ModuleConfigurationError, SendEventError
from sekoia_automation.module import ModuleItem

from sekoia_cti.client.regions import is_open
from sekoia_cti.client.sekoia import Sekoia
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.platform.complaints import complaint
from sekoia_cti.platform.forms import visible
from sekoia_cti.platform.module import Configuration, NoConfiguration
from sekoia_cti.platform.process import Unreported
from sekoia_cti.platform.watchdog import LeftBehind, watched

__all__ = ["SekoiaItem"]


AFTER_STOP = 10.0
"""Seconds that a report may take after a request to stop: platforms kill a process some time afterward."""

UNANSWERED = 5.0
"""Seconds for the report if the platform has not answered before."""


ATTEMPT = 45.0
"""Seconds for one call of the platform. The SDK waits up to 30 seconds for each piece of an answer, and so forever for one that
trickles in."""

REPEATED = 600.0
"""The same after a call that failed: the SDK pauses for up to 512 seconds before it repeats it."""


class _Unanswered(Exception):
    """The platform has never answered; says where, and what to check."""


class SekoiaItem(ModuleItem):
    """An item of the module that talks to Sekoia with the module's account."""

    patience: ClassVar[Patience] = Patience()
    seconds: ClassVar[float] = 120.0
    """Seconds for everything that the item does, unless its arguments say otherwise."""

    reporting: ClassVar[float] = 1_800.0
    """Seconds for the report. The SDK repeats it for up to 23 minutes."""

    unanswered: ClassVar[float] = 30.0
    """Seconds from the start of the run after which a platform that has never answered is not tried again: as long as
    the SDK waits for one answer. An address that never answers is more likely to be wrong than to be down."""

    _answered: bool = False  # whether the platform has ever answered
    _calling: Deadline | None = None  # ends the present call of the platform,
    _repeating: Deadline | None = None  # and its repetitions
    _refusal: Exception | None = None
    _key: str = ""

    @cached_property
    def deadline(self) -> Deadline:
        """When everything that the item does must have ended, counting from the start of the run."""
        return Deadline(self.seconds)

    def configuration(self) -> Configuration:
        """The module's configuration with the key.

        Raises:
            InputError: It is not valid, or the platform did not hand over a key.
        """
        try:
            if self._refusal:
                raise self._refusal
            configuration: Configuration = self.module.configuration  # type: ignore[assignment]  # of SekoiaCTIModule
        except (ModuleConfigurationError, ValidationError, MissingConfigurationError) as error:
            raise InputError(f"The module's configuration is not valid: {_why(error)}") from None
        self._key = configuration.api_key.get_secret_value()
        if not self._key:
            raise InputError("The module's configuration has no API key: enter one in the module's account")
        return configuration

    def sekoia(self, deadline: Deadline | None = None) -> Sekoia:
        """Sekoia with the module's account; the caller closes it.

        Args:
            deadline: The deadline for everything it does; by default, that of the run.
        """
        configuration = self.configuration()
        return Sekoia(
            configuration.api_key.get_secret_value(),
            base_url=configuration.base_url,
            liveapi_url=configuration.liveapi_url,
            timeout=deadline or self.deadline,
            patience=self.patience,
            user_agent=f"sekoia-cti/{self.module.manifest.get('version', 'unknown')}",
        )

    def presentable(self, text: str) -> str:
        """A text that may quote anything, without the key and without control characters."""
        return visible(text.replace(self._key, "…") if self._key else text)

    # For the two kinds of items

    def take_secrets(self, ask: Callable[[], None]) -> None:
        """Have the SDK tell the platform that the run has begun; the answer contains the secrets.

        A problem with them is kept for :meth:`configuration`, where it becomes an error that is reported.

        Args:
            ask: The SDK's method for this.
        """
        try:
            watched(ask, self._call(ATTEMPT, self.deadline))
            self._answered = True
            configuration = self.configuration()
        except (ModuleConfigurationError, ValidationError) as error:
            self._answered, self._refusal = True, error
        except MissingConfigurationError as error:
            self._refusal = InputError(f"The platform could not be asked for the API key: {error}")
        except SendEventError as error:
            answer = f"HTTP {error.status_code}" if error.status_code else "no answer"
            self._refusal = InputError(f"The platform did not provide the API key ({answer}): run the action again")
        except _Unanswered as error:
            self._refusal = InputError(f"The platform could not be asked for the API key: {error}")
        except LeftBehind:
            self._refusal = InputError("The platform did not provide the API key in time: run the action again")
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
            # The SDK reads module_configuration.value of the answer, which may be absent or null. Then the key is
            # missing, and configuration() says so.
            self._answered = True
            self.log("The platform did not provide any secrets", level="warning")
        except InputError:
            pass  # it is raised again when the configuration is needed
        else:
            self._warn_of_open_ways(configuration)

    def warn(self, sentence: str) -> None:
        """Write a warning for people."""
        self.log(sentence, level="warning")

    def report(self, send: Callable[[], None]) -> None:
        """Have the SDK tell the platform how the run ended; after a request to stop, only a few seconds are left for
        that.

        Args:
            send: The SDK's method for this.

        Raises:
            Unreported: The platform does not accept the report, or its address is unknown.
        """
        try:
            seconds = ATTEMPT if self._answered else UNANSWERED
            watched(send, self._call(seconds, Deadline(self.reporting)), after_stop=min(seconds, AFTER_STOP))
        except LeftBehind:
            raise Unreported(
                "The platform did not accept the report of the run in time: check url_callback and the network, and "
                "run the action again."
            ) from None
        except _Unanswered as error:
            raise Unreported(f"The run could not be reported: {error}, and run the action again.") from None
        except SendEventError as error:
            raise Unreported(
                f"The platform refused the report of the run (HTTP {error.status_code}): check url_callback and "
                "token, and run the action again."
            ) from None
        except MissingConfigurationError as error:
            raise Unreported(
                f"The run could not be reported ({str(error).rstrip('.')}): the platform normally sets url_callback "
                "and token; to run the action by hand, set URL_CALLBACK and TOKEN."
            ) from None

    def log_exception(self, exception: Exception, **kwargs: Any) -> None:
        """Write an exception to the log. The SDK does so before each new attempt to reach the platform, which must not
        go on forever.

        Raises:
            _Unanswered: The platform was tried long enough, and has never answered.
        """
        if not isinstance(exception, RequestException):
            super().log_exception(exception, **kwargs)
            return
        self._answered = self._answered or exception.response is not None
        if not self._answered and self.deadline.now() - self.deadline.start >= self.unanswered:
            raise _Unanswered(
                f"{urlsplit(self.callback_url).netloc} does not answer: check url_callback and the network"
            )
        if self._answered and self._calling and self._repeating:
            self._calling.postpone(min(REPEATED, self._repeating.remaining()))
        answer = f"HTTP {exception.response.status_code}" if exception.response is not None else "no answer"
        self.log(f"The platform could not be told how the run is going ({answer})", level="warning")

    # Inside

    def _call(self, seconds: float, repeating: Deadline) -> Deadline:
        """The deadline of a call of the platform, which is put off when the call fails and is repeated."""
        self._repeating, self._calling = repeating, repeating.within(seconds)
        return self._calling

    def _warn_of_open_ways(self, configuration: Configuration) -> None:
        ways = (("base_url", configuration.base_url, "https"), ("liveapi_url", configuration.liveapi_url, "wss"))
        for name, url, scheme in ways:
            if url and is_open(url):
                self.warn(
                    f"The API key is sent unencrypted to {url}: change {name} to begin with {scheme}://, which every "
                    "region supports"
                )


def _why(error: Exception) -> str:
    """What is wrong with the configuration."""
    invalid = error if isinstance(error, ValidationError) else error.__context__
    if isinstance(invalid, ValidationError):
        return complaint(invalid, show_values=False)
    return "it is not a JSON object" if isinstance(error, NoConfiguration) else "it is missing"
