"""The second half of the demo: somebody swaps the way out behind everybody's back, and puts it back."""

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.app import Simulator
from simulator.demo.view import View

GROUP = "worker-group"
EVERYWHERE = "0.0.0.0/0"
PATIENCE = 20  # virtual minutes: CloudTrail takes two, a look one and a half
TOLD = ("HyperPod Drift Detected", "HyperPod Drift Resolved")


def drift(sim: Simulator, cluster: str, view: View) -> list[str]:
    """Tell it; returns what did not come out as promised."""
    other, own = (sim.world["PublicIps"][role] for role in ("controller", "worker"))
    said = [*_changed(sim, "controller", view), *_changed(sim, "worker", view)]
    return [*_failings(said, f"{GROUP} leaves by {other}, not {own}"), *_still_open(sim, cluster)]


def _changed(sim: Simulator, role: str, view: View) -> list[Mapping[str, Any]]:
    """Point the worker's route at a NAT gateway, as any operator could, and wait for what is said of it."""
    table, nat = sim.world["RouteTables"]["worker"], sim.world["NatGateways"][role]
    route = {"RouteTableId": table, "DestinationCidrBlock": EVERYWHERE, "NatGatewayId": nat}
    where = f"--route-table-id {table} --destination-cidr-block {EVERYWHERE}"
    view.say(f"\n$ aws ec2 replace-route {where} --nat-gateway-id {nat}")
    events, messages = len(_told(sim)), len(sim.slack())
    sim.acting_as("ops")("ec2").replace_route(**route)
    for _ in range(PATIENCE):
        sim.clock.sleep(60)
        sim.settle()
        if len(_told(sim)) > events:
            break
    view.slack([message["Payload"] for message in sim.slack()[messages:]])
    return _told(sim)[events:]


def _told(sim: Simulator) -> list[Mapping[str, Any]]:
    return [event for event in sim.events() if event["DetailType"] in TOLD]


def _failings(said: list[Mapping[str, Any]], effect: str) -> Iterator[str]:
    kinds = [event["DetailType"] for event in said]
    if kinds != [*TOLD]:
        yield f"the swap and its end should have been told once each, and what was told is {kinds}"
    effects = [row["Effect"] for event in said for row in event["Detail"]["Drift"]]
    if not effects or not effects[0].startswith(effect):
        yield f"what was told of the swap should have begun with “{effect}”, and was {effects}"


def _still_open(sim: Simulator, cluster: str) -> Iterator[str]:
    if rows := sim.get(f"/clusters/{cluster}")["Drift"]:
        yield f"nothing should be open any more, and there is {rows}"
