"""Where an operation's template comes from: its body, an S3 object, or the stack."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, unquote, urlsplit

from harness.emulator.call import Call
from harness.emulator.errors import AwsError, constraint
from harness.emulator.errors import validation_error as constraints_violated
from harness.emulator.services.cloudformation.base import Base
from harness.emulator.services.cloudformation.errors import validation_error
from harness.emulator.services.cloudformation.model import Stack

_BODY_BYTES = 51_200
_OBJECT_BYTES = 1_000_000
_PATH_STYLE = re.compile(r"s3([.-][a-z0-9-]+)?\.amazonaws\.com")
_VIRTUAL_STYLE = re.compile(r"(.+)\.s3([.-][a-z0-9-]+)?\.amazonaws\.com")
# The emulator under the names that clients have for it.
_LOCAL = ("127.0.0.1", "localhost", "::1", "localhost.localstack.cloud", "s3.localhost.localstack.cloud")
_MORE = "For more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"


class TemplateSource(Base):
    async def template_text(
        self, call: Call, body: str | None, url: str | None, previous: bool = False, stack: Stack | None = None
    ) -> str:
        """The template's text from exactly one source. Raises ValidationError."""
        if (body is not None) + (url is not None) + bool(previous) != 1:
            raise validation_error(
                "Either Template URL or Template Body must be specified."
                if not previous
                else "Template URL, Template Body and UsePreviousTemplate exclude each other."
            )
        if url is not None:
            return await self._from_url(call, url)
        if body is not None:
            if len(body.encode()) > _BODY_BYTES:
                text = f"Member must have length less than or equal to {_BODY_BYTES}"
                problem = constraint(body, "templateBody", text)
                raise validation_error(str(constraints_violated([problem]).message))
            return body
        deployment = stack.deployed if stack is not None else None
        if deployment is None:
            raise validation_error("UsePreviousTemplate needs a stack that has a template.")
        return deployment.text

    async def _from_url(self, call: Call, url: str) -> str:
        bucket, key, version = _location(url)
        request = {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {})}
        try:
            answer = await self.call("s3", "GetObject", request, call.caller)
        except AwsError as error:
            message = {"AccessDenied": "Access Denied"}.get(error.code, error.message)
            raise validation_error(f"S3 error: {message}\n{_MORE}") from None
        content = bytes(answer["Body"])
        if len(content) > _OBJECT_BYTES:
            raise validation_error(f"Template may not exceed {_OBJECT_BYTES} bytes in size.")
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise validation_error("Template format error: unsupported structure.") from None


def _location(url: str) -> tuple[str, str, str | None]:
    """Bucket, key and version of a template URL, path style or virtual-hosted style. Raises ValidationError."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    path = unquote(parts.path.lstrip("/"))
    version = parse_qs(parts.query).get("versionId", [None])[0]
    if parts.scheme not in ("http", "https"):
        raise validation_error("TemplateURL must be a supported URL.")
    if host in _LOCAL or _PATH_STYLE.fullmatch(host):
        bucket, _, key = path.partition("/")
    elif found := _VIRTUAL_STYLE.fullmatch(host):
        bucket, key = found[1], path
    else:
        raise validation_error(f"Domain name specified in {host} is not a valid S3 domain")
    if not bucket or not key:
        raise validation_error("TemplateURL must reference a valid S3 object to which you have access.")
    return bucket, key, version
