"""One import on its way: the API that is being changed, and what there is to say about the document."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from harness.emulator.api_gateway.answers import bad_request
from harness.emulator.api_gateway.openapi import Document
from harness.emulator.errors import AwsError, NotEmulated
from harness.emulator.services.apigateway.state import RestApi
from harness.json_object import Json

_PREFIX = "x-amazon-apigateway-"


@dataclass
class Import:
    """`api` is a copy: nothing of an import that fails is kept. `base_path_mode`: ignore, prepend or split."""

    api: RestApi
    document: Document
    base_path_mode: str
    new_id: Callable[[], str]
    documentation_ignored: bool = False
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @contextmanager
    def attempt(self, what: str) -> Iterator[None]:
        """Note an error of `what` and go on, so that all of them are reported together. NotEmulated goes through."""
        try:
            yield
        except AwsError as error:
            self.failed(what, error)

    def failed(self, what: str, error: AwsError) -> None:
        """As `attempt`, for an error that was caught."""
        if isinstance(error, NotEmulated):
            raise error
        text = f"Unable to {what}: {error.message}"
        if text not in self.errors:
            self.errors.append(text)

    def finish(self, fail_on_warnings: bool) -> None:
        """Raises BadRequestException for errors, and for warnings where they count."""
        if self.errors:
            raise bad_request("Errors found during import:\n\t" + "\n\t".join(self.errors))
        if fail_on_warnings and self.warnings:
            raise bad_request("Warnings found during import:\n\t" + "\n\t".join(self.warnings))


def check_extensions(node: Json, known: frozenset[str], where: str) -> None:
    """Raises NotEmulated for an AWS extension that is not read at this place: none is skipped in silence (law 1)."""
    for name in node:
        if name.startswith(_PREFIX) and name.removeprefix(_PREFIX) not in known:
            raise NotEmulated("apigateway", f"the OpenAPI extension {name} {where}")
