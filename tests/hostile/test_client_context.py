"""Lambda Invoke (C1): a client context that is no JSON object in Base64 is refused before anything runs."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Aws
from tests.hostile.attack.pool import ROLE, package


@pytest.mark.parametrize("context", ["z", "4w==", "bm8=", "W10=", "%%%"])
def test_a_client_context_that_cannot_be_read(aws: Aws, context: str) -> None:
    client = aws.client("lambda")
    client.create_function(
        FunctionName="f", Runtime="python3.11", Role=ROLE, Handler="main.handler", Code={"ZipFile": package()}
    )
    with pytest.raises(ClientError) as caught:
        client.invoke(FunctionName="f", ClientContext=context)
    assert caught.value.response["Error"]["Code"] == "InvalidRequestContentException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
