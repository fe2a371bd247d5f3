"""What REST takes and gives, as the contract has it: a file for each kind of object, as the endpoints have."""

from sandbox.sekoia.models.collection_models import (
    Collection,
    CollectionChange,
    CollectionPage,
    CommunityCount,
    NewCollection,
)
from sandbox.sekoia.models.fields import CommunityUUID, Error, Time
from sandbox.sekoia.models.import_models import Accepted, FileImport, TextImport
from sandbox.sekoia.models.indicator_models import (
    Deletion,
    Indicator,
    IndicatorChange,
    IndicatorList,
    IndicatorPage,
    IndicatorsImport,
)
from sandbox.sekoia.models.kill_chain_models import KillChainPage

__all__ = [
    "Accepted",
    "Collection",
    "CollectionChange",
    "CollectionPage",
    "CommunityCount",
    "CommunityUUID",
    "Deletion",
    "Error",
    "FileImport",
    "Indicator",
    "IndicatorChange",
    "IndicatorList",
    "IndicatorPage",
    "IndicatorsImport",
    "KillChainPage",
    "NewCollection",
    "TextImport",
    "Time",
]
