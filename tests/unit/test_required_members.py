"""Every member that an operation can't do without is required by its model: a missing one is a ValidationException."""

from __future__ import annotations

import inspect

import pytest

from harness.emulator.build import build_world
from harness.emulator.service import Service, snake
from harness.emulator.spec.model import load_model

SERVICES = list(build_world("manual", 1).services.values())


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_what_has_no_default_is_required(service: Service) -> None:
    model = load_model(service.name)
    wrong = []
    for operation in model.operations:
        handler = service.handlers.get(snake(operation))
        if handler is None:
            continue
        shape = model.input_shape(operation)
        required = {snake(name) for name in model.shapes[shape].get("required", ())} if shape else set()
        parameters = inspect.signature(getattr(service, handler.method)).parameters.values()
        needed = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty}
        wrong += [f"{operation}: {name}" for name in sorted(needed - required)]
    assert wrong == []
