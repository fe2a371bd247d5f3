"""Search for a value and revoke it: SEKOIA_API_KEY=… python -m examples.search_and_revoke evil.example"""

import os
import sys

from sekoia_cti.client import Sekoia

if not sys.argv[1:]:
    sys.exit(__doc__)

with Sekoia(os.environ["SEKOIA_API_KEY"], base_url=os.environ.get("SEKOIA_URL", "https://api.sekoia.io")) as sekoia:
    for collection in sekoia.find_collections("Our feed"):
        for outcome, values in sekoia.revoke(collection.id, sys.argv[1:]).items():
            if values:
                print(f"{outcome}:", *values)
