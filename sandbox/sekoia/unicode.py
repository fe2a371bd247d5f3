"""Texts that JSON can hold and that nothing else can."""

__all__ = ["is_unicode"]


def is_unicode(text: str) -> bool:
    """Whether a text can be encoded: half a character (a lone surrogate), which JSON can escape, cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
