"""The base of every action: opens the client, reports what happens, and turns errors into the node's error in one
place."""

import logging
import threading
from abc import abstractmethod
from collections.abc import Callable
from contextvars import ContextVar
from functools import cached_property, wraps
from pathlib import Path
from typing import Any, ClassVar, get_type_hints

from pydantic import BaseModel, ValidationError
from sekoia_automation.action import Action, ActionLogHandler
from sekoia_automation.configuration.exception import MissingConfigurationError
from sekoia_automation.constants import DATA_STORAGE
from sekoia_automation.module import LogLevelStr, Module

from sekoia_cti.client.errors import SekoiaError
from sekoia_cti.client.waiting import Deadline
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.platform.complaints import complaint
from sekoia_cti.platform.data_path import data_path_for
from sekoia_cti.platform.forms import Form, refuse_misspelled
from sekoia_cti.platform.process import say
from sekoia_cti.platform.sekoia_item import SekoiaItem
from sekoia_cti.platform.storage import UNREADABLE, reason
from sekoia_cti.platform.watchdog import LeftBehind, watched

__all__ = ["SekoiaAction"]

_RUNNING: ContextVar["SekoiaAction | None"] = ContextVar("running", default=None)
"""The action that runs in this context, including the threads that it starts: on Fission, several can run at once."""

_ADDING_HANDLERS = threading.Lock()


class SekoiaAction(SekoiaItem, Action):
    """An action of this module.

    An error in the client, the arguments or the configuration becomes the node's error: one sentence, without the key.
    Unexpected errors are left to the SDK, which reports them with a traceback. Work that hangs is abandoned shortly
    after the deadline, and the node reports without it.
    """

    branches: ClassVar[dict[str, str]] = {}
    """The output branches that a playbook can follow, and when; an action chooses one with `set_output`."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "run" in vars(cls):
            # The SDK's generator uses annotations unresolved, which makes them strings if annotations are imported
            # from __future__.
            cls.run.__annotations__ = get_type_hints(cls.run)

    def __init__(self, module: Module | None = None, data_path: Path | None = None) -> None:
        root = logging.getLogger()
        with _ADDING_HANDLERS:
            before = list(root.handlers)
            # Given a folder, the SDK does not look for the storage before the watchdog runs; data_path does that
            # instead.
            super().__init__(module, data_path or Path(DATA_STORAGE))
            self._handlers = [
                handler for handler in root.handlers if isinstance(handler, ActionLogHandler) and handler not in before
            ]
        for handler in self._handlers:
            handler.addFilter(lambda _record: _RUNNING.get() is self)
        self._storage = data_path
        self._model: type[Form] = get_type_hints(type(self).run)["arguments"]
        self._unreadable: InputError | None = None
        self._left_behind: threading.Thread | None = None
        self.run = self._reporting(self.run)  # type: ignore[assignment,method-assign]  # as the SDK does with its own wrappers

    @abstractmethod
    def run(self, arguments: Any) -> Any:
        """What the action does."""

    def leave(self, why: SekoiaError) -> BaseModel | None:
        """Report what is known about work that has to be abandoned, and may still continue.

        Args:
            why: The reason, for the node's error.

        Returns:
            Results of what was done so far; None if there are none.
        """
        self.error(str(why))
        return None

    @cached_property
    def deadline(self) -> Deadline:
        """When everything must have ended, according to the argument ``timeout``, if there is one."""
        timeout = self._model.model_fields.get("timeout")
        if timeout is None:
            return Deadline(self.seconds)
        asked = self.arguments.get("timeout") if isinstance(self.arguments, dict) else None
        try:
            return Deadline(min(max(float(str(asked)), 10.0), 86_400.0))
        except ValueError:
            return Deadline(timeout.default)

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments from the platform; `run` reports arguments that cannot be read."""
        try:
            return super().arguments
        except MissingConfigurationError:
            return {}
        except (ValueError, RecursionError):
            self._unreadable = InputError("The action's arguments are not valid JSON, or nested too deeply")
            return {}

    @property
    def data_path(self) -> Path:
        """The playbook's storage.

        Raises:
            InputError: It cannot be reached.
        """
        if self._storage is None:
            self._storage = data_path_for(self.module)
        return self._storage

    def execute(self) -> None:
        """Run the action, and report the result, whatever happens."""
        token = _RUNNING.set(self)
        try:
            super().execute()
        finally:
            _RUNNING.reset(token)

    def set_task_as_running(self) -> None:
        """Tell the platform that the run has begun, and receive the secrets."""
        self.take_secrets(super().set_task_as_running)

    def send_results(self) -> None:
        """Tell the platform how it ended."""
        self.report(super().send_results)

    def tell(self, message: str, level: LogLevelStr = "info") -> None:
        """Write a line for people, to the playbook's log and to standard output."""
        self.log(message, level=level)
        say(self.presentable(message))

    def warn(self, sentence: str) -> None:
        """Write a warning for people."""
        self.tell(sentence, "warning")

    def log(self, message: str, level: LogLevelStr = "debug", only_sentry: bool = True, **kwargs: Any) -> None:
        """Write a line to the playbook's log."""
        if not self._is_left_behind():
            super().log(self.presentable(message), level, only_sentry=only_sentry, **kwargs)

    def error(self, message: str) -> None:
        """Set the node's error, and print it for anyone who runs the action by hand."""
        if not self._is_left_behind():
            line = self.presentable(message)
            super().error(line)
            say(f"Error: {line}")

    def set_output(self, output: str, activate: bool = True) -> None:
        """Follow an output branch, or not."""
        if not self._is_left_behind():
            super().set_output(output, activate)

    # Inside

    def _is_left_behind(self) -> bool:
        return threading.current_thread() is self._left_behind

    def _reporting(self, run: Callable[[Any], Any]) -> Callable[[Any], Any]:
        @wraps(run)
        def reporting(given: Any) -> Any:
            try:
                arguments = self._checked(given)
                return watched(lambda: run(arguments), self.deadline)
            except ValidationError as error:
                self.error(f"The action's arguments are not valid: {complaint(error, show_values=True)}.")
            except SekoiaError as error:
                self.error(str(error))
            except InputError as error:
                sentence = " ".join(str(error).split()).rstrip(".")
                self.error(sentence if sentence.endswith("?") else f"{sentence}.")
            except UNREADABLE as error:
                self.error(f"The playbook's storage could not be used ({reason(error)}): run the action again.")
            except LeftBehind as left:
                self._left_behind = left.thread
                results = self.leave(left.why)
                return results.model_dump() if results else None
            return None

        return reporting

    def _checked(self, given: Any) -> Form:
        if self._unreadable:
            raise self._unreadable
        given = {} if given is None else given
        if not isinstance(given, dict):
            raise InputError("The action's arguments are not a JSON object")
        unknown = sorted(set(given) - set(self._model.model_fields))
        refuse_misspelled(unknown, self._model)
        arguments = self._model.model_validate(given)
        for name in unknown:
            self.tell(f"The action has no argument “{name}”: it was ignored", "warning")
        return arguments
