"""Import a table, or a text with one indicator per line: SEKOIA_API_KEY=… python -m examples.import_file feed.csv"""

import os
import sys

from sekoia_cti.client import Sekoia, SekoiaError

if not sys.argv[1:]:
    sys.exit(__doc__)

try:
    with Sekoia(os.getenv("SEKOIA_API_KEY", ""), base_url=os.getenv("SEKOIA_URL", "https://api.sekoia.io")) as sekoia:
        collection = sekoia.create_collection("Our feed", reuse_existing=True)
        outcome = sekoia.import_file(collection.id, sys.argv[1], valid_for=30, on_progress=print)
        print(outcome.status, *outcome.missing)
except (SekoiaError, ValueError, OSError) as error:
    sys.exit(str(error))
