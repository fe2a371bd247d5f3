"""Import a table, or a text with an indicator a line: SEKOIA_API_KEY=… python -m examples.import_file feed.csv"""

import os
import sys

from sekoia_cti.client import Sekoia

if not sys.argv[1:]:
    sys.exit(__doc__)

with Sekoia(os.environ["SEKOIA_API_KEY"], base_url=os.environ.get("SEKOIA_URL", "https://api.sekoia.io")) as sekoia:
    collection = sekoia.create_collection("Our feed", reuse_existing=True)
    outcome = sekoia.import_file(collection.id, sys.argv[1], valid_for=30, on_progress=print)
    print(outcome.status, *outcome.missing)
