"""The base of all models that the platform shows as forms, and names that a form does not have."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ConfigDict, WithJsonSchema
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from sekoia_cti.indicators.input_errors import InputError

__all__ = ["Form", "ResultsForm", "objects", "refuse_misspelled", "visible"]

_SEEN = "\n\t"
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")


class _FlatSchema(GenerateJsonSchema):
    """JSON Schema as the platform's forms require it: draft 7, in which an optional value is one that may be left
    out."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        generated = super().default_schema(schema)
        if generated.get("default", ...) is None:
            del generated["default"]
        return generated


class _ResultsSchema(_FlatSchema):
    """The same for results, which are ``null`` if there is nothing to report."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        generated = super().nullable_schema(schema)
        if "enum" in generated:
            generated["enum"] = [*generated["enum"], None]
        return generated | {"type": [generated["type"], "null"]}


class Form(BaseModel):
    """The base of configuration and arguments. Values never appear in pydantic's own messages, since one may be a
    key."""

    model_config = ConfigDict(hide_input_in_errors=True, defer_build=True)

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The flat schema; the SDK's generator calls this without arguments (SDK ``scripts/files_generator.py``)."""
        return super().model_json_schema(*args, **{"schema_generator": cls._generator(), **kwargs})

    @classmethod
    def _generator(cls) -> type[GenerateJsonSchema]:
        return _FlatSchema


class ResultsForm(Form):
    """The base of results."""

    @classmethod
    def _generator(cls) -> type[GenerateJsonSchema]:
        return _ResultsSchema


def objects(**fields: str) -> WithJsonSchema:
    """The schema of a list of objects.

    Args:
        fields: The type of each field: ``string``, ``string?`` if it can be null, ``string[]`` for a list.
    """

    def schema(kind: str) -> dict[str, Any]:
        if kind.endswith("[]"):
            return {"type": "array", "items": {"type": kind[:-2]}}
        return {"type": [kind[:-1], "null"] if kind.endswith("?") else kind}

    properties = {name: schema(kind) for name, kind in fields.items()}
    return WithJsonSchema({"type": "array", "items": {"type": "object", "properties": properties}})


NEAR = 0.8
"""How similar two names must be (difflib's ratio) for one to count as a misspelling of the other."""


def refuse_misspelled(names: Iterable[str], form: type[Form]) -> None:
    """Refuse names that a form does not have but that resemble one of its own; other names may come from the platform.

    Args:
        names: The names that the form does not have.
        form: The form.

    Raises:
        InputError: One is close to a name of the form: ignoring it would mean ignoring what the user asked for.
    """
    for name in names:
        if near := get_close_matches(name.lower().replace("-", "_"), form.model_fields, n=1, cutoff=NEAR):
            raise InputError(f"The action has no argument “{name}”; did you mean “{near[0]}”?")


def visible(text: str) -> str:
    """A text with control characters escaped: those that a terminal or a page obeys instead of showing (ESC, direction
    marks)."""
    if text.isprintable():
        return text
    return "".join(_escaped(letter) for letter in text)


def _escaped(letter: str) -> str:
    obeyed = letter in _TURNING or (unicodedata.category(letter) in ("Cc", "Cs") and letter not in _SEEN)
    return letter.encode("unicode_escape").decode() if obeyed else letter
