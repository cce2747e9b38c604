"""The Triggers API: events come in by POST, wait in the inbox, and are acknowledged or deleted."""

from __future__ import annotations

from typing import Annotated, Any

from botocore.exceptions import BotoCoreError, ClientError
from fastapi import Depends, FastAPI, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from mangum import Mangum
from starlette.exceptions import HTTPException

from src import database
from src.auth import require_api_key
from src.events import Name, NewEvent, new_event
from src.logs import logger, request_id, set_up_logging
from src.problems import ApiProblem, already_acknowledged, invalid_request, not_found, unavailable
from src.request_ids import HEADER, RequestIds
from src.settings import settings

set_up_logging(settings.log_level)

app = FastAPI(title="Zapier Triggers API", docs_url=None, redoc_url=None, openapi_url=None)
app.add_middleware(RequestIds)
# Last, so that it is outermost and every answer has its headers. In AWS the preflight is answered by API Gateway.
app.add_middleware(
    CORSMiddleware,
    allow_origins=["*"],
    allow_methods=["GET", "POST", "DELETE", "OPTIONS"],
    allow_headers=["Content-Type", "X-API-Key", HEADER],
    expose_headers=[HEADER],
    max_age=3600,
)

EventId = Annotated[str, Path(min_length=1, max_length=100)]
authenticated = [Depends(require_api_key)]


@app.get("/v1/health")
def health() -> dict[str, Any]:
    return _answer({"status": "healthy", "stage": settings.stage, "timestamp": database.now()})


@app.post("/v1/events", status_code=201)
def ingest(event: Annotated[NewEvent, Depends(new_event)]) -> dict[str, Any]:
    stored = database.create_event(event.source, event.event_type, event.payload)
    logger.info("Event %s of %s %s stored", stored["event_id"], stored["source"], stored["event_type"])
    return _answer({name: stored[name] for name in ("event_id", "status", "created_at")})


@app.get("/v1/inbox", dependencies=authenticated)
def inbox(
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    source: Annotated[Name | None, Query()] = None,
    event_type: Annotated[Name | None, Query()] = None,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
) -> dict[str, Any]:
    try:
        page = database.pending_events(limit, source, event_type, cursor)
    except database.BadCursor:
        raise invalid_request([{"loc": ("query", "cursor"), "msg": "Is not a cursor of this inbox"}]) from None
    return _answer({"events": page.events, "count": len(page.events), "next_cursor": page.cursor})


@app.post("/v1/events/{event_id}/ack", dependencies=authenticated)
def acknowledge(event_id: EventId) -> dict[str, Any]:
    event = database.find_event(event_id)
    if event is None:
        raise not_found(event_id)
    done = database.acknowledge_event(event)
    if done is None:  # acknowledged before, or deleted since it was found
        raise already_acknowledged(event_id) if database.find_event(event_id) else not_found(event_id)
    logger.info("Event %s acknowledged", event_id)
    return _answer({name: done[name] for name in ("event_id", "status", "acknowledged_at")})


@app.delete("/v1/events/{event_id}", dependencies=authenticated)
def delete(event_id: EventId) -> dict[str, Any]:
    """The same answer whether there was such an event or not."""
    event = database.find_event(event_id)
    if event is not None:
        database.delete_event(event)
        logger.info("Event %s deleted", event_id)
    return _answer({"event_id": event_id, "status": "deleted"})


@app.exception_handler(ApiProblem)
async def on_problem(request: Request, problem: ApiProblem) -> Response:
    return problem.response()


@app.exception_handler(RequestValidationError)
async def on_invalid(request: Request, error: RequestValidationError) -> Response:
    return invalid_request(list(error.errors())).response()


@app.exception_handler(HTTPException)
async def on_http_error(request: Request, error: HTTPException) -> Response:
    """Unknown paths and methods."""
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "error")
    response = ApiProblem(error.status_code, code, str(error.detail)).response()
    response.headers.update(error.headers or {})
    return response


@app.exception_handler(ClientError)
@app.exception_handler(BotoCoreError)
async def on_aws_error(request: Request, error: ClientError | BotoCoreError) -> Response:
    """DynamoDB did not answer, or refused. Its text stays in the log out of caution: only the kind is written."""
    if isinstance(error, ClientError):
        logger.error("dynamodb %s failed: %s", error.operation_name, error.response["Error"]["Code"])
    else:
        logger.error("dynamodb failed: %s", type(error).__name__)
    return unavailable().response()


def _answer(content: dict[str, Any]) -> dict[str, Any]:
    return {**content, "request_id": request_id.get()}


# At module level, where Lambda finds it; uvicorn takes `app` and does not notice.
handler = Mangum(app, lifespan="off")
