"""An action on the bare SDK that imports text as the straight-line client does, run as ``main.py`` is."""

import os
from pathlib import Path

from sekoia_automation.action import Action
from sekoia_automation.module import Module

from benchmarks import baseline

__all__ = ["main"]


def main() -> None:
    """Import the lines of a file into a server, both named by the environment."""

    # In here, since `sekoia-automation generate-files-from-code` makes a manifest of every action at the top of a file.
    class ImportText(Action):
        name = "Import text"
        description = "Import text"

        def run(self, arguments: object) -> dict[str, object]:  # noqa: ARG002  # the SDK hands them over
            baseline.import_text(os.environ["BENCHMARK_URL"], Path(os.environ["BENCHMARK_FILE"]))
            return {}

    module = Module()  # type: ignore[no-untyped-call]  # the SDK annotates only a part of itself
    module.register(ImportText, "ImportText")
    module.run()  # type: ignore[no-untyped-call]  # the SDK annotates only a part of itself


if __name__ == "__main__":
    main()
