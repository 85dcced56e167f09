"""NAT gateways, Elastic IPs and the routes that point to them."""

from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from simulator.ec2.addresses import PUBLIC_BLOCKS
from tests.simulator.worlds import World, build_network, refusal


def nat(ec2: Any, nat_id: str) -> Any:
    return ec2.describe_nat_gateways(NatGatewayIds=[nat_id])["NatGateways"][0]


def default_route(ec2: Any, table_id: str) -> dict[str, Any]:
    routes = ec2.describe_route_tables(RouteTableIds=[table_id])["RouteTables"][0]["Routes"]
    return next(route for route in routes if route.get("DestinationCidrBlock") == "0.0.0.0/0")


def addresses(ec2: Any, nat_id: str) -> list[tuple[str, str, bool]]:
    shown = nat(ec2, nat_id)["NatGatewayAddresses"]
    return [(address["PublicIp"], address["Status"], address["IsPrimary"]) for address in shown]


def test_a_gateway_is_pending_for_90_seconds_and_then_available_under_its_elastic_ip(world: World, ec2: Any) -> None:
    network = build_network(world, nat_ready=False)
    young = nat(ec2, network.nat_id)
    assert (young["State"], "PublicIp" in young["NatGatewayAddresses"][0]) == ("pending", False)

    world.later(seconds=89)
    assert nat(ec2, network.nat_id)["State"] == "pending"

    world.later(seconds=1)
    grown = nat(ec2, network.nat_id)
    address = grown["NatGatewayAddresses"][0]
    assert grown["State"] == "available"
    assert (address["AllocationId"], address["PublicIp"], address["Status"], address["IsPrimary"]) == (
        network.allocation_id,
        network.public_ip,
        "succeeded",
        True,
    )
    assert ip_address(address["PrivateIp"]) in ip_network("10.0.101.0/24")
    assert (grown["ConnectivityType"], grown["AvailabilityMode"], "FailureCode" in grown) == ("public", "zonal", False)


def test_its_interface_shows_the_elastic_ip_and_belongs_to_the_gateway(world: World, ec2: Any) -> None:
    network = build_network(world)
    interface_id = nat(ec2, network.nat_id)["NatGatewayAddresses"][0]["NetworkInterfaceId"]
    shown = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface_id])["NetworkInterfaces"][0]
    assert (shown["Association"]["PublicIp"], shown["InterfaceType"], shown["RequesterManaged"], shown["Groups"]) == (
        network.public_ip,
        "nat_gateway",
        True,
        [],
    )


def test_public_addresses_come_in_order_from_the_blocks_kept_for_documentation(ec2: Any) -> None:
    first, second = (ec2.allocate_address(Domain="vpc")["PublicIp"] for _ in range(2))
    assert int(ip_address(second)) - int(ip_address(first)) == 1
    assert any(ip_address(first) in ip_network(block) for block in PUBLIC_BLOCKS)


def test_a_gateway_that_is_to_fail_fails_after_pending_and_says_why(world: World, ec2: Any) -> None:
    world.ec2_handle.fail_next_nat_gateway("InternalError", "Network interface eni-1 could not be created.")
    network = build_network(world, nat_ready=False)
    assert nat(ec2, network.nat_id)["State"] == "pending"

    world.later(minutes=2)
    failed = nat(ec2, network.nat_id)
    assert (failed["State"], failed["FailureCode"]) == ("failed", "InternalError")
    assert default_route(ec2, network.table_id)["State"] == "blackhole"


def test_a_vpc_without_an_internet_gateway_makes_a_public_gateway_fail(world: World, ec2: Any) -> None:
    vpc_id = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnet_id = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.7.1.0/24")["Subnet"]["SubnetId"]
    allocation_id = ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = ec2.create_nat_gateway(SubnetId=subnet_id, AllocationId=allocation_id)["NatGateway"]["NatGatewayId"]
    world.later(minutes=2)
    assert (nat(ec2, made)["State"], nat(ec2, made)["FailureCode"]) == ("failed", "Gateway.NotAttached")


def test_a_full_subnet_makes_a_gateway_fail(world: World, ec2: Any) -> None:
    network = build_network(world)
    subnet_id = ec2.create_subnet(VpcId=network.vpc_id, CidrBlock="10.0.9.0/28")["Subnet"]["SubnetId"]
    for _ in range(11):  # 16 addresses less the 5 that AWS keeps
        ec2.create_network_interface(SubnetId=subnet_id)
    made = ec2.create_nat_gateway(SubnetId=subnet_id, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
    world.later(minutes=2)
    assert nat(ec2, made)["FailureCode"] == "InsufficientFreeAddressesInSubnet"


def test_a_private_gateway_has_a_private_address_and_no_public_one(world: World, ec2: Any) -> None:
    network = build_network(world)
    made = ec2.create_nat_gateway(SubnetId=network.subnet_id, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
    world.later(minutes=2)
    (address,) = nat(ec2, made)["NatGatewayAddresses"]
    assert (nat(ec2, made)["ConnectivityType"], "PublicIp" in address, "PrivateIp" in address) == (
        "private",
        False,
        True,
    )


def test_an_elastic_ip_serves_one_gateway_only(world: World, ec2: Any) -> None:
    network = build_network(world)
    code = refusal(ec2.create_nat_gateway, SubnetId=network.public_subnet_id, AllocationId=network.allocation_id)
    assert code == "Resource.AlreadyAssociated"


def test_an_address_is_added_and_taken_away_again(world: World, ec2: Any) -> None:
    network = build_network(world)
    more = ec2.allocate_address(Domain="vpc")
    ec2.associate_nat_gateway_address(NatGatewayId=network.nat_id, AllocationIds=[more["AllocationId"]])
    first = (network.public_ip, "succeeded", True)
    assert addresses(ec2, network.nat_id) == [first, (more["PublicIp"], "associating", False)]

    world.later(minutes=1)
    assert addresses(ec2, network.nat_id) == [first, (more["PublicIp"], "succeeded", False)]

    association_id = nat(ec2, network.nat_id)["NatGatewayAddresses"][1]["AssociationId"]
    ec2.disassociate_nat_gateway_address(NatGatewayId=network.nat_id, AssociationIds=[association_id])
    assert addresses(ec2, network.nat_id) == [first, (more["PublicIp"], "disassociating", False)]

    world.later(minutes=1)
    assert addresses(ec2, network.nat_id) == [first]


def test_the_primary_address_cannot_be_taken_away(world: World, ec2: Any) -> None:
    network = build_network(world)
    primary = nat(ec2, network.nat_id)["NatGatewayAddresses"][0]["AssociationId"]
    taking = {"NatGatewayId": network.nat_id, "AssociationIds": [primary]}
    assert refusal(ec2.disassociate_nat_gateway_address, **taking) == "InvalidParameter"


def test_a_deleted_gateway_leaves_a_blackhole_and_is_listed_for_an_hour(world: World, ec2: Any) -> None:
    network = build_network(world)
    interface_id = nat(ec2, network.nat_id)["NatGatewayAddresses"][0]["NetworkInterfaceId"]
    ec2.delete_nat_gateway(NatGatewayId=network.nat_id)
    assert nat(ec2, network.nat_id)["State"] == "deleting"

    world.later(minutes=1)
    assert nat(ec2, network.nat_id)["State"] == "deleted"
    assert default_route(ec2, network.table_id)["State"] == "blackhole"
    assert (
        refusal(ec2.describe_network_interfaces, NetworkInterfaceIds=[interface_id])
        == "InvalidNetworkInterfaceID.NotFound"
    )
    assert "AssociationId" not in ec2.describe_addresses(AllocationIds=[network.allocation_id])["Addresses"][0]

    world.later(hours=1)
    assert refusal(ec2.describe_nat_gateways, NatGatewayIds=[network.nat_id]) == "NatGatewayNotFound"


@pytest.mark.parametrize("change", ["detach", "delete"])
def test_a_route_to_an_internet_gateway_that_left_is_a_blackhole(world: World, ec2: Any, change: str) -> None:
    network = build_network(world)
    assert default_route(ec2, network.public_table_id)["State"] == "active"
    ec2.detach_internet_gateway(InternetGatewayId=network.internet_gateway_id, VpcId=network.vpc_id)
    if change == "delete":
        ec2.delete_internet_gateway(InternetGatewayId=network.internet_gateway_id)
    assert default_route(ec2, network.public_table_id)["State"] == "blackhole"


@pytest.mark.parametrize("operation", ["create_route", "replace_route"])
def test_a_route_to_an_unknown_gateway_is_refused_and_changes_nothing(world: World, ec2: Any, operation: str) -> None:
    network = build_network(world)
    route = {
        "RouteTableId": network.table_id,
        "DestinationCidrBlock": "0.0.0.0/0",
        "NatGatewayId": "nat-0123456789abcdef0",
    }
    assert refusal(getattr(ec2, operation), **route) == "InvalidNatGatewayID.NotFound"
    assert default_route(ec2, network.table_id)["NatGatewayId"] == network.nat_id


def test_describe_filters_by_vpc_subnet_state_id_and_tag_and_pages(world: World, ec2: Any) -> None:
    network = build_network(world)
    tags = [{"ResourceType": "natgateway", "Tags": [{"Key": "role", "Value": "worker"}]}]
    second = ec2.create_nat_gateway(SubnetId=network.subnet_id, ConnectivityType="private", TagSpecifications=tags)
    second_id = second["NatGateway"]["NatGatewayId"]

    def found(**filters: str) -> list[str]:
        shaped = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
        pages = ec2.get_paginator("describe_nat_gateways").paginate(Filter=shaped, PaginationConfig={"PageSize": 5})
        return sorted(item["NatGatewayId"] for page in pages for item in page["NatGateways"])

    both = sorted([network.nat_id, second_id])
    here = {"vpc_id": network.vpc_id}
    assert found(**here) == both
    assert found(**here, state="pending") == [second_id]
    assert found(subnet_id=network.subnet_id) == [second_id]
    assert found(nat_gateway_id=network.nat_id) == [network.nat_id]
    assert found(**here, **{"tag:role": "work*"}) == [second_id]
    assert second["NatGateway"]["Tags"] == tags[0]["Tags"]
    assert refusal(ec2.describe_nat_gateways, Filter=[{"Name": "colour", "Values": ["red"]}]) == "InvalidParameterValue"


def test_describe_gives_pages(world: World, ec2: Any) -> None:
    network = build_network(world)
    for _ in range(5):
        ec2.create_nat_gateway(SubnetId=network.subnet_id, ConnectivityType="private")
    pager = ec2.get_paginator("describe_nat_gateways")
    here = [{"Name": "vpc-id", "Values": [network.vpc_id]}]
    pages = list(pager.paginate(Filter=here, PaginationConfig={"PageSize": 5}))
    assert [len(page["NatGateways"]) for page in pages] == [5, 1]


def test_a_gateways_elastic_ip_can_be_neither_taken_away_nor_released(world: World, ec2: Any) -> None:
    network = build_network(world)
    association_id = nat(ec2, network.nat_id)["NatGatewayAddresses"][0]["AssociationId"]
    assert refusal(ec2.disassociate_address, AssociationId=association_id) == "AuthFailure"
    assert refusal(ec2.release_address, AllocationId=network.allocation_id) == "InvalidIPAddress.InUse"

    ec2.delete_nat_gateway(NatGatewayId=network.nat_id)
    ec2.release_address(AllocationId=network.allocation_id)
