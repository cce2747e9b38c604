"""Apache Velocity as API Gateway runs it (D4): templates compiled once into closures, rendered many times."""

from harness.emulator.services.apigateway.vtl.errors import VtlError
from harness.emulator.services.apigateway.vtl.template import Template
from harness.emulator.services.apigateway.vtl.values import MISSING, VtlObject, to_text

__all__ = ["MISSING", "Template", "VtlError", "VtlObject", "to_text"]
