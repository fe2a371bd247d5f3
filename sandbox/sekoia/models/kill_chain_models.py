"""Kill chains: what REST gives."""

from pydantic import BaseModel

__all__ = ["KillChain", "KillChainPage", "PhaseName"]


class PhaseName(BaseModel):
    """A phase, as people and as indicators name it."""

    name: str
    display_name: str


class KillChain(PhaseName):
    """A kill chain."""

    id: str
    description: str
    phases: list[PhaseName]


class KillChainPage(BaseModel):
    """The kill chains."""

    items: list[KillChain]
    total: int
