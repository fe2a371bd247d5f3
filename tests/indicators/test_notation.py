"""Live URLs among values that are defanged."""

from __future__ import annotations

import pytest

from sekoia_cti.indicators.reading import read


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a[.]example\nhxxp://b[.]example/x\nhttps://blog.example.org/r", ["line 3 “https://blog.example.org/r”"]),
        ("192[.]0[.]2[.]1\nuser[@]b[.]example\nHTTPS://Blog.example.org/r", ["line 3 “https://blog.example.org/r”"]),
        ("a[.]example\nhttps://blog.example.org/r\nb[.]example\n", ["line 2 “https://blog.example.org/r”"]),
        # As many live URLs as defanged values: either may be what is meant
        ("a[.]example\nhttps://blog.example.org/r", []),
        ("a[.]example\nb.example\nc[.]example", []),
        ("http://a.example/x\nhttp://b.example/x", []),
        # Not defanged, although they are sent in another form
        ("EVIL.example\nBAD.example\nhttp://b.example/x", []),
        ("bücher.example\nüber.example\nhttp://b.example/x", []),
        ("“a.example”\n- b.example\nhttp://b.example/x", []),
    ],
)
def test_live_urls_are_told(text: str, named: list[str]) -> None:
    """Each is imported, and named where most other values are defanged."""
    notices = read(text.splitlines()).notices
    assert [name for name in named if name not in "".join(notices)] == []
    assert len(notices) == len(named)


def test_many_live_urls_are_counted() -> None:
    """The first three are named."""
    lines = [f"a{number}[.]example" for number in range(9)] + [f"http://b.example/{number}" for number in range(5)]
    (notice,) = read(lines).notices
    assert notice.startswith("5 URLs are not defanged where other values are")
    assert "line 12 “http://b.example/2”, and 2 more" in notice
