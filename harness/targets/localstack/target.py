"""The edge in front of LocalStack as a target, whoever runs the containers: two halves that are cleaned apart.

The near half is restored from a snapshot; what is behind is emptied by public APIs, for no snapshot holds it.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property

from harness.aws_resources.remembered import Remembered
from harness.clients import Aws
from harness.targets.admin import AdminError
from harness.targets.capabilities import LOCALSTACK
from harness.targets.target import Target


class LocalStackTarget(Target):
    name = LOCALSTACK
    _first: str | None = None

    @property
    @abstractmethod
    def native(self) -> str:
        """The services of the edge, `kinesis,logs`; all others are LocalStack's."""

    @cached_property
    def aws(self) -> Aws:
        return Aws(self.endpoint_url)

    def remember(self, snapshot: str | None = None) -> None:
        """`snapshot` holds the near half; without one, nothing is its first state."""
        self._first = snapshot
        self._behind.remember()

    def clean(self) -> bool:
        if self.containers is not None:
            self.containers.heal()
        try:
            self.admin.begin_again(self._first, here_only=True)
        except AdminError as error:
            if error.status != 0 or self.alive():
                raise
            self.start()
            self.admin.begin_again(self._first, here_only=True)
        return bool(self._behind.clean())

    def empty(self) -> None:
        self.admin.begin_again(None, here_only=True)  # faults included: they would hit the cleaning behind
        self._nothing.clean()

    def note_nothing(self) -> None:
        """What is behind right after the start is nothing: `empty` leaves that."""
        self._nothing.remember()

    @cached_property
    def _nothing(self) -> Remembered:
        return Remembered(self.aws.client, self.native.split(","))

    @cached_property
    def _behind(self) -> Remembered:
        return Remembered(self.aws.client, self.native.split(","))
