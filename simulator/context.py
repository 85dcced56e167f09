"""What every part of the simulated world shares."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from simulator.clock import Clock

REGION = "ap-northeast-1"
ACCOUNT = "123456789012"


class Emit(Protocol):
    """Put one event on a bus as an AWS service would; delivery happens elsewhere, later."""

    def __call__(
        self,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        *,
        resources: Sequence[str] = (),
        bus: str = "default",
    ) -> None: ...


@dataclass(frozen=True)
class Context:
    clock: Clock
    emit: Emit
    aws_url: str  # the simulator's own AWS endpoint, "http://127.0.0.1:5566"
    region: str = REGION
    account: str = ACCOUNT
