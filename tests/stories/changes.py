"""What is changed under a watched cluster, and how it is put right."""

import json
from typing import Any
from uuid import uuid4

from simulator.context import ACCOUNT, REGION
from tests.stories.stage import HOME
from tests.stories.watched import Change, Watched

EVERYWHERE = "0.0.0.0/0"
WORKER = "WorkerRouteTableId"


def route_to(nat: str) -> Change:
    return lambda it: it.ec2.replace_route(
        RouteTableId=it.ids[WORKER], DestinationCidrBlock=EVERYWHERE, NatGatewayId=it.ids[nat]
    )


def told_by_a_trail(it: Watched) -> dict[str, Any]:
    """The event in which CloudTrail tells that somebody changed the worker's routes, under an id of its own."""
    event = json.loads((HOME / "events/request_drift_check_routes_changed.json").read_text(encoding="utf-8"))
    event["detail"]["requestParameters"]["routeTableId"] = it.ids[WORKER]
    return {**event, "id": str(uuid4())}


def second_address(it: Watched, nat: str = "WorkerNatGatewayId") -> None:
    address = it.ec2.allocate_address(Domain="vpc")["AllocationId"]
    it.ec2.associate_nat_gateway_address(NatGatewayId=it.ids[nat], AllocationIds=[address])


def secondary(it: Watched, nat: str) -> list[str]:
    """The associations that can be undone: EC2 keeps a gateway's primary address for as long as there is the gateway.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DisassociateNatGatewayAddress.html
    """
    [gateway] = it.ec2.describe_nat_gateways(NatGatewayIds=[it.ids[nat]])["NatGateways"]
    return [one["AssociationId"] for one in gateway["NatGatewayAddresses"] if not one["IsPrimary"]]


def first_address_alone(it: Watched) -> None:
    added = secondary(it, "WorkerNatGatewayId")
    it.ec2.disassociate_nat_gateway_address(NatGatewayId=it.ids["WorkerNatGatewayId"], AssociationIds=added)


def swapped_for(address: str) -> Change:
    def change(it: Watched) -> None:
        nat, going = it.ids["ControllerNatGatewayId"], secondary(it, "ControllerNatGatewayId")
        it.ec2.associate_nat_gateway_address(NatGatewayId=nat, AllocationIds=[it.ids[address]])
        it.ec2.disassociate_nat_gateway_address(NatGatewayId=nat, AssociationIds=going)

    return change


def detour(it: Watched) -> None:
    """For the addresses of a prefix list, so that the watcher has to read its entries."""
    gateway = it.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    made = it.ec2.create_managed_prefix_list(
        PrefixListName="office", MaxEntries=1, AddressFamily="IPv4", Entries=[{"Cidr": OFFICE}]
    )
    it.ids["OfficePrefixListId"] = office = made["PrefixList"]["PrefixListId"]
    it.ec2.create_route(RouteTableId=it.ids[WORKER], DestinationPrefixListId=office, TransitGatewayId=gateway)


def no_detour(it: Watched) -> None:
    it.ec2.delete_route(RouteTableId=it.ids[WORKER], DestinationPrefixListId=it.ids["OfficePrefixListId"])


def table_of(role: str) -> Change:
    def change(it: Watched) -> None:
        subnet = it.ids["WorkerSubnetId"]
        here = [{"Name": "association.subnet-id", "Values": [subnet]}]
        [table] = it.ec2.describe_route_tables(Filters=here)["RouteTables"]
        [mine] = [one for one in table["Associations"] if one.get("SubnetId") == subnet]
        it.ec2.replace_route_table_association(
            AssociationId=mine["RouteTableAssociationId"], RouteTableId=it.ids[f"{role}RouteTableId"]
        )

    return change


ALL, EACH_OTHER = "all", "each other"


def group_rules(verb: str, to: str) -> Change:
    """Take away, or give back, the group's way out for all, or the one to its own members: EFA needs that one."""

    def change(it: Watched) -> None:
        group = it.ids["SecurityGroupId"]
        pair = {"GroupId": group, "UserId": ACCOUNT, "Description": "EFA, to the group itself"}
        mine = {"IpProtocol": "-1", "UserIdGroupPairs": [pair]}
        rule = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": EVERYWHERE}]} if to == ALL else mine
        getattr(it.ec2, f"{verb}_security_group_egress")(GroupId=group, IpPermissions=[rule])

    return change


def acl(it: Watched) -> str:
    here = [{"Name": "association.subnet-id", "Values": [it.ids["WorkerSubnetId"]]}]
    return str(it.ec2.describe_network_acls(Filters=here)["NetworkAcls"][0]["NetworkAclId"])


def deny(it: Watched) -> None:
    it.ec2.create_network_acl_entry(
        NetworkAclId=acl(it), RuleNumber=1, Protocol="-1", RuleAction="deny", Egress=True, CidrBlock=EVERYWHERE
    )


def no_denial(it: Watched) -> None:
    it.ec2.delete_network_acl_entry(NetworkAclId=acl(it), RuleNumber=1, Egress=True)


def no_nat_gateway(it: Watched) -> None:
    it.ec2.delete_nat_gateway(NatGatewayId=it.ids["WorkerNatGatewayId"])


def another_with_the_same_address(it: Watched) -> None:
    """Who puts this right cannot have the old gateway back, only its address: nothing has changed for a partner."""
    it.wait()
    [address] = it.ec2.describe_addresses(PublicIps=[it.ids["WorkerPublicIp"]])["Addresses"]
    gone = it.ec2.describe_nat_gateways(NatGatewayIds=[it.ids["WorkerNatGatewayId"]])["NatGateways"][0]
    made = it.ec2.create_nat_gateway(SubnetId=gone["SubnetId"], AllocationId=address["AllocationId"])
    it.ids["WorkerNatGatewayId"] = made["NatGateway"]["NatGatewayId"]
    it.wait()
    route_to("WorkerNatGatewayId")(it)


def trust(service: str) -> Change:
    """Who may be the role that the nodes run as."""
    allowed = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    return lambda it: it.ops("iam").update_assume_role_policy(RoleName=it.stage.cluster, PolicyDocument=document)


def resolver(*, on: bool) -> Change:
    return lambda it: it.ec2.modify_vpc_attribute(VpcId=it.ids["VpcId"], EnableDnsSupport={"Value": on})


def no_s3_endpoint(it: Watched) -> None:
    here = [{"Name": "vpc-id", "Values": [it.ids["VpcId"]]}]
    [it.ids["Endpoint"]] = [one["VpcEndpointId"] for one in it.ec2.describe_vpc_endpoints(Filters=here)["VpcEndpoints"]]
    it.ec2.delete_vpc_endpoints(VpcEndpointIds=[it.ids["Endpoint"]])


def another_s3_endpoint(it: Watched) -> None:
    tables = [it.ids[f"{role}RouteTableId"] for role in ("Controller", "Worker")]
    it.ec2.create_vpc_endpoint(
        VpcId=it.ids["VpcId"],
        VpcEndpointType="Gateway",
        ServiceName=f"com.amazonaws.{REGION}.s3",
        RouteTableIds=tables,
    )


def around_the_nat(it: Watched) -> None:
    """HyperPod gives its nodes no public address; whoever owns the subnet can give them one."""
    here = [{"Name": "subnet-id", "Values": [it.ids["WorkerSubnetId"]]}]
    for node in it.ec2.describe_network_interfaces(Filters=here)["NetworkInterfaces"]:
        address = it.ec2.allocate_address(Domain="vpc")["AllocationId"]
        it.ec2.associate_address(AllocationId=address, NetworkInterfaceId=node["NetworkInterfaceId"])
    gateway = it.stage.internet_gateway()
    it.ec2.replace_route(RouteTableId=it.ids[WORKER], DestinationCidrBlock=EVERYWHERE, GatewayId=gateway)


def through_the_nat(it: Watched) -> None:
    route_to("WorkerNatGatewayId")(it)
    here = [{"Name": "subnet-id", "Values": [it.ids["WorkerSubnetId"]]}]
    for node in it.ec2.describe_network_interfaces(Filters=here)["NetworkInterfaces"]:
        it.ec2.disassociate_address(AssociationId=node["Association"]["AssociationId"])


def policy(verb: str) -> Change:
    """HyperPod's policy for nodes, taken from the role or given back to it."""
    return lambda it: getattr(it.ops("iam"), f"{verb}_role_policy")(RoleName=it.stage.cluster, PolicyArn=NODES_MAY)


def told_in_its_region(change: Change, call: str) -> Change:
    """IAM's calls are told in us-east-1 alone: what a stack that is deployed there hears."""

    def changed(it: Watched) -> None:
        change(it)
        event = json.loads((HOME / "events/request_drift_check_roles_changed.json").read_text(encoding="utf-8"))
        event["detail"]["requestParameters"]["roleName"] = it.stage.cluster
        event["id"] = str(uuid4())
        event["detail"] |= {"eventName": call, "eventTime": it.sim.clock.now().isoformat(timespec="seconds")}
        assert not it.sim.invoke("RequestDriftCheckFunction", event).error

    return changed


# What is changed, how it is put right, and what is said of it.
NODES_MAY = "arn:aws:iam::aws:policy/AmazonSageMakerClusterInstanceRolePolicy"
OFFICE = "52.0.0.0/8"
CHANGES = {
    "a second address": (second_address, first_address_alone, "too, beside"),
    "a detour": (detour, no_detour, "through tgw-"),
    "another table": (table_of("Controller"), table_of("Worker"), "leaves by"),
    "no way out of the group": (group_rules("revoke", ALL), group_rules("authorize", ALL), "lose the internet"),
    "no way to each other": (
        group_rules("revoke", EACH_OTHER),
        group_rules("authorize", EACH_OTHER),
        "traffic to itself",
    ),
    "a denial": (deny, no_denial, "lose the internet"),
    "another second address on the same NAT gateway": (
        swapped_for("Other"),
        swapped_for("Second"),
        "controller leaves by",
    ),
    "no S3 endpoint": (no_s3_endpoint, another_s3_endpoint, "no S3 endpoint serves"),
    "a way around the NAT gateway": (around_the_nat, through_the_nat, "worker gains a way around the NAT"),
    "a policy less": (
        told_in_its_region(policy("detach"), "DetachRolePolicy"),
        told_in_its_region(policy("attach"), "AttachRolePolicy"),
        "no longer has the policy AmazonSageMakerClusterInstanceRolePolicy",
    ),
    "no resolver": (resolver(on=False), resolver(on=True), "nothing for egress"),
}
