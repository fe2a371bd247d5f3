"""What everything that the platform runs shares: the configuration with the key, and the clients made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import ValidationError
from sekoia_automation.configuration.exception import MissingConfigurationError
from sekoia_automation.exceptions import ModuleConfigurationError
from sekoia_automation.module import ModuleItem

from sekoia_cti.client.rest.endpoints import RestClient
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.indicators.errors import InputError
from sekoia_cti.platform.forms import complaint
from sekoia_cti.platform.module import Configuration

if TYPE_CHECKING:
    from sekoia_cti.client.live.stream import LiveAPI

__all__ = ["SekoiaItem"]


class SekoiaItem(ModuleItem):
    """An item of the module that talks to Sekoia with the account of the module."""

    patience: ClassVar[Patience] = Patience()
    _refusal: Exception | None = None

    def configuration(self) -> Configuration:
        """The module's configuration with the key.

        Raises:
            InputError: It is not valid, or the platform handed over no key.
        """
        try:
            if self._refusal:
                raise self._refusal
            configuration: Configuration = self.module.configuration  # type: ignore[assignment]  # of SekoiaCTIModule
        except (ModuleConfigurationError, ValidationError, MissingConfigurationError) as error:
            invalid = error if isinstance(error, ValidationError) else error.__context__
            why = complaint(invalid, show_values=False) if isinstance(invalid, ValidationError) else "it is missing"
            raise InputError(f"The module's configuration is not valid: {why}") from None
        if not configuration.api_key.get_secret_value():
            raise InputError("The module's configuration has no API key: enter one in the account of the module")
        return configuration

    def rest(self, deadline: Deadline) -> RestClient:
        """A REST client, to be closed."""
        configuration = self.configuration()
        return RestClient(
            configuration.rest_root,
            configuration.api_key.get_secret_value(),
            deadline=deadline,
            patience=self.patience,
            user_agent=f"sekoia-cti/{self.module.manifest.get('version', 'unknown')}",
        )

    def live(self) -> LiveAPI:
        """A LiveAPI connection, to be opened and closed with `with`."""
        # Here, since the WebSocket library takes a good part of a start, and most actions wait for no import.
        from sekoia_cti.client.live.stream import LiveAPI

        configuration = self.configuration()
        return LiveAPI(configuration.live_url, configuration.api_key.get_secret_value(), patience=self.patience)

    def without_key(self, text: str) -> str:
        """A text that may quote anything, without the key."""
        configuration = getattr(self.module, "_configuration", None)  # not the property, which may raise
        key = configuration.api_key.get_secret_value() if isinstance(configuration, Configuration) else ""
        return text.replace(key, "…") if key else text
