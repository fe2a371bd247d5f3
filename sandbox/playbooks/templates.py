"""Renders a playbook's templates: Jinja in its sandbox, with the platform's filters and an end to every loop."""

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from types import BuiltinMethodType
from typing import Any, ClassVar, NoReturn

from jinja2 import (
    Template,
    TemplateAssertionError,
    TemplateError,
    TemplateRuntimeError,
    Undefined,
    UndefinedError,
    nodes,
)
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import missing

from sandbox.playbooks.filters import FILTERS
from sandbox.playbooks.playbook import DEEPEST, JSONObject, NodeError, is_deep

__all__ = ["Templates", "UndefinedName", "texts_in"]

# What one template may take; on the platform a whole playbook is to take less than a minute.
SECONDS = 10.0
# How many values are looked at to find where an undefined name would have been.
MOST_VALUES = 10_000
# Characters, items or bits that a multiplication may give.
MOST_REPEATED = 10_000_000
# Bits of a number that Python still writes in decimal digits.
LARGEST = 14_000
FAILURES = (TemplateError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class UndefinedName:
    """A name in a template that nothing has: `where` names the argument, `nearest` the closest name that is there."""

    where: str
    name: str
    nearest: str | None = None

    def __str__(self) -> str:
        hint = f": did you mean {self.nearest}?" if self.nearest else "."
        return f"{self.where} uses {self.name}, which is not defined{hint}"


class Templates:
    """Renders the templates of one run, and notes the names in them that are not defined.

    As on the platform a text that is one `{{ … }}` as a whole keeps the type of its value, which is None when it is not
    defined; any other text stays a text, in which what is not defined is empty, and so is all that is below it.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._ends = 0.0
        self._where = ""
        self._variables = JSONObject()
        self._undefined = dict[UndefinedName, None]()  # each once, in order
        self._compiled = dict[str, Callable[[JSONObject], Any]]()
        self._environment = _Environment(self._note, self._check)

    def take_undefined(self) -> list[UndefinedName]:
        """The undefined names that were used since this was asked last."""
        undefined, self._undefined = list(self._undefined), {}
        return undefined

    def check(self, value: Any, *, where: str) -> None:
        """Looks at each template in a value without rendering it.

        Raises NodeError, which begins with `where`, for one that cannot be read or that uses an unknown filter or test.
        """
        for text in texts_in(value):
            try:
                self._compile(text)
            except TemplateError as error:
                raise NodeError(f"{where} is not a template that can be used: {_sentence(error)}.") from error

    def render(self, value: Any, variables: JSONObject, *, where: str, undefined: Any = None) -> Any:
        """Renders each text in a value; what is not a text stays as it is.

        A text that is one `{{ … }}`, whose value is not defined, becomes `undefined`. Raises NodeError, which begins
        with `where`, when a template cannot be rendered, takes too long, or gives what JSON does not have.
        """
        match value:
            case str():
                self._where, self._variables = where, variables
                self._ends = time.monotonic() + self._seconds
                try:
                    rendered = self._compile(value)(variables)
                    if is_deep(rendered):
                        raise TemplateRuntimeError(f"it gives a value that is nested deeper than {DEEPEST} levels")
                    return undefined if isinstance(rendered, Undefined) and not rendered else self._as_json(rendered)
                except FAILURES as error:
                    raise NodeError(f"{where} cannot be rendered: {_sentence(error)}.") from error
            case list():
                return [self.render(item, variables, where=where) for item in value]
            case dict():
                return {key: self.render(item, variables, where=where) for key, item in value.items()}
            case _:
                return value

    def _compile(self, text: str) -> Callable[[JSONObject], Any]:
        """What renders a text, made once."""
        if text not in self._compiled:
            self._compiled[text] = self._environment.rendering(text)
        return self._compiled[text]

    def _check(self) -> None:
        """Raises TemplateRuntimeError when the time is over."""
        if time.monotonic() > self._ends:
            raise TemplateRuntimeError(f"it takes longer than {self._seconds:g} s")

    def _as_json(self, value: Any) -> Any:
        """A value as JSON has it, for Jinja's filters can give generators and the like."""
        match value:
            case Undefined():
                return value or None  # an undefined value is never true, and asking notes it
            case str():
                return str(value)
            case int() if value.bit_length() > LARGEST:
                raise TemplateRuntimeError("it gives a number that is too large")
            case float() if not math.isfinite(value):
                raise TemplateRuntimeError("it gives no number that JSON has")
            case bool() | int() | float() | None:
                return value
            case dict():
                return {str(key): self._as_json(item) for key, item in value.items()}
            case list() | tuple() | set() | frozenset() | range() | Iterator():
                return [self._as_json(item) for item in self._environment.bounded(value)]
            case BuiltinMethodType(__self__=dict(), __name__=name):
                raise TemplateRuntimeError(
                    f"it gives the method {name}, and not a value: write ['{name}'] instead of .{name} to read what is "
                    "there under that name"
                )
            case _:
                raise TemplateRuntimeError(f"it gives no JSON but a {type(value).__name__}")

    def _note(self, holder: Any, name: Any) -> str:
        """Notes a name that a value does not have; returns it in full, with the nearest that it has."""
        holder = self._variables if holder is missing else holder
        names, path = holder if isinstance(holder, dict) else {}, self._path(holder)
        nearest = get_close_matches(str(name), map(str, names), 1)
        found = UndefinedName(self._where, _joined(path, name), _joined(path, nearest[0]) if nearest else None)
        self._undefined[found] = None
        return found.name + (f" is not defined (did you mean {found.nearest}?)" if nearest else " is not defined")

    def _path(self, holder: Any) -> str:
        """Where the variables have this very value, as a template writes it; nothing when it is none of theirs."""
        waiting = deque[tuple[str, Any]]([("", self._variables)])
        for _ in range(MOST_VALUES):
            if not waiting:
                break
            path, value = waiting.popleft()
            if value is holder:
                return path
            items = value.items() if isinstance(value, dict) else enumerate(value)
            waiting.extend((_joined(path, key), item) for key, item in items if isinstance(item, dict | list))
        return ""


class _Environment(SandboxedEnvironment):
    """Jinja's sandbox, in which each step of a loop and each call looks at the clock, and no product outgrows memory."""

    intercepted_binops = frozenset(("*", "**"))

    def __init__(self, note: Callable[[Any, Any], str], check: Callable[[], None]) -> None:
        super().__init__(keep_trailing_newline=True, undefined=_undefined(note))
        self._check = check
        self.filters |= {**FILTERS, "bounded": self.bounded}

    def rendering(self, text: str) -> Callable[[JSONObject], Any]:
        """What renders a text with variables; raises TemplateError when it is not a template."""
        template = self.parse(text)
        self._know_all(template)
        match template.body:
            case [nodes.Output(nodes=[nodes.TemplateData()])] | []:
                return lambda _: text
            case [nodes.Output(nodes=[_])] if text.startswith("{{") and text.endswith("}}"):
                inner = text[2:-2].removeprefix("-").removeprefix("+").removesuffix("-").removesuffix("+")
                return self.compile_expression(inner, undefined_to_none=False)
        for loop in template.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, "bounded", [], [], None, None)
        return Template.from_code(self, self.compile(template), self.make_globals(None)).render

    def _know_all(self, template: nodes.Template) -> None:
        """Raises TemplateError for a filter or a test that nobody has, also where Jinja would tell only on the way."""
        for kind, known in ((nodes.Filter, self.filters), (nodes.Test, self.tests)):
            for used in template.find_all(kind):
                if used.name not in known:
                    near = get_close_matches(used.name, known, 1)
                    hint = f" (did you mean {near[0]}?)" if near else ""
                    raise TemplateAssertionError(f"there is no {kind.__name__.lower()} {used.name}{hint}", used.lineno)

    def bounded(self, items: Iterable[Any]) -> Iterator[Any]:
        """The items, as long as there is time."""
        for item in items:
            self._check()
            yield item

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Multiplies; raises TemplateRuntimeError when the result would be of no use to anyone."""
        factors = [value for value in (left, right) if isinstance(value, int)]
        sizes = [len(value) for value in (left, right) if isinstance(value, str | list | tuple)]
        powers = [value.bit_length() for value in (left, right) if isinstance(value, int)] if operator == "**" else []
        if (sizes and factors and sizes[0] * factors[0] > MOST_REPEATED) or (
            len(powers) == 2 and powers[0] * abs(right) > MOST_REPEATED
        ):
            raise TemplateRuntimeError("it makes a value that is too large")
        return super().call_binop(context, operator, left, right)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Calls what a template calls, as long as there is time: macros can call each other."""
        self._check()
        return super().call(context, obj, *args, **kwargs)


class _Noted(Undefined):
    """Jinja's Undefined, which tells a note when its value is used; asking whether it is defined is not a use.

    What is asked of an undefined value is undefined as well: several of the vendor's templates read nodes that they do
    not have, or that were not reached, and are said to work.
    """

    __slots__ = ()

    _note: ClassVar[Callable[[Any, Any], str]]

    def _noted(self) -> str:
        if self._undefined_exception is not UndefinedError:  # it is there, and the sandbox refuses it
            self._fail_with_undefined_error()
        return type(self)._note(self._undefined_obj, self._undefined_name)

    def __str__(self) -> str:
        self._noted()
        return super().__str__()

    def __iter__(self) -> Iterator[Any]:
        self._noted()
        return super().__iter__()

    def __bool__(self) -> bool:
        self._noted()
        return super().__bool__()

    def __len__(self) -> int:
        self._noted()
        return super().__len__()

    def __eq__(self, other: object) -> bool:
        self._noted()
        return super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def _is_no_number(self, *_: Any) -> NoReturn:
        raise TypeError(self._noted())  # the filters int and float then give their default

    __int__ = __float__ = _is_no_number

    __hash__ = Undefined.__hash__

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._noted()
        return self

    def __getitem__(self, name: Any) -> Any:
        self._noted()
        return self


def _undefined(note: Callable[[Any, Any], str]) -> type[Undefined]:
    """What stands for undefined values, and tells `note` when one is used."""
    return type("Noted", (_Noted,), {"__slots__": (), "_note": staticmethod(note)})


def _joined(path: str, name: Any) -> str:
    """The name of something in a value: node.1.rule, node.1['a b'], node.1.events[0]."""
    if isinstance(name, int) and path and path != "node":
        return f"{path}[{name}]"
    if isinstance(name, int) or str(name).replace("_", "a").isalnum():
        return f"{path}.{name}" if path else str(name)
    return f"{path}[{name!r}]"


def texts_in(value: Any) -> Iterator[str]:
    """Each text in a value, at any depth."""
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from texts_in(item)
        case dict():
            yield from texts_in(list(value.values()))


def _sentence(error: Exception) -> str:
    """What went wrong, without the full stop."""
    if isinstance(error, RecursionError):
        return "its templates call each other without end"
    return ((error.message or "") if isinstance(error, TemplateError) else str(error)).rstrip(".")
