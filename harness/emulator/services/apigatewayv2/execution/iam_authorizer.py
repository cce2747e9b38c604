"""Routes with IAM authorization: who signed the request, and whether their policies let them (D7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.emulator.api_gateway.callers import Method, NotAllowed, Unknown, Unsigned, check_signed
from harness.emulator.services.apigatewayv2.execution.authorization import Authorized, Denied
from harness.emulator.services.apigatewayv2.execution.event import Exchange

if TYPE_CHECKING:
    from harness.emulator.world import World


def authorize(world: World, x: Exchange) -> Authorized:
    """Raises Denied 403."""
    try:
        signer = check_signed(world, x.request, Method(x.route_arn, x.account, x.region))
    except Unsigned:
        raise Denied(403, "the request is not signed") from None
    except (Unknown, NotAllowed) as error:
        raise Denied(403, error.message) from error
    iam = {
        "accessKey": signer.access_key,
        "accountId": signer.account,
        "callerId": signer.user_id,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": signer.arn,
        "userId": signer.user_id,
    }
    identity = {
        "accessKey": signer.access_key,
        "accountId": signer.account,
        "caller": signer.user_id,
        "user": signer.user_id,
        "userArn": signer.arn,
    }
    return Authorized({"iam": iam}, identity=identity)
