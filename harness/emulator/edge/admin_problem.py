"""What an admin call is answered with when it can't be done."""

from __future__ import annotations


class AdminProblem(Exception):
    """An admin call that can't be done: `status` and a sentence for the caller."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
