"""Kill chain phases by the names that people write, found here or, where they are not known here, in Sekoia's list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sekoia_cti.client.errors import PermissionDenied, RequestError
from sekoia_cti.client.wire import KillChainPhase
from sekoia_cti.indicators import kill_chains
from sekoia_cti.indicators.input_errors import InputError
from sekoia_cti.indicators.kill_chains import KillChain

__all__ = ["PhaseFinder"]


class PhaseFinder:
    """Finds phases.

    Args:
        look_up: Gives the kill chains that Sekoia knows; called at most once, and only for a phase that is not known here.
            A failure is not an error, since it takes another permission, and the phases known here are mostly enough.
    """

    def __init__(self, look_up: Callable[[], Sequence[KillChain]]) -> None:
        self._look_up = look_up
        self._told: Sequence[KillChain] | None = None
        self._refusal: RequestError | None = None

    def find(self, names: Iterable[str]) -> list[KillChainPhase]:
        """The phases of these names, each once.

        Raises:
            InputError: One is not known; the sentence also says so if Sekoia did not list its own.
        """
        found = dict.fromkeys(map(self._phase, names))
        return [KillChainPhase(kill_chain_name=chain, phase_name=phase) for chain, phase in found]

    def knows(self, name: str) -> bool:
        """Whether a phase is known, here or in Sekoia.

        Raises:
            InputError: It is not written as a phase is.
        """
        return bool(kill_chains.known_phase(name) or kill_chains.known_phase(name, self._listed()))

    def _phase(self, name: str) -> tuple[str, str]:
        if found := kill_chains.known_phase(name):
            return found
        # An empty list proves nothing.
        told = self._listed() or None
        try:
            return kill_chains.phase(name, told)
        except InputError as error:
            if self._refusal is None:
                raise
            raise InputError(f"{_ended(str(error))} {_why(self._refusal)}") from None

    def _listed(self) -> Sequence[KillChain]:
        if self._told is None:
            try:
                self._told = self._look_up()
            except RequestError as error:
                self._told, self._refusal = (), error
        return self._told


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith("?") else f"{sentence}."


def _why(refusal: RequestError) -> str:
    if isinstance(refusal, PermissionDenied):
        return (
            f"It may be one of Sekoia's own, but Sekoia refused to list its kill chains (HTTP {refusal.status}): give "
            "the API key the permission “View intelligence” to have it looked up"
        )
    return f"It may be one of Sekoia's own, but Sekoia did not list its kill chains: {refusal}"
