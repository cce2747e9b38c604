"""Function URLs (C12): their configuration, and the requests that come in by them."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from urllib.parse import urlsplit

import orjson

from harness.emulator.api_gateway import cors as api_cors
from harness.emulator.api_gateway import payload_format
from harness.emulator.api_gateway.callers import Method, NotAllowed, Signer, Unknown, Unsigned, check_signed
from harness.emulator.api_gateway.function_answer import BadAnswer, from_lambda
from harness.emulator.call import Call, Caller, HttpRequest, HttpResponse
from harness.emulator.errors import AwsError
from harness.emulator.service import operation
from harness.emulator.services.lambda_ import names
from harness.emulator.services.lambda_.base import page
from harness.emulator.services.lambda_.execution.stream import Stream
from harness.emulator.services.lambda_.invoke import Invoke
from harness.emulator.services.lambda_.model import Function, FunctionUrl
from harness.emulator.services.lambda_.names import FunctionName
from harness.emulator.services.lambda_.streamed_body import streamed_response
from harness.emulator.services.lambda_.streamed_events import StreamedAnswer
from harness.emulator.spec.encode import json_bytes
from harness.json_object import Json

log = logging.getLogger(__name__)

INVOKE_URL = "lambda:InvokeFunctionUrl"
MAX_BODY = 6 * 1024 * 1024

_ID_LENGTH = 32
_JSON = ("content-type", "application/json")
_FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)
_BUFFERED = "BUFFERED"


class FunctionUrls(Invoke):
    """One URL for a function and for each of its aliases."""

    @operation
    def create_function_url_config(
        self,
        call: Call,
        *,
        function_name: str,
        auth_type: str,
        qualifier: str | None = None,
        cors: Json | None = None,
        invoke_mode: str = _BUFFERED,
    ) -> Json:
        """Raises ResourceConflictException where there is one."""
        function, name = self._url_owner(call, function_name, qualifier)
        if self._url(function, name) is not None:
            raise names.conflict(
                f"Failed to create function url config for [functionArn = {name.arn}]. Error message:  "
                "FunctionUrlConfig exists for this Lambda function"
            )
        now = self.world.clock.now()
        url = FunctionUrl(
            url_id=self.world.random_token(_ID_LENGTH),
            account=function.account,
            region=function.region,
            name=function.name,
            qualifier=name.qualifier,
            auth_type=auth_type,
            cors=cors or None,
            invoke_mode=invoke_mode,
            created_at=now,
            modified_at=now,
        )
        self.urls.put(url.url_id, url)
        shown = self._show_url(url)
        del shown["LastModifiedTime"]
        return shown

    @operation
    def get_function_url_config(self, call: Call, *, function_name: str, qualifier: str | None = None) -> Json:
        return self._show_url(self._existing_url(call, function_name, qualifier))

    @operation
    def update_function_url_config(
        self,
        call: Call,
        *,
        function_name: str,
        qualifier: str | None = None,
        auth_type: str | None = None,
        cors: Json | None = None,
        invoke_mode: str | None = None,
    ) -> Json:
        """`cors` replaces the whole configuration; an empty one takes it away."""
        url = self._existing_url(call, function_name, qualifier)
        url.auth_type = auth_type or url.auth_type
        url.invoke_mode = invoke_mode or url.invoke_mode
        if cors is not None:
            url.cors = cors or None
        url.modified_at = self.world.clock.now()
        self.urls.put(url.url_id, url)
        return self._show_url(url)

    @operation
    def delete_function_url_config(self, call: Call, *, function_name: str, qualifier: str | None = None) -> None:
        self.urls.delete(self._existing_url(call, function_name, qualifier).url_id)

    @operation
    def list_function_url_configs(
        self, call: Call, *, function_name: str, marker: str | None = None, max_items: int | None = None
    ) -> Json:
        function, _ = self._url_owner(call, function_name, None)
        shown = [self._show_url(url) for url in self.urls_of(function)]
        items, following = page(shown, marker, max_items)
        return {"FunctionUrlConfigs": items} | ({"NextMarker": following} if following else {})

    def _url_owner(self, call: Call, function_name: str, qualifier: str | None) -> tuple[Function, FunctionName]:
        """Raises ResourceNotFoundException."""
        name = names.parse(function_name, call.caller, qualifier)
        function = self.functions.get((name.account, name.region, name.name))
        if function is None or (name.qualifier is not None and name.qualifier not in function.aliases):
            raise AwsError("ResourceNotFoundException", "Function does not exist", 404, members={"Type": "User"})
        return function, name

    def _url(self, function: Function, name: FunctionName) -> FunctionUrl | None:
        return next((url for url in self.urls_of(function) if url.qualifier == name.qualifier), None)

    def _existing_url(self, call: Call, function_name: str, qualifier: str | None) -> FunctionUrl:
        name = names.parse(function_name, call.caller, qualifier)
        function = self.functions.get((name.account, name.region, name.name))
        url = self._url(function, name) if function is not None else None
        if url is None:
            text = "The resource you requested does not exist."
            raise AwsError("ResourceNotFoundException", text, 404, members={"Type": "User"})
        return url

    def _show_url(self, url: FunctionUrl) -> Json:
        name = FunctionName(url.account, url.region, url.name, url.qualifier)
        shown: Json = {
            "FunctionUrl": self._address(url),
            "FunctionArn": name.arn,
            "AuthType": url.auth_type,
            "CreationTime": _iso(url.created_at),
            "LastModifiedTime": _iso(url.modified_at),
            "InvokeMode": url.invoke_mode,
        }
        if url.cors is not None:
            shown["Cors"] = url.cors
        return shown

    def _address(self, url: FunctionUrl) -> str:
        """The URL in LocalStack's form, which leads here wherever its domain is known; AWS's where nobody listens."""
        here = urlsplit(self.world.endpoint_url)
        host = f"{url.url_id}.lambda-url.{url.region}"
        if here.port is None:
            return f"https://{host}.on.aws/"
        return f"http://{host}.localhost.localstack.cloud:{here.port}/"

    # -- requests ---------------------------------------------------------------------------------------------

    async def execute(self, url_id: str, request: HttpRequest, path: str) -> HttpResponse:
        """Answer a request to a function's URL; `path` is raw, without the query."""
        request_id = self.world.new_id()
        response = await self._answer(url_id, request, path or "/", request_id)
        response.headers.append(("x-amzn-requestid", request_id))
        self.world.trace.answered(request_id, f"function URL {url_id}", request.method, path, response.status)
        return response

    async def _answer(self, url_id: str, request: HttpRequest, path: str, request_id: str) -> HttpResponse:
        url = self.urls.get(url_id)
        function = self.functions.get((url.account, url.region, url.name)) if url is not None else None
        if url is None or function is None:
            return _message(404, None)
        preflight = api_cors.preflight(url.cors, request, 200)
        if preflight is not None:
            return preflight
        if len(request.body) > MAX_BODY:
            response = _message(413, "Request must be smaller than 6291456 bytes for the InvokeFunction operation")
        else:
            try:
                signer = self._admit(url, function, request)
            except AwsError as error:
                response = _message(error.status, str(error.message), error.code)
            else:
                response = await self._run(url, self._event(url, signer, request, path, request_id), request_id)
        api_cors.apply(url.cors, request, response)
        return response

    def _admit(self, url: FunctionUrl, function: Function, request: HttpRequest) -> Signer | None:
        """Who signed the request; None where nobody has to. Raises AccessDeniedException."""
        name = FunctionName(url.account, url.region, url.name, url.qualifier)
        if url.auth_type == "NONE":
            if self.lets_in_by_url(function, name, url.auth_type, None):
                return None
            raise AwsError("AccessDeniedException", _FORBIDDEN, 403)
        enforced = self.world.permissions.enforcement is not None
        policy = self.resource_policy(name.arn) if enforced else None
        try:
            facts = {"lambda:FunctionUrlAuthType": url.auth_type}
            method = Method(name.arn, url.account, url.region, policy, INVOKE_URL, "lambda", facts)
            signer = check_signed(self.world, request, method)
        except (Unsigned, Unknown, NotAllowed) as error:
            raise AwsError("AccessDeniedException", _FORBIDDEN, 403) from error
        if signer.account != function.account and not self.lets_in_by_url(function, name, url.auth_type, signer):
            raise AwsError("AccessDeniedException", _FORBIDDEN, 403)
        return signer

    def _event(self, url: FunctionUrl, signer: Signer | None, request: HttpRequest, path: str, request_id: str) -> Json:
        return payload_format.event_2(
            payload_format.Asked(
                request=request,
                path=path,
                account="anonymous" if signer is None else signer.account,
                api_id=url.url_id,
                domain=f"{url.url_id}.lambda-url.{url.region}.on.aws",
                route_key="$default",
                stage="$default",
                request_id=request_id,
                now=self.world.clock.now(),
                authorizer=None if signer is None else {"iam": _iam(signer)},
            )
        )

    async def _run(self, url: FunctionUrl, event: Json, request_id: str) -> HttpResponse:
        try:
            if url.invoke_mode != _BUFFERED:
                return await self._stream(url, event, request_id)
            result = await self._invoke(url, event, request_id)
        except AwsError as error:
            log.warning("function URL %s: %s", url.url_id, error)
            if error.status == 429:
                return _message(429, "Rate Exceeded.", error.code)
            return _failed()
        if result.get("FunctionError"):
            return _failed()
        try:
            return from_lambda(result.get("Payload", b""), "2.0", "application/json")
        except BadAnswer as problem:
            log.warning("function URL %s: bad answer of the function: %s", url.url_id, problem)
            return _failed()

    async def _stream(self, url: FunctionUrl, event: Json, request_id: str) -> HttpResponse:
        """Raises AwsError."""
        name = FunctionName(url.account, url.region, url.name, url.qualifier)
        function = self.functions.get((url.account, url.region, url.name))
        if function is None:
            raise names.not_found(name)
        stream, invocation = Stream(), self.world.new_id()
        self.world.trace.called(request_id, invocation, "lambda", "InvokeWithResponseStream")
        version = self.version_of(function, name, routed=True)
        running = self.run(function, version, name, json_bytes(event), invocation, stream=stream)
        answer = StreamedAnswer(self.world.clock, stream, running)
        await answer.begin()
        try:
            return await streamed_response(answer) or _failed()
        except BadAnswer as problem:
            log.warning("function URL %s: bad answer of the function: %s", url.url_id, problem)
            await answer.aclose()
            return _failed()

    async def _invoke(self, url: FunctionUrl, event: Json, request_id: str) -> Json:
        """Over the bus, as any other client: faults and traces find it there."""
        name = FunctionName(url.account, url.region, url.name, url.qualifier)
        params: Json = {"FunctionName": name.arn, "Payload": json_bytes(event)}
        made = Call("lambda", "Invoke", params, Caller(url.account, url.region), self.world.new_id())
        self.world.trace.called(request_id, made.request_id, "lambda", "Invoke")
        return await self.world.bus.run(made)


def _iam(signer: Signer) -> Json:
    return {
        "accessKey": signer.access_key,
        "accountId": signer.account,
        "callerId": signer.user_id,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": signer.arn,
        "userId": signer.user_id,
    }


def _failed() -> HttpResponse:
    return HttpResponse(502, [_JSON], b"Internal Server Error")


def _message(status: int, text: str | None, code: str = "") -> HttpResponse:
    headers = [_JSON] + ([("x-amzn-errortype", code)] if code else [])
    return HttpResponse(status, headers, orjson.dumps({"Message": text}))


def _iso(moment: float) -> str:
    """`2022-04-05T16:04:43.012345Z`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
