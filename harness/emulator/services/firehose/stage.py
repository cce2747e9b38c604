"""The names of a delivery stream's buffers."""

from __future__ import annotations

_ERRORS, _PARTITION = "errors/", "partition/"


class Stage(str):
    """Where a record waits: a buffer of a delivery stream, or a batch that left it.

    It is text, being part of a table's key and shown in traces; how it is made up is known here alone.
    """

    __slots__ = ()

    @classmethod
    def of_errors(cls, error_type: str) -> Stage:
        """The error lines of one type, such as `processing-failed` (A10)."""
        return cls(_ERRORS + error_type)

    @classmethod
    def of_partition(cls, name: str) -> Stage:
        """The records of one partition (A13)."""
        return cls(_PARTITION + name)

    @property
    def error_type(self) -> str | None:
        """The type of the error lines; None for records."""
        return self[len(_ERRORS) :] if self.startswith(_ERRORS) else None

    @property
    def partition_name(self) -> str | None:
        """The partition's name; None without dynamic partitioning."""
        return self[len(_PARTITION) :] if self.startswith(_PARTITION) else None

    @property
    def is_delivery(self) -> bool:
        """Whether its records are for the destination, neither a backup nor error lines, nor yet to be processed."""
        return self == DESTINATION or self.startswith(_PARTITION)


LAMBDA = Stage("lambda")
DESTINATION = Stage("destination")
BACKUP = Stage("backup")
