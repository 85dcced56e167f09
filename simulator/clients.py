"""Clients of the simulator's own endpoint."""

import threading
from typing import Any

import boto3
from botocore.config import Config

from simulator.context import REGION

# One try: a refusal or a lost reply is the caller's to handle. A function invoked through the door may work for long.
ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=300, max_pool_connections=50)

MAKING = threading.Lock()  # making a client is not safe on two threads, using one is


class Clients:
    """Makes clients that the door knows as `caller`; one of each kind."""

    def __init__(self, url: str, caller: str, session: boto3.Session) -> None:
        """`session` is shared by all callers, because it keeps the services' models, which take long to read."""
        self._url, self._caller, self._session = url, caller, session
        self._made: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        with MAKING:
            if service not in self._made:
                self._made[service] = self._session.client(  # type: ignore[call-overload]  # any service
                    service,
                    endpoint_url=self._url,
                    region_name=REGION,
                    aws_access_key_id=self._caller,
                    aws_secret_access_key="none",  # noqa: S106 # nosec B106 # the simulator takes any key
                    config=ONCE,
                )
            return self._made[service]

    def close(self) -> None:
        for client in self._made.values():
            client.close()
