"""How the commands of this folder end when they fail or are interrupted: with a sentence, and no traceback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["failing_as"]


@contextmanager
def failing_as(what: str) -> Iterator[None]:
    """End the process where another program fails, a folder cannot be written, or someone presses Ctrl+C.

    Args:
        what: What did not happen then.

    Raises:
        SystemExit: With a sentence, or with the status of a process that was interrupted.
    """
    try:
        yield
    except subprocess.CalledProcessError as error:
        told = f"{error.cmd[0]} ended with status {error.returncode}; see above. Check the network and the free space"
        sys.exit(f"{what}: {told}, and run it again.")
    except subprocess.TimeoutExpired as error:
        sys.exit(f"{what}: {error.cmd[0]} ran for more than {error.timeout:g} s. Check the network, and run it again.")
    except OSError as error:
        told = f"{error.strerror} ({error.filename}). It needs a folder that can be written"
        sys.exit(f"{what}: {told}, with 1 GB free.")
    except KeyboardInterrupt:
        sys.exit(130)
