"""Text of unknown origin."""


def printable(text: str) -> str:
    """Text on one line, all control characters and odd bytes escaped.

    Python's escapes, the backslash's own among them, so that different texts
    stay different.
    """
    return ''.join(
        char if char.isprintable() and char != '\\' else repr(char)[1:-1]
        for char in text)
