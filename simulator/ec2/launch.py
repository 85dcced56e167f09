"""RunInstances: checked, done once per client token, and followed by a life on the virtual clock."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import Instance, InstanceState, Reservation, StateReason
from moto.ssm.models import ssm_backends

from simulator.ec2 import changes
from simulator.ec2.addresses import first_free
from simulator.ec2.backend import WorldBackend
from simulator.ec2.dead_mans_switch import powers_off_after
from simulator.ec2.world import Ec2

Params = dict[str, Any]

BOOT = timedelta(seconds=15)


@dataclass(frozen=True)
class _Launched:
    request: str
    reservation: Reservation


class Launches:
    def __init__(self, world: Ec2) -> None:
        self._world = world
        self._by_token: dict[str, _Launched] = {}

    def run(self, backend: WorldBackend, params: Params, launch: Callable[[], Reservation]) -> Reservation:
        """Launch once per token: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html

        Args:
            params: the request as parsed; its ImageId is resolved in place before `launch`.
        """
        token, request = params.get("ClientToken"), json.dumps(params, sort_keys=True, default=str)
        with self._world.lock:
            if token in self._by_token:
                return _same(self._by_token[token], request)
            self._check(backend, params)
            reservation = launch()
            for instance in reservation.instances:
                self._begin(instance, params)
            if token:
                self._by_token[token] = _Launched(request, reservation)
            return reservation

    def _check(self, backend: WorldBackend, params: Params) -> None:
        self._world.check_launch()
        params["ImageId"] = _resolved(backend, params["ImageId"])
        _must_run_on(backend, params["ImageId"], params["InstanceType"])
        for subnet_id in _subnet_ids(params):
            subnet = backend.get_subnet(subnet_id)
            _must_be_offered(backend, params["InstanceType"], subnet.availability_zone)
            first_free(subnet, list(backend.enis.values()))

    def _begin(self, instance: Instance, params: Params) -> None:
        now, clock = self._world.now(), self._world.context.clock
        instance.launch_time = now.replace(tzinfo=None)
        instance._state = InstanceState("pending", 0)
        _furnish(instance, params)
        failure = self._world.boot_failure()
        if failure:
            clock.at(now + BOOT, lambda: self._end(instance, f"{failure.code}: {failure.message}", terminate=True))
            return
        clock.at(now + BOOT, lambda: self._boot(instance))
        delay = powers_off_after(instance.user_data.decode() if instance.user_data else "")
        if delay is not None:
            clock.at(now + BOOT + delay, lambda: self._power_off(instance))

    def _boot(self, instance: Instance) -> None:
        with self._world.lock:
            if instance.state == "pending":
                instance._state = InstanceState("running", 16)
                changes.note()

    def _power_off(self, instance: Instance) -> None:
        terminate = instance.instance_initiated_shutdown_behavior == "terminate"
        self._end(instance, "Client.InstanceInitiatedShutdown: Instance initiated shutdown", terminate=terminate)

    def _end(self, instance: Instance, reason: str, *, terminate: bool) -> None:
        with self._world.lock:
            if instance.state not in ("pending", "running"):
                return
            instance.terminate() if terminate else instance.stop()
            instance.state_reason = StateReason(reason, reason.partition(":")[0])
            changes.note()


def _same(known: _Launched, request: str) -> Reservation:
    if known.request != request:
        raise EC2ClientError("IdempotentParameterMismatch", "The client token was used with other parameters before.")
    return known.reservation


def _subnet_ids(params: Params) -> list[str]:
    named = [params.get("SubnetId"), *(nic.get("SubnetId") for nic in params.get("NetworkInterfaces", []))]
    return [subnet_id for subnet_id in named if subnet_id]


def _resolved(backend: WorldBackend, image_id: str) -> str:
    """``resolve:ssm:<parameter>[:<version or label>]`` → the image id that Parameter Store has for it.

    Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameter-to-find-AMI.html
    """
    found = re.fullmatch(r"resolve:ssm:([^:]+)(:.+)?", image_id)
    if not found:
        return image_id
    parameter = ssm_backends[backend.account_id][backend.region_name].get_parameter(found[1] + (found[2] or ""))
    if parameter is None:
        raise EC2ClientError("InvalidParameterValue", f"Parameter {found[1]} was not found.")
    return str(parameter.value)


def _must_run_on(backend: WorldBackend, image_id: str, instance_type: str) -> None:
    images = backend.describe_images(filters={"image-id": [image_id]})
    if not images:
        raise EC2ClientError("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")
    able = backend.describe_instance_types([instance_type])[0]["ProcessorInfo"]["SupportedArchitectures"]
    if images[0].architecture not in able:
        message = f"The architecture of {instance_type} is not that of the specified AMI: {images[0].architecture}."
        raise EC2ClientError("InvalidParameterValue", message)


def _must_be_offered(backend: WorldBackend, instance_type: str, zone: str) -> None:
    filters = {"instance-type": [instance_type], "location": [zone]}
    if not backend.describe_instance_type_offerings("availability-zone", filters):
        message = f"Your requested instance type ({instance_type}) is not supported in your requested zone ({zone})."
        raise EC2ClientError("Unsupported", message)


def _furnish(instance: Instance, params: Params) -> None:
    """What AWS gives an instance's interfaces, and moto does not: an end, tags, and groups shown on the instance."""
    asked = {int(nic["DeviceIndex"]): nic for nic in params.get("NetworkInterfaces", [])}
    tags = [spec["Tags"] for spec in params.get("TagSpecifications", []) if spec["ResourceType"] == "network-interface"]
    for index, interface in instance.nics.items():
        wish = asked.get(index, {})
        interface.delete_on_termination = wish.get("DeleteOnTermination", "NetworkInterfaceId" not in wish)
        interface.add_tags({tag["Key"]: tag["Value"] for group in tags for tag in group})
    instance.security_groups = instance.security_groups or list(instance.nics[0].group_set)
