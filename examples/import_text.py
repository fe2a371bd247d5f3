"""Import indicators from text: SEKOIA_API_KEY=… python -m examples.import_text"""

import os
import sys

from sekoia_cti.client import Sekoia, SekoiaError

LINES = ["hxxp://malware[.]example/payload", "198.51.100.7", "d41d8cd98f00b204e9800998ecf8427e"]

try:
    with Sekoia(os.getenv("SEKOIA_API_KEY", ""), base_url=os.getenv("SEKOIA_URL", "https://api.sekoia.io")) as sekoia:
        collection = sekoia.create_collection("Our feed", reuse_existing=True)
        outcome = sekoia.import_text(collection.id, LINES, valid_for=90, on_progress=print)
        print(outcome.status, *outcome.missing)
except (SekoiaError, ValueError) as error:
    sys.exit(str(error))
