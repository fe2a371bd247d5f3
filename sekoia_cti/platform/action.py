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
from sekoia_automation.exceptions import ModuleConfigurationError
from sekoia_automation.module import LogLevelStr, Module

from sekoia_cti.client.errors import Interrupted, SekoiaError
from sekoia_cti.indicators.errors import InputError
from sekoia_cti.platform.forms import complaint
from sekoia_cti.platform.item import SekoiaItem
from sekoia_cti.platform.storage import UNREADABLE

__all__ = ["SekoiaAction"]


class SekoiaAction(SekoiaItem, Action):
    """An action of this module.

    An error of the client, of the arguments or of the configuration becomes the node's error: one sentence, without the
    key. What is unexpected stays the SDK's business, which reports it with a traceback.
    """

    branches: ClassVar[dict[str, str]] = {}
    """Output branches that a playbook can follow, and when; an action follows one with `set_output`."""

    def __init__(self, module: Module | None = None, data_path: Path | None = None) -> None:
        super().__init__(module, data_path)
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
        line = self.without_key(message)
        self.log(line, level=level)
        print(line, flush=True)

    def error(self, message: str) -> None:
        """Make this the node's error, whatever it quotes without the key, and print it for who runs the action by hand."""
        line = self.without_key(message)
        super().error(line)
        print(f"Error: {line}", flush=True)

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
                sentence = " ".join(str(error).split()).rstrip(".")
                self.error(sentence if sentence.endswith("?") else f"{sentence}.")
            except UNREADABLE as error:
                self.error(f"The playbook's storage could not be used ({type(error).__name__}): run the action again.")
            return None

        return reporting


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
