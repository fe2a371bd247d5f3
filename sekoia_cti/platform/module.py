"""The module and its configuration."""

from importlib import import_module
from typing import Any

from pydantic import ConfigDict, Field, SecretStr, field_validator
from sekoia_automation.exceptions import CommandNotFoundError, ModuleConfigurationError
from sekoia_automation.module import Module, ModuleItem

from sekoia_cti.client.regions import DEFAULT_BASE_URL, checked_key, checked_url
from sekoia_cti.platform import sentry
from sekoia_cti.platform.forms import Form
from sekoia_cti.platform.process import Unreported

__all__ = ["Configuration", "NoConfiguration", "SekoiaCTIModule"]


def _require_key(schema: dict[str, Any]) -> None:
    """Make the form ask for the key, although the configuration must be valid before the platform hands it over."""
    schema["properties"]["api_key"].pop("default", None)
    schema["required"] = ["api_key"]


class Configuration(Form):
    """How to reach Sekoia. It is valid without the key, which the platform hands over when the run starts."""

    # The SDK sets secrets with setattr (SDK module.py, set_secrets): without validation, a str would replace the
    # SecretStr.
    model_config = ConfigDict(
        title="Sekoia CTI Configuration", validate_assignment=True, json_schema_extra=_require_key
    )

    api_key: SecretStr = Field(
        default=SecretStr(""),
        title="API key",
        description="Sekoia.io API key with the permissions “View IOC collections” and “Manage IOC collections”",
        json_schema_extra={"secret": True},
    )
    base_url: str = Field(
        default=DEFAULT_BASE_URL,
        title="Base URL",
        description="API address of your region, such as https://api.sekoia.io or https://app.fra2.sekoia.io/api",
        json_schema_extra={"format": "uri"},
    )
    liveapi_url: str | None = Field(
        default=None,
        title="LiveAPI URL",
        description="LiveAPI address of your region (ws:// or wss://); derived from the base URL if left empty",
        json_schema_extra={"format": "uri"},
    )

    @field_validator("api_key", mode="before")
    @classmethod
    def _no_key_yet(cls, value: object) -> object:
        return "" if value is None else value.strip() if isinstance(value, str) else value

    @field_validator("api_key")
    @classmethod
    def _fits_a_header(cls, value: SecretStr) -> SecretStr:
        checked_key(value.get_secret_value())
        return value

    @field_validator("base_url", mode="before")
    @classmethod
    def _default_base_url(cls, value: object) -> object:
        return DEFAULT_BASE_URL if value is None or value == "" else value

    @field_validator("base_url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        return checked_url(value, ("http", "https"))

    @field_validator("liveapi_url", mode="before")
    @classmethod
    def _no_liveapi_url(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("liveapi_url")
    @classmethod
    def _is_websocket(cls, value: str | None) -> str | None:
        return None if value is None else checked_url(value, ("ws", "wss"))


class NoConfiguration(ModuleConfigurationError):
    """The configuration from the platform is not a JSON object."""


class SekoiaCTIModule(Module):
    """Sekoia CTI: your own threat intelligence into IOC collections."""

    # The SDK finds the model by this annotation (SDK utils.py, get_annotation_for) and hands out an instance of it.
    configuration: Configuration  # type: ignore[override]

    def manifest_required_properties(self) -> list[str]:
        """What must be configured before a run starts: everything but the secrets, which are handed over later
        (contract, Playbooks)."""
        secrets = self.manifest_secrets()
        return [name for name in super().manifest_required_properties() if name not in secrets]

    def load_config(self, file_name: str, type_: str = "str", non_exist_ok: bool = False) -> Any:
        """A piece of configuration from the platform.

        Raises:
            NoConfiguration: The module's configuration is not a JSON object.
            MissingConfigurationError: The platform did not provide it.
        """
        if file_name != self.MODULE_CONFIGURATION_FILE_NAME:
            return super().load_config(file_name, type_, non_exist_ok)
        try:
            configuration = super().load_config(file_name, type_, non_exist_ok)
        except (ValueError, RecursionError):
            configuration = None
        if not isinstance(configuration, dict):
            raise NoConfiguration(file_name)
        return configuration

    def register(self, item: type[ModuleItem] | str, name: str = "") -> None:
        """Make an action known by its command.

        Args:
            item: The class, or the path of the module that has a class of this name. The module is imported only if its
                command is the one to run: a run needs one action, and importing all of them takes a third longer.
            name: The command.
        """
        if not isinstance(item, str):
            super().register(item, name)
        elif name == self.command:
            super().register(getattr(import_module(item), name), name)

    def run(self) -> None:
        """Run the action that the command names.

        Raises:
            Unreported: There is no such action, and therefore none that could report the problem.
        """
        try:
            super().run()
        except CommandNotFoundError:
            missing = f"There is no action “{self.command}”" if self.command else "No action was given"
            raise Unreported(
                f"{missing}: use the docker_parameters of an action_….json, such as CreateIOCCollection"
            ) from None

    def init_sentry(self) -> None:
        """Send errors to Sentry if the platform configures it, but with less content than the SDK would send."""
        if dsn := self.load_config(self.SENTRY_FILE_NAME, non_exist_ok=True):
            tags = {
                "module": self.name,
                "community": self.community_uuid,
                "playbook_uuid": self.playbook_uuid,
                "playbook_run_uuid": self.playbook_run_uuid,
                "node_run_uuid": self.node_run_uuid,
                "trigger_configuration_uuid": self.trigger_configuration_uuid,
                "connector_configuration_uuid": self.connector_configuration_uuid,
            }
            sentry.start(dsn, self.load_config(self.ENVIRONMENT_FILE_NAME, non_exist_ok=True), tags)
