"""Changed routes, and what they lead to, in words."""

from control_plane.domain.account.network import (
    InternetGateway,
    NatGateway,
    NetworkInterface,
    Route,
    Subnet,
    VpcEndpoint,
)
from control_plane.domain.drift.parts import Part
from control_plane.domain.drift.told import Told

DESTINATIONS = ("destination_cidr_block", "destination_ipv6_cidr_block", "destination_prefix_list_id")
TARGETS = tuple(name for name in Route.model_fields if name.endswith(("_id", "_arn")) and name not in DESTINATIONS)


def route(part: Part, was: Route | None, now: Route | None) -> Told:
    others = tuple(one.target.id for one in (was, now) if one)
    return Told(_way(part, was), _way(part, now), _route_remedy(part.id, was, now), others)


def _way(part: Part, one: Route | None) -> str:
    if one is None:
        return f"no route {part.aspect}"
    return f"{part.aspect} → {one.target}" + (" (blackhole)" if one.state == "blackhole" else "")


def _route_remedy(table_id: str, was: Route | None, now: Route | None) -> str:
    table = f"--route-table-id {table_id}"
    if was is None:
        return f"aws ec2 delete-route {table} {_option(now, DESTINATIONS)}"
    if was.preference > 1:
        return f"Turn propagation on again: aws ec2 enable-vgw-route-propagation {table} --gateway-id {was.gateway_id}"
    verb = "replace-route" if now else "create-route"
    return f"aws ec2 {verb} {table} {_option(was, DESTINATIONS)} {_option(was, TARGETS)}"


def _option(one: Route | None, names: tuple[str, ...]) -> str:
    """The first of these that is set: "--nat-gateway-id nat-1"."""
    values = ((name, getattr(one, name)) for name in names)
    return next((f"--{name.replace('_', '-')} {value}" for name, value in values if value), "")


def table(part: Part, was: str | None, now: str | None) -> Told:
    return Told(_there(was), _there(now), f"Create a route table in the place of {part.id}.")


def _there(value: object) -> str:
    return "there" if value else "deleted"


def association(part: Part, was: str | None, now: str | None) -> Told:
    own = "no table of its own"
    return Told(was or own, now or own, _association_remedy(part.id, was, now), tuple(filter(None, (was, now))))


def _association_remedy(subnet_id: str, was: str | None, now: str | None) -> str:
    if was and not now:
        return f"aws ec2 associate-route-table --subnet-id {subnet_id} --route-table-id {was}"
    ask = f"aws ec2 describe-route-tables --filters Name=association.subnet-id,Values={subnet_id}"
    if was:
        command = f"aws ec2 replace-route-table-association --route-table-id {was} --association-id <id>"
    else:
        command = "aws ec2 disassociate-route-table --association-id <id>"
    return f"{command}, with the id that is shown by: {ask}"


def main_table(part: Part, was: str | None, now: str | None) -> Told:
    ask = f"aws ec2 describe-route-tables --filters Name=association.main,Values=true Name=vpc-id,Values={part.id}"
    command = f"aws ec2 replace-route-table-association --route-table-id {was} --association-id <id>"
    remedy = f"{command}, with the id that is shown by: {ask}"
    return Told(f"main table {was}", f"main table {now}", remedy, tuple(filter(None, (was, now))))


def nat_gateway(part: Part, was: NatGateway | None, now: NatGateway | None) -> Told:
    if was and (now is None or now.state != "available"):
        remedy = (
            f"Create another with the same addresses, and replace the routes to {part.id}: aws ec2 create-nat-gateway "
            f"{f'--subnet-id {was.subnet_id}' if was.subnet_id else f'--vpc-id {was.vpc_id}'} "
            f"--allocation-id <that of {_addresses(was)}>"
        )
    else:
        remedy = _address_remedy(part.id, _ips(was), _ips(now))
    return Told(_condition(was), _condition(now), remedy)


def _address_remedy(nat_id: str, was: frozenset[str], now: frozenset[str]) -> str:
    name = f"--nat-gateway-id {nat_id}"
    back, away = (f"aws ec2 {one}-nat-gateway-address {name}" for one in ("associate", "disassociate"))
    commands = [
        *(f"{back} --allocation-ids <that of {one}>" for one in sorted(was - now)),
        *(f"{away} --association-ids <that of {one}>" for one in sorted(now - was)),
    ]
    return "; ".join(commands) or f"Compare: aws ec2 describe-nat-gateways --nat-gateway-ids {nat_id}"


def _ips(nat: NatGateway | None) -> frozenset[str]:
    return nat.public_ips if nat else frozenset()


def _addresses(nat: NatGateway) -> str:
    return ", ".join(sorted(nat.public_ips)) or "no public address"


def _condition(nat: NatGateway | None) -> str:
    if nat is None or nat.state == "deleted":
        return "deleted"
    scaling = ", and takes further ones by itself" if nat.self_scaling else ""
    return f"{nat.state}, with {_addresses(nat)}{scaling}"


def internet_gateway(part: Part, was: InternetGateway | None, now: InternetGateway | None) -> Told:
    vpc_id = next((one.vpc_id for one in was.attachments), None) if was else None
    command = f"aws ec2 attach-internet-gateway --internet-gateway-id {part.id} --vpc-id {vpc_id}"
    return Told(_attached(was), _attached(now), command)


def _attached(gateway: InternetGateway | None) -> str:
    vpcs = [str(one.vpc_id) for one in gateway.attachments] if gateway else []
    return f"attached to {', '.join(vpcs)}" if vpcs else "not attached"


def endpoint(part: Part, was: VpcEndpoint | None, now: VpcEndpoint | None) -> Told:
    remedy = f"Compare: aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {part.id}"
    if was and not now and was.vpc_endpoint_type == "Gateway":
        service = f"--vpc-id {was.vpc_id} --service-name {was.service_name}"
        remedy = f"aws ec2 create-vpc-endpoint {service} --route-table-ids <those of the groups' subnets>"
    return Told(_serving(was), _serving(now), remedy)


def _serving(one: VpcEndpoint | None) -> str:
    return f"{one.service_name}, {one.state}" if one else "deleted"


def served_table(part: Part, was: str | None, now: str | None) -> Told:
    change = f"--{'add' if was else 'remove'}-route-table-ids {part.aspect}"
    command = f"aws ec2 modify-vpc-endpoint --vpc-endpoint-id {part.id} {change}"
    return Told(_serves(part.aspect, was), _serves(part.aspect, now), command, (part.aspect,))


def _serves(table_id: str, value: str | None) -> str:
    return f"serves {table_id}" if value else f"does not serve {table_id}"


def dns(part: Part, was: object, now: object) -> Told:
    command = f"aws ec2 modify-vpc-attribute --vpc-id {part.id} --enable-dns-support"
    return Told(f"enableDnsSupport: {was}", f"enableDnsSupport: {now}", command)


def subnet(part: Part, was: Subnet | None, now: Subnet | None) -> Told:
    remedy = f"Give the groups in {part.id} another subnet: a new group with its own OverrideVpcConfig."
    return Told(_subnet(was), _subnet(now), remedy)


def _subnet(one: Subnet | None) -> str:
    if one is None:
        return "deleted"
    return f"{one.state}, {one.cidr_block}" + (", dual stack" if one.dual_stack else "")


def interface(part: Part, was: NetworkInterface | None, now: NetworkInterface | None) -> Told:
    ask = f"aws ec2 describe-network-interfaces --network-interface-ids {part.id}"
    remedy = f"aws ec2 disassociate-address --association-id <id>, with the id that is shown by: {ask}"
    return Told(_public(was), _public(now), remedy)


def _public(one: NetworkInterface | None) -> str:
    return f"public address {one.public_ip}" if one else "no public address"
