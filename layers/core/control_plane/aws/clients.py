"""Clients, made on first use: building one costs more than most steps' whole work.

Of botocore, which boto3 wraps: without the wrapping a function starts a tenth faster.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config

# Few attempts here, the rest in the state machine: retries that multiply turn one throttle into dozens of calls.
CONFIG = Config(connect_timeout=3, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 2})

# For calls that have a pace of their own, on a thread that others wait for.
ONCE = CONFIG.merge(Config(read_timeout=5, retries={"mode": "standard", "total_max_attempts": 1}))

if TYPE_CHECKING:
    from boto3 import client as client  # the stubs know each service's own client type
    from boto3 import client as client_without_retries
    from botocore.credentials import Credentials
else:

    @cache
    def client(service: str) -> Any:
        return _session().create_client(service, config=CONFIG)

    @cache
    def client_without_retries(service: str) -> Any:
        return _session().create_client(service, config=ONCE)


def credentials() -> "Credentials | None":
    """Those that every client here signs with."""
    return _session().get_credentials()


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()
