"""What can go wrong in a template."""


class VtlError(Exception):
    """A template that does not parse, or that uses something that is not emulated; the text names it (law 1)."""
