"""The table of contents of the REST client is complete."""

from __future__ import annotations

import re

from sekoia_cti.client.rest import endpoints
from sekoia_cti.client.rest.endpoints import RestClient


def test_the_table_names_every_call() -> None:
    """Each public method of a family stands in it, in the order of its file, beside the request that it makes."""
    text = str(endpoints.__doc__)
    calls = [
        name
        for family in RestClient.__bases__
        for name, method in vars(family).items()
        if callable(method) and not name.startswith("_")
    ]
    assert re.findall(r"RestClient\.(\w+)", text) == calls
    for line in text.splitlines():
        if found := re.match(r"``([A-Z]+) (\S.*?)`` +:meth:`~RestClient\.(\w+)`", line):
            request = f"{found[1]} {found[2].replace('…', '/ioc-collections')}"
            assert str(getattr(RestClient, found[3]).__doc__).startswith(f"``{request}``"), found[3]
