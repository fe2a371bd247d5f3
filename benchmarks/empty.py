"""An action that does nothing on the bare SDK, run as ``main.py`` is."""

from sekoia_automation.action import Action
from sekoia_automation.module import Module

__all__ = ["main"]


def main() -> None:
    """Run an action that does nothing."""

    # In here, since `sekoia-automation generate-files-from-code` makes a manifest of every action at the top of a file.
    class Empty(Action):
        name = "Empty"
        description = "Do nothing"

        def run(self, arguments: object) -> dict[str, object]:  # noqa: ARG002  # the SDK hands them over
            return {}

    module = Module()  # type: ignore[no-untyped-call]  # the SDK annotates only a part of itself
    module.register(Empty, "Empty")
    module.run()  # type: ignore[no-untyped-call]  # the SDK annotates only a part of itself


if __name__ == "__main__":
    main()
