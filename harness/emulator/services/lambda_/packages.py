"""Deployment packages: where a function's code comes from and how it is kept."""

from __future__ import annotations

import base64
import hashlib
import os

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.services.lambda_ import names
from harness.emulator.services.lambda_.archive import check
from harness.emulator.services.lambda_.base import LambdaBase
from harness.emulator.services.lambda_.model import Code, Function
from harness.json_object import Json

HOT_RELOAD_BUCKET = "hot-reload"
MAX_ZIP_BYTES = 70_167_211
"""Bytes of a request with a package inside (50 MB zipped)."""


class Packages(LambdaBase):
    """Fetches, checks and stores packages by content."""

    async def fetch_code(self, call: Call, given: Json) -> Code:
        """The package of a CreateFunction's `Code`, an UpdateFunctionCode request or a layer version's `Content`.

        Raises InvalidParameterValueException, RequestEntityTooLargeException; NotEmulated for images.
        """
        for member in ("ImageUri", "SourceKMSKeyArn", "S3ObjectStorageMode"):
            if given.get(member):
                raise self.refuse(f"{call.operation} with {member}")
        archive = given.get("ZipFile")
        if archive is None:
            bucket, key = given.get("S3Bucket"), given.get("S3Key")
            if not bucket or not key:
                raise names.invalid("Please provide a source for function code.")
            if bucket == HOT_RELOAD_BUCKET:
                return self._hot_reload(key)
            archive = await self._from_s3(call, bucket, key, given.get("S3ObjectVersion"))
        elif len(archive) > MAX_ZIP_BYTES:
            raise AwsError(
                "RequestEntityTooLargeException",
                f"Request must be smaller than {MAX_ZIP_BYTES} bytes for the {call.operation} operation",
                413,
                members={"Type": "User"},
            )
        unzipped = await self.world.aside.run(check, archive)
        sha256 = hashlib.sha256(archive).hexdigest()
        self.code.put(sha256, archive)
        return Code(sha256, len(archive), unzipped=unzipped)

    def _hot_reload(self, folder: str) -> Code:
        if not os.path.isabs(folder) or not os.path.isdir(folder):
            raise names.invalid(f"The hot-reload key must be the absolute path of a folder, not {folder}")
        return Code(hashlib.sha256(folder.encode()).hexdigest(), 0, folder)

    async def _from_s3(self, call: Call, bucket: str, key: str, version: str | None) -> bytes:
        params = {"Bucket": bucket, "Key": key} | ({"VersionId": version} if version else {})
        try:
            answer = await self.call("s3", "GetObject", params, call.caller)
        except AwsError as error:
            raise names.invalid(
                f"Error occurred while GetObject. S3 Error Code: {error.code}. S3 Error Message: {error.message}"
            ) from error
        body: bytes = answer["Body"]
        return body

    async def location(self, code: Code) -> str:
        """The URL where a package can be fetched: of the Runtime API's listener, or of the hot-reload folder."""
        if code.folder is not None:
            return f"file://{code.folder}"
        return f"http://{await self.fleet.api.start()}/code/{code.sha256}"

    def forget_unused_code(self, sha256s: set[str]) -> None:
        """Remove packages that no layer and no version of any function uses any more."""
        if sha256s:
            sha256s = sha256s - {layer.code.sha256 for layer in self.layers.values()}
        for function in self.functions.values():
            sha256s -= used_code(function)
            if not sha256s:
                return
        for sha256 in sha256s:
            self.code.delete(sha256)


def used_code(function: Function) -> set[str]:
    versions = (function.latest, *function.versions.values())
    return {code.sha256 for version in versions for code in (version.code, *(layer.code for layer in version.layers))}


def base64_sha256(code: Code) -> str:
    """CodeSha256 as the API shows it."""
    return base64.b64encode(bytes.fromhex(code.sha256)).decode()
