"""Signatures for requests that this process makes to an endpoint behind it."""

from __future__ import annotations

from urllib.parse import urlparse

from harness.emulator.call import DEFAULT_ACCOUNT, Call, HttpRequest
from harness.emulator.service_registry import descriptor_of

_SECRET = "test"


def signed(call: Call, request: HttpRequest, url: str) -> HttpRequest:
    """The request with Host and a Signature Version 4 in the account and region of the call.

    A 12-digit access key names the account, as LocalStack and this emulator read it.
    """
    from botocore.auth import S3SigV4Auth, SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    account = "test" if call.account == DEFAULT_ACCOUNT else call.account
    place = urlparse(url)
    headers = dict(request.headers)
    headers["host"] = place.netloc
    wire = AWSRequest(request.method, f"{url}{request.target}", headers=headers, data=request.body)
    signer = S3SigV4Auth if call.service == "s3" else SigV4Auth
    scope = descriptor_of(call.service).signing_name
    signer(Credentials(call.caller.access_key or account, _SECRET), scope, call.region).add_auth(wire)
    return HttpRequest(
        request.method, request.target, [(name.lower(), value) for name, value in wire.headers.items()], request.body
    )
