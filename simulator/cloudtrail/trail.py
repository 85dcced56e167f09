"""The account's trail: which calls it records, and when EventBridge hears of them."""

from collections.abc import Callable
from datetime import timedelta

from moto.core.utils import get_service_model

from simulator.clock import Clock
from simulator.cloudtrail.record import record
from simulator.eventbridge.buses import Buses
from simulator.operations import Call
from simulator.responses import Environ, Response

DETAIL_TYPE = "AWS API Call via CloudTrail"
# IAM is not among them: it is global, and only the bus in us-east-1 hears of it.
# https://repost.aws/knowledge-center/eventbridge-rule-triggers-iam-single-region
# Nor is S3: objects are data events, which no trail has unless asked.
RECORDED = ("ec2", "sagemaker")
# A rule that is ENABLED, and no more than that, hears no reads.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html
READS = ("Describe", "Get", "List", "Search")
INSIDE = ("cloudformation", "events", "lambda", "states")  # what the simulator itself calls as


class Trail:
    """`on`: whether the account has a trail. `delay`: AWS promises no time; minutes were seen."""

    def __init__(self, clock: Clock, buses: Buses, role_of: Callable[[str], str], *, on: bool = True) -> None:
        """
        Args:
            role_of: the role that a caller acts in.
        """
        self.on, self.delay = on, timedelta(minutes=2)
        self._clock, self._buses, self._role_of = clock, buses, role_of

    def witness(self, call: Call, environ: Environ, body: bytes, response: Response) -> None:
        """Have an answered call told later, if it is one to record."""
        if not self.on or call.caller in INSIDE or not _is_a_change(call):
            return
        at = self._clock.now()

        def tell() -> None:
            detail = record(call, self._role_of(call.caller), at, environ, body, response)
            self._buses.emit(f"aws.{call.service}", DETAIL_TYPE, detail, at=at)

        self._clock.at(at + self.delay, tell)


def _is_a_change(call: Call) -> bool:
    if call.service not in RECORDED or call.operation.startswith(READS):
        return False
    return call.operation in get_service_model(call.service).operation_names
