"""The pages of the sandbox: what is in it, what came in, what is to go wrong, and what can be run."""

from sandbox.console.pages import Console

__all__ = ["Console"]
