"""YAML beside a playbook: read as JSON would have its values, and written as people read it."""

import math
from pathlib import Path
from typing import Any

import yaml

from sandbox.playbooks.playbook import DEEPEST, JSONObject, PlaybookError, is_deep

__all__ = ["as_yaml", "read_yaml_object"]


def read_yaml_object(path: Path, otherwise: str) -> JSONObject:
    """The mapping in a YAML file.

    Raises PlaybookError, which names the file, when it cannot be read, is not YAML, has a key twice, or holds no
    mapping: `otherwise` says what is wrong then, after the file's name.
    """
    try:
        content = yaml.load(path.read_bytes(), _Loader)  # noqa: S506  # a SafeLoader
    except OSError as error:
        raise PlaybookError(f"{path} cannot be read: {error.strerror}.") from error
    except RecursionError as error:
        raise PlaybookError(f"{path} is nested too deep to be read.") from error
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise PlaybookError(f"{path} is not valid YAML: {reason}.") from error
    if not isinstance(content, dict):
        raise PlaybookError(f"{path} {otherwise}.")
    if is_deep(content):
        raise PlaybookError(f"{path} is nested deeper than {DEEPEST} levels.")
    return content


def as_yaml(value: Any) -> str:
    """A value as people read it: keys in their order, no line broken."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=math.inf)


class _Loader(yaml.SafeLoader):
    """YAML as JSON has its values: a date and each key is text, and a key that is written twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping, as SafeLoader makes it, when no key repeats another."""
        seen = set[str]()
        for key, _ in node.value:
            if str(key.value) in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} is there twice", node.start_mark)
            seen.add(str(key.value))
        return {str(key): value for key, value in super().construct_mapping(node, deep).items()}


def _as_it_is(_loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    """The text of a value."""
    return str(node.value)


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _as_it_is)


class _Dumper(yaml.SafeDumper):
    """YAML as people write it: a text of several lines keeps them."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)
