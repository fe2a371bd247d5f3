"""How a page is made of a template, and sent."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sandbox.sekoia.faults import Faults
from sandbox.sekoia.service import Service

__all__ = ["HEADERS", "cut", "duration", "show", "static"]

FOLDER = Path(__file__).parent
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    # Not "no-referrer", with which a browser sends its own forms without saying where they come from.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
# Each page with its address, in the order of the menu.
MENU = {
    "collections": "/",
    "imports": "/imports",
    "actions": "/actions",
    "playbooks": "/playbooks",
    "requests": "/requests",
    "faults": "/faults",
}
# Characters of a text that are shown.
LONGEST = 4000
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def duration(seconds: float | None) -> str:
    """How long something took, as people read it."""
    if seconds is None:
        return "…"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def cut(text: str) -> str:
    """The part of a text that is shown, and how much more there is."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}\n… {len(text) - LONGEST:,} more characters"


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def _size(count: int) -> str:
    return f"{count:,} B" if count < 1024 else f"{count / 1024:,.1f} KB"


def _time(moment: datetime | str) -> str:
    """The time of day, for what happened a moment ago."""
    when = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return when.astimezone().strftime("%H:%M:%S")


_PAGES = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGES.filters |= {
    "json": lambda value: json.dumps(value, ensure_ascii=False, default=str),
    "pretty": _pretty,
    "cut": cut,
    "number": "{:,}".format,
    "duration": duration,
    "size": _size,
    "clock": _time,
}


def show(template: str, service: Service, status: int = 200, **values: Any) -> Response:
    """A page. `page` among the values names its entry in the menu, by default the template."""
    default = Faults()
    in_force = sum(getattr(service.controls.faults, name) != getattr(default, name) for name in Faults.model_fields)
    common = {"page": template, "menu": MENU, "token": service.guard.token, "in_force": in_force}
    html = _PAGES.get_template(f"{template}.html").render(common | values)
    # Half a character, as a node's results can have it, is shown as a question mark.
    return HTMLResponse(html.encode(errors="replace"), status, HEADERS)


def static(name: str) -> Response:
    """A file that belongs to all pages."""
    path = FOLDER / "static" / name
    return Response(path.read_bytes(), media_type=_KINDS[path.suffix], headers=HEADERS)
