"""What the platform runs: the module with its actions, each registered under its ``docker_parameters``."""

import gc

from sekoia_cti.platform import process

if __name__ == "__main__":
    process.own()  # before the other imports, which take a while
    # This process ends with the run. With Python's own threshold, half a million values would be looked through for garbage
    # with each page of a collection, which took as long as reading the pages.
    gc.set_threshold(50_000)

from sekoia_cti.platform.account import SekoiaAccountValidator
from sekoia_cti.platform.module import SekoiaCTIModule


def main() -> str:
    """Run the action that the platform requests.

    Returns:
        An empty text: on Fission this function answers an HTTP request, and the results have gone to the callback.
    """
    module = SekoiaCTIModule()
    module.register_account_validator(SekoiaAccountValidator)
    module.register("sekoia_cti.actions.create_ioc_collection", "CreateIOCCollection")
    module.register("sekoia_cti.actions.import_indicators", "ImportIndicators")
    module.register("sekoia_cti.actions.import_text", "ImportIndicatorsFromText")
    module.register("sekoia_cti.actions.import_file", "ImportIndicatorsFromFile")
    module.register("sekoia_cti.actions.preview_file", "PreviewIndicatorsFile")
    module.register("sekoia_cti.actions.extract_indicators", "ExtractIndicators")
    module.register("sekoia_cti.actions.synchronize_collection", "SynchronizeCollection")
    module.register("sekoia_cti.actions.find_ioc_collection", "FindIOCCollection")
    module.register("sekoia_cti.actions.search_indicators", "SearchIndicators")
    module.register("sekoia_cti.actions.export_indicators", "ExportIndicators")
    module.register("sekoia_cti.actions.update_indicators", "UpdateIndicators")
    module.register("sekoia_cti.actions.revoke_indicators", "RevokeIndicators")
    module.register("sekoia_cti.actions.update_ioc_collection", "UpdateIOCCollection")
    module.register("sekoia_cti.actions.delete_ioc_collection", "DeleteIOCCollection")
    if __name__ == "__main__":
        gc.freeze()  # what was imported stays until the end: looking through it again took a quarter of a short run
    module.run()
    return ""


if __name__ == "__main__":
    process.end_with(main)
