"""What EC2 shares across its parts here: the clock, the addresses left, and what is to fail next."""

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from moto.ec2.exceptions import EC2ClientError

from simulator.context import Context
from simulator.ec2.addresses import PublicAddresses
from simulator.ec2.nat_gateway import Failure

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
LAUNCH_ERRORS = {
    "InsufficientInstanceCapacity": "There is not enough capacity to fulfill your request for this type in this zone.",
    "VcpuLimitExceeded": "You have requested more vCPU capacity than your current vCPU limit allows for this type.",
    "Unsupported": "The requested instance type is not supported in your requested Availability Zone.",
    "InsufficientFreeAddressesInSubnet": "There are not enough free addresses in the subnet.",
}


@dataclass
class Ec2:
    """The handle for whoever tells a story: what is asked for here comes true at the next call of its kind."""

    context: Context
    public: PublicAddresses = field(default_factory=PublicAddresses)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _launch_errors: deque[str] = field(default_factory=deque)
    _boot_errors: deque[Failure] = field(default_factory=deque)
    _nat_failures: deque[Failure] = field(default_factory=deque)

    def now(self) -> datetime:
        return self.context.clock.now()

    def fail_next_run_instances(self, code: str, *, times: int = 1) -> None:
        """Refuse the next calls of RunInstances with this error code."""
        self._launch_errors.extend([code] * times)

    def fail_next_boot(self, code: str, message: str) -> None:
        """Have the next instance terminate while it boots, as one does whose key may not be used."""
        self._boot_errors.append(Failure(code, message))

    def fail_next_nat_gateway(self, code: str, message: str) -> None:
        """Have the next NAT gateway end as failed instead of available."""
        self._nat_failures.append(Failure(code, message))

    def check_launch(self) -> None:
        if self._launch_errors:
            code = self._launch_errors.popleft()
            raise EC2ClientError(code, LAUNCH_ERRORS.get(code, "Refused on request."))

    def boot_failure(self) -> Failure | None:
        return self._boot_errors.popleft() if self._boot_errors else None

    def nat_failure(self) -> Failure | None:
        return self._nat_failures.popleft() if self._nat_failures else None
