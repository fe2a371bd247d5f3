"""What the platform runs: the module with its actions, each registered under its ``docker_parameters``."""

import gc

from sekoia_cti.platform import process

if __name__ == "__main__":
    process.own()  # before the other imports, which take a while

from sekoia_cti.actions.create_ioc_collection import CreateIOCCollection
from sekoia_cti.actions.delete_ioc_collection import DeleteIOCCollection
from sekoia_cti.actions.export_indicators import ExportIndicators
from sekoia_cti.actions.extract_indicators import ExtractIndicators
from sekoia_cti.actions.find_ioc_collection import FindIOCCollection
from sekoia_cti.actions.import_file import ImportIndicatorsFromFile
from sekoia_cti.actions.import_indicators import ImportIndicators
from sekoia_cti.actions.import_text import ImportIndicatorsFromText
from sekoia_cti.actions.preview_file import PreviewIndicatorsFile
from sekoia_cti.actions.revoke_indicators import RevokeIndicators
from sekoia_cti.actions.search_indicators import SearchIndicators
from sekoia_cti.actions.synchronize_collection import SynchronizeCollection
from sekoia_cti.actions.update_indicators import UpdateIndicators
from sekoia_cti.actions.update_ioc_collection import UpdateIOCCollection
from sekoia_cti.platform.account import SekoiaAccountValidator
from sekoia_cti.platform.module import SekoiaCTIModule


def main() -> str:
    """Run the action that the platform asks for.

    Returns:
        An empty text: on Fission this function answers an HTTP request, and the results have gone to the callback.
    """
    module = SekoiaCTIModule()
    module.register_account_validator(SekoiaAccountValidator)
    module.register(CreateIOCCollection, "CreateIOCCollection")
    module.register(ImportIndicators, "ImportIndicators")
    module.register(ImportIndicatorsFromText, "ImportIndicatorsFromText")
    module.register(ImportIndicatorsFromFile, "ImportIndicatorsFromFile")
    module.register(PreviewIndicatorsFile, "PreviewIndicatorsFile")
    module.register(ExtractIndicators, "ExtractIndicators")
    module.register(SynchronizeCollection, "SynchronizeCollection")
    module.register(FindIOCCollection, "FindIOCCollection")
    module.register(SearchIndicators, "SearchIndicators")
    module.register(ExportIndicators, "ExportIndicators")
    module.register(UpdateIndicators, "UpdateIndicators")
    module.register(RevokeIndicators, "RevokeIndicators")
    module.register(UpdateIOCCollection, "UpdateIOCCollection")
    module.register(DeleteIOCCollection, "DeleteIOCCollection")
    module.run()
    return ""


if __name__ == "__main__":
    # This process ends with the run: looking through all that was imported for garbage took a quarter of a short one, and
    # looking through half a million values again with each page of a collection as long as reading the pages.
    gc.freeze()
    gc.set_threshold(50_000)
    process.end_with(main)
