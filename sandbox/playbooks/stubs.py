"""What nodes that the runner cannot run answer instead: a small YAML file beside the playbook."""

from pathlib import Path, PurePosixPath
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sandbox.playbooks.documents import read_yaml_object
from sandbox.playbooks.playbook import JSONObject, Playbook, PlaybookError, first_reason

__all__ = ["Stub", "load_stubs"]


class Stub(BaseModel):
    """What one node answers.

    `results` is what later nodes see, `outputs` the branches that are taken besides `default`, `error` makes the node
    fail, and `files` are put into the storage before it ends, by their path there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    results: JSONObject = Field(default_factory=dict)
    outputs: dict[str, bool] = Field(default_factory=dict)
    error: str | None = None
    files: dict[str, str] = Field(default_factory=dict)

    @field_validator("files")
    @classmethod
    def _are_in_the_storage(cls, files: dict[str, str]) -> dict[str, str]:
        for name in files:
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or not path.name:
                raise ValueError(f"{name!r} is not a path inside the storage")
        return files

    def store(self, storage: Path) -> None:
        """Writes its files into the storage; raises PlaybookError when that cannot take them."""
        for name, content in self.files.items():
            path = storage / name
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, encoding="utf-8", newline="")
            except OSError as error:
                raise PlaybookError(f"{path} cannot be written, which the stubs ask for: {error.strerror}.") from error

    @classmethod
    def of(cls, value: Any) -> Self:
        """Reads one entry; an empty one answers with nothing."""
        return cls.model_validate({} if value is None else value)


def load_stubs(path: Path, playbook: Playbook) -> dict[str, Stub]:
    """Reads a file of stubs, by the key or the name of the node in the playbook.

    The results of a trigger's are the event that it gives. Raises PlaybookError, which names the file, when
    it cannot be read, when it names a node that is not there, that two have, or that it has named before, and when an
    entry is not a stub.
    """
    content = read_yaml_object(path, "holds no stubs: it must name nodes, and say what each answers")
    stubs = dict[str, Stub]()
    for name, value in content.items():
        try:
            key = playbook.key(name)
        except PlaybookError as error:
            raise PlaybookError(f"{path} cannot be used: {error}") from error
        if key in stubs:
            raise PlaybookError(f"{path} says twice what node {key} answers.")
        try:
            stubs[key] = Stub.of(value)
        except ValidationError as error:
            raise PlaybookError(f"{path} is unusable at {name}: {first_reason(error)}.") from error
        if key in playbook.triggers and stubs[key].model_fields_set - {"results", "files"}:
            raise PlaybookError(f"{path} is unusable at {name}: a trigger can only have results and files.")
    return stubs
