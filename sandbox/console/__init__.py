"""The pages of the sandbox: what it holds, what came in, faults, and what can be run."""

from sandbox.console.pages import Console

__all__ = ["Console"]
