"""The transform AWS::Serverless-2016-10-31, done by the translator that AWS publishes."""

from __future__ import annotations

import copy
import importlib
import json

from harness.emulator.errors import NotEmulated
from harness.emulator.services.cloudformation.errors import validation_error
from harness.json_object import Json

SAM = "AWS::Serverless-2016-10-31"


class _Session:
    """All that the translator asks of a boto3 session."""

    def __init__(self, region: str) -> None:
        self.region_name = region


def check_transforms(names: list[str]) -> None:
    """Raises NotEmulated for any transform but SAM's: macros, AWS::Include, AWS::LanguageExtensions."""
    for name in names:
        if name != SAM:
            raise NotEmulated("cloudformation", f"transform {name}")


def translator_modules() -> None:
    """Import the translator, which takes half a second: only for those who deploy SAM templates."""
    importlib.import_module("samtranslator.translator.translator")
    importlib.import_module("samtranslator.parser.parser")


def translate(template: Json, parameters: dict[str, str], region: str) -> Json:
    """The template with SAM's resources replaced. Managed policies come from the list that the translator brings.

    Raises ValidationError with the translator's reasons.
    """
    from samtranslator.internal.managed_policies import get_bundled_managed_policy_map
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    translator = Translator({}, Parser(), boto_session=_Session(region))
    try:
        translated = translator.translate(
            copy.deepcopy(template),
            dict(parameters),
            passthrough_metadata=True,
            get_managed_policy_map=lambda: get_bundled_managed_policy_map("aws") or {},
        )
    except InvalidDocumentException as error:
        causes = [cause.message for cause in error.causes]
        raise validation_error(
            f"Transform {SAM} failed with: Invalid Serverless Application Specification document. Number of errors "
            f"found: {len(causes)}. {' '.join(causes)}"
        ) from None
    finally:
        translator.metrics.publish()  # to nowhere; else it warns that nobody did
    # The translator's own kinds of text and dict become plain ones.
    plain: Json = json.loads(json.dumps(translated))
    return plain
