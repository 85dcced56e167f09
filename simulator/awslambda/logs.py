"""What Lambda writes to a function's log itself, as it does where the log's format is JSON: one line each.

Source:
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
    https://github.com/aws/aws-lambda-python-runtime-interface-client
"""

import json
import logging
import sys
import time
import traceback
from typing import Any


def install() -> None:
    """Have what a function says through `logging` written as Lambda writes it."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonFormatter())
    logging.getLogger().addHandler(handler)


def write_error(error: dict[str, Any]) -> None:
    """Write what the caller is told of an error."""
    print(_line("ERROR", **error))  # noqa: T201 (standard output is the log)


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return _line(record.levelname, message=record.getMessage(), logger=record.name, **_raised(record))


def _raised(record: logging.LogRecord) -> dict[str, Any]:
    if not record.exc_info or record.exc_info[1] is None:
        return {}
    kind, error, frames = record.exc_info
    return {"errorType": kind.__name__, "errorMessage": str(error), "stackTrace": traceback.format_tb(frames)}


def _line(level: str, **said: Any) -> str:
    return json.dumps({"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "level": level, **said})
