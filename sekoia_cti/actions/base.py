"""The base of every action: opens the client, tells people what happens, and turns errors into the node's error once."""

import signal
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import signature
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar

from pydantic import ValidationError
from sekoia_automation.action import Action
from sekoia_automation.configuration.exception import MissingConfigurationError
from sekoia_automation.exceptions import ModuleConfigurationError
from sekoia_automation.module import LogLevelStr, Module

from sekoia_cti.actions.storage import UNREADABLE
from sekoia_cti.client.errors import Interrupted, SekoiaError
from sekoia_cti.client.live import LiveAPI
from sekoia_cti.client.rest import IOCCollections
from sekoia_cti.client.waiting import Deadline, Patience
from sekoia_cti.forms import complaint
from sekoia_cti.indicators.errors import InputError
from sekoia_cti.module import Configuration

__all__ = ["SekoiaAction"]


class SekoiaAction(Action):
    """An action of this module.

    An error of the client, of the arguments or of the configuration becomes the node's error: one sentence, without the
    key. What is unexpected stays the SDK's business, which reports it with a traceback.
    """

    patience: ClassVar[Patience] = Patience()

    def __init__(self, module: Module | None = None, data_path: Path | None = None) -> None:
        super().__init__(module, data_path)
        self._refusal: Exception | None = None
        self.run = self._reporting(self.run)  # type: ignore[assignment,method-assign]  # as the SDK does with its own wrappers

    @abstractmethod
    def run(self, arguments: Any) -> Any:
        """What the action does."""

    def set_task_as_running(self) -> None:
        """Tell the platform, which hands over the secrets; a configuration they do not fit is reported by `run`."""
        try:
            super().set_task_as_running()
        except (ModuleConfigurationError, ValidationError) as error:
            self._refusal = error

    def tell(self, message: str, level: LogLevelStr = "info") -> None:
        """Write a line for people, to the playbook's log and to standard output."""
        line = self._without_key(message)
        self.log(line, level=level)
        print(line, flush=True)

    def error(self, message: str) -> None:
        """Make this the node's error, whatever it quotes without the key, and print it for who runs the action by hand."""
        line = self._without_key(message)
        super().error(line)
        print(f"Error: {line}", flush=True)

    # The client

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

    def collections(self, deadline: Deadline) -> IOCCollections:
        """A REST client, to be closed."""
        configuration = self.configuration()
        return IOCCollections(
            configuration.rest_root,
            configuration.api_key.get_secret_value(),
            deadline=deadline,
            patience=self.patience,
            user_agent=f"sekoia-cti/{self.module.manifest.get('version', 'unknown')}",
        )

    def live(self) -> LiveAPI:
        """A LiveAPI connection, to be opened and closed with `with`."""
        configuration = self.configuration()
        return LiveAPI(configuration.live_url, configuration.api_key.get_secret_value(), patience=self.patience)

    # Inside

    def _reporting(self, run: Callable[[Any], Any]) -> Callable[[Any], Any]:
        model = signature(type(self).run).parameters["arguments"].annotation

        @wraps(run)
        def reporting(arguments: Any) -> Any:
            try:
                arguments = model.model_validate(arguments)
            except ValidationError as error:
                self.error(f"The action's arguments are not valid: {complaint(error, show_values=True)}.")
                return None
            try:
                with _stoppable():
                    return run(arguments)
            except SekoiaError as error:
                self.error(str(error))
            except InputError as error:
                self.error(f"{' '.join(str(error).split()).rstrip('.')}.")
            except UNREADABLE as error:
                self.error(f"The playbook's storage could not be used ({type(error).__name__}): run the action again.")
            return None

        return reporting

    def _without_key(self, text: str) -> str:
        configuration = getattr(self.module, "_configuration", None)  # not the property, which may raise
        key = configuration.api_key.get_secret_value() if isinstance(configuration, Configuration) else ""
        return text.replace(key, "…") if key else text


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM raise :exc:`Interrupted` meanwhile, so that the node ends with an error that says how far it got.

    Only where nobody else minds the signal: in the main thread of a process of our own.
    """
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough, and must not disturb the clean-up
        raise Interrupted

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
