"""Handlers, loaded as Lambda loads them: by path, under a name of their own."""

import importlib.util
from functools import cache
from typing import Any

from tests.contracts.deployed import FUNCTIONS


@cache
def handler(step: str) -> Any:
    """The `lambda_handler` of a function, by its folder."""
    spec = importlib.util.spec_from_file_location(f"functions.{step}", FUNCTIONS / step / "handler.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.lambda_handler
