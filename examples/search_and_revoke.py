"""Search for a value and revoke it: SEKOIA_API_KEY=… python -m examples.search_and_revoke evil.example"""

import os
import sys

from sekoia_cti.client import Sekoia, SekoiaError

if not sys.argv[1:]:
    sys.exit(__doc__)

try:
    with Sekoia(os.getenv("SEKOIA_API_KEY", ""), base_url=os.getenv("SEKOIA_URL", "https://api.sekoia.io")) as sekoia:
        for collection in sekoia.find_collections("Our feed"):
            for outcome, values in sekoia.revoke(collection.id, sys.argv[1:]).items():
                if values:
                    print(f"{outcome}:", *values)
except (SekoiaError, ValueError) as error:
    sys.exit(str(error))
