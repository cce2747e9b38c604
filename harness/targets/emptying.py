"""Emptying an endpoint that cannot be reset, by AWS's public APIs: what a test left is removed before the next one.

Only services that were called are looked at: a look takes longer than many a test.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection

from harness.aws_resources.kind import ClientOf
from harness.aws_resources.table import ALL_KINDS

_WRITES_TO = {
    "lambda": ("logs", "iam"),  # the suite makes the roles that functions name
    "apigateway": ("logs",),
    "apigatewayv2": ("logs",),
    "firehose": ("s3", "logs"),
    "execute-api": ("logs",),
}
_MAKES_ANYTHING = "cloudformation"


# A key cannot be deleted before seven days, and AWS's own not at all.
_KINDS = tuple(kind for kind in ALL_KINDS if kind.service != "kms" or kind.noun != "key")

SERVICES = frozenset(kind.service for kind in _KINDS)
"""Those that can be emptied."""


def empty_publicly(client_of: ClientOf, called: Collection[str], but: Collection[str] = frozenset()) -> None:
    """Remove what is in the services that were called, and in those that these write to, `but` some. What refuses to go
    stays."""
    services = set(called)
    for service in called:
        services.update(_WRITES_TO.get(service, ()))
    if _MAKES_ANYTHING in services:
        services = set(SERVICES)
    for kind in _KINDS:
        if kind.service in services and kind.service not in but:
            # An endpoint without the service answers with anything, garbage included; the test will see.
            with contextlib.suppress(Exception):
                for found in list(kind.find(client_of)):
                    with contextlib.suppress(Exception):
                        kind.remove(client_of, found.id)
