"""The way out, hop by hop, in words and addresses."""

from collections.abc import Callable
from typing import Any

import pytest

from control_plane.domain.account.blocks import Block
from control_plane.domain.account.path_walk import End, walk
from control_plane.domain.account.promise import Promise, Promises
from tests.accounts import (
    PUBLIC,
    VPC,
    WORKER,
    WORKER_IP,
    Account,
    acl_entry,
    nat_gateway,
    open_acl,
    route,
    route_table,
    subnet,
)
from tests.unit.test_rules_cautions import firewall, half_of_the_ports, regional

SOMEWHERE = Block.of("8.8.8.8/32")


def promise(change: Callable[[Account], object] = lambda _: None) -> Promise:
    account = Account()
    change(account)
    network = account.facts().network
    return Promises(network).of(network.subnet[WORKER], ("sg-1",))


def goes(*routes: dict[str, Any]) -> Callable[[Account], None]:
    return lambda account: account.routes("rtb-worker", *routes)


def by_main_table(account: Account) -> None:
    account.one("rtb-worker")["Associations"] = []
    account.routes("rtb-main", route(NatGatewayId="nat-worker"))


def leaving_its_table(account: Account) -> None:
    by_main_table(account)
    account.one("rtb-worker")["Associations"] = [{"SubnetId": WORKER, "AssociationState": {"State": "disassociating"}}]


def two_addresses(account: Account) -> None:
    account.one("nat-worker")["NatGatewayAddresses"] += [
        {"PublicIp": "198.51.100.9", "Status": "succeeded"},
        {"PublicIp": "198.51.100.10", "Status": "associating"},
    ]


def regional_without_its_table(account: Account) -> None:
    regional(account)
    del account.one("nat-worker")["RouteTableId"]


def behind_a_firewall(account: Account) -> None:
    """Subnet → NAT gateway → firewall endpoint → internet gateway."""
    firewall(account)
    account.routes("rtb-worker", route(NatGatewayId="nat-worker"))
    account.routes("rtb-public", route(GatewayId="vpce-fw"))
    account.routes("rtb-fw", route(GatewayId="igw-1"))


def private_nat_to_transit_gateway(account: Account) -> None:
    account.one("nat-worker").update(ConnectivityType="private", NatGatewayAddresses=[{"PrivateIp": "10.0.101.9"}])
    account.routes("rtb-public", route(TransitGatewayId="tgw-1"))


def prefix_list_beats_propagated(account: Account) -> None:
    account.prefix_lists["pl-1"] = ["0.0.0.0/0", "::/0"]
    listed = {"DestinationPrefixListId": "pl-1", "NatGatewayId": "nat-worker", "State": "active"}
    propagated = route(GatewayId="vgw-1") | {"Origin": "EnableVgwRoutePropagation"}
    account.routes("rtb-worker", propagated, listed)


ON = f"{WORKER} → rtb-worker: 0.0.0.0/0"


@pytest.mark.parametrize(
    ("change", "path", "public_ips"),
    [
        pytest.param(lambda _: None, f"{ON} → nat-worker ({WORKER_IP}) → igw-1", {WORKER_IP}, id="its own NAT gateway"),
        pytest.param(
            by_main_table,
            f"{WORKER} → rtb-main: 0.0.0.0/0 → nat-worker ({WORKER_IP}) → igw-1",
            {WORKER_IP},
            id="the main table, where no other is associated",
        ),
        pytest.param(
            leaving_its_table,
            f"{WORKER} → rtb-main: 0.0.0.0/0 → nat-worker ({WORKER_IP}) → igw-1",
            {WORKER_IP},
            id="the main table, where an association is about to end",
        ),
        pytest.param(
            goes(route("0.0.0.0/1", NatGatewayId="nat-worker"), route("128.0.0.0/1", NatGatewayId="nat-controller")),
            f"{WORKER} → rtb-worker: 0.0.0.0/1 → nat-worker ({WORKER_IP}) → igw-1; "
            f"{WORKER} → rtb-worker: 128.0.0.0/1 → nat-controller (198.51.100.7) → igw-1",
            {WORKER_IP, "198.51.100.7"},
            id="each half of the internet by its own NAT gateway",
        ),
        pytest.param(
            goes(route(NatGatewayId="nat-worker"), route("203.0.113.0/24", NatGatewayId="nat-controller")),
            f"{ON} → nat-worker ({WORKER_IP}) → igw-1; "
            f"{WORKER} → rtb-worker: 203.0.113.0/24 → nat-controller (198.51.100.7) → igw-1",
            {WORKER_IP, "198.51.100.7"},
            id="one partner by another NAT gateway",
        ),
        pytest.param(
            prefix_list_beats_propagated,
            f"{WORKER} → rtb-worker: pl-1 → nat-worker ({WORKER_IP}) → igw-1",
            {WORKER_IP},
            id="a prefix list before a propagated route to the same block",
        ),
        pytest.param(
            goes(route(NatGatewayId="nat-worker"), route("0.0.0.0/1", GatewayId="igw-1") | {"State": "filtered"}),
            f"{ON} → nat-worker ({WORKER_IP}) → igw-1",
            {WORKER_IP},
            id="not by a route that was filtered out",
        ),
        pytest.param(
            two_addresses,
            f"{ON} → nat-worker (198.51.100.8, 198.51.100.9) → igw-1",
            {WORKER_IP, "198.51.100.9"},
            id="any of the addresses that are in use",
        ),
        pytest.param(
            regional, f"{ON} → nat-worker ({WORKER_IP}) → igw-1", {WORKER_IP}, id="a regional NAT gateway by its table"
        ),
        pytest.param(
            regional_without_its_table,
            f"{ON} → nat-worker ({WORKER_IP}) → igw-1",
            {WORKER_IP},
            id="a regional NAT gateway whose table is not shown",
        ),
        pytest.param(
            firewall,
            f"{ON} → vpce-fw (inspection) → nat-worker ({WORKER_IP}) → igw-1",
            {WORKER_IP},
            id="a firewall before the NAT gateway",
        ),
        pytest.param(
            behind_a_firewall,
            f"{ON} → nat-worker ({WORKER_IP}) → vpce-fw (inspection) → igw-1",
            {WORKER_IP},
            id="a firewall behind the NAT gateway",
        ),
        pytest.param(
            goes(route(TransitGatewayId="tgw-1")),
            f"{ON} → tgw-1 (transit gateway)",
            set(),
            id="a transit gateway, whose addresses are not ours to read",
        ),
        pytest.param(
            private_nat_to_transit_gateway,
            f"{ON} → nat-worker (private) → tgw-1 (transit gateway)",
            set(),
            id="a private NAT gateway on the way to a transit gateway",
        ),
        pytest.param(
            goes(route(GatewayId="igw-1")), f"{ON} → igw-1", set(), id="an internet gateway gives nodes nothing"
        ),
        pytest.param(goes(), f"{WORKER} → rtb-worker has no route to the internet", set(), id="no route"),
        pytest.param(
            goes(route(NatGatewayId="nat-gone") | {"State": "blackhole"}),
            f"{ON} → nat-gone (blackhole)",
            set(),
            id="a blackhole",
        ),
    ],
)
def test_tells_the_hops_and_the_addresses(change: Callable[[Account], None], path: str, public_ips: set[str]) -> None:
    made = promise(change)
    assert (str(made), set(made.public_ips)) == (path, public_ips)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"GatewayId": "vgw-1"}, "vgw-1 (virtual private gateway)"),
        ({"InstanceId": "i-1", "NetworkInterfaceId": "eni-1"}, "i-1 (instance)"),
        ({"NetworkInterfaceId": "eni-1"}, "eni-1 (network interface)"),
        ({"CarrierGatewayId": "cagw-1"}, "cagw-1 (carrier gateway)"),
        ({"LocalGatewayId": "lgw-1"}, "lgw-1 (local gateway)"),
        ({"CoreNetworkArn": "arn:core"}, "arn:core (core network)"),
        ({"OdbNetworkArn": "arn:odb"}, "arn:odb (ODB network)"),
        ({"IpAddress": "10.0.0.9"}, "10.0.0.9 (next hop of a route server)"),
        ({"VpcPeeringConnectionId": "pcx-1"}, "pcx-1 (VPC peering connection)"),
        ({"EgressOnlyInternetGatewayId": "eigw-1"}, "eigw-1 (egress-only internet gateway)"),
    ],
)
def test_names_what_takes_the_traffic(target: dict[str, str], words: str) -> None:
    assert str(promise(goes(route(**target)))) == f"{ON} → {words}"


def in_a_circle(account: Account) -> None:
    """Two firewall endpoints, each routed to the other."""
    firewall(account)
    account.network["Subnets"].append(subnet("subnet-fw2", "10.0.8.0/24"))
    account.network["VpcEndpoints"].append(
        account.one("vpce-fw") | {"VpcEndpointId": "vpce-fw2", "SubnetIds": ["subnet-fw2"]}
    )
    account.network["RouteTables"].append(route_table("rtb-fw2", "subnet-fw2", routes=[route(GatewayId="vpce-fw")]))
    account.routes("rtb-fw", route(GatewayId="vpce-fw2"))


def firewall_is_being_made(account: Account) -> None:
    firewall(account)
    account.one("vpce-fw")["State"] = "pending"


def other_vpcs_table(account: Account) -> None:
    account.network["RouteTables"] = [account.one("rtb-main") | {"VpcId": "vpc-2"}]


@pytest.mark.parametrize(
    ("change", "end", "at"),
    [
        pytest.param(in_a_circle, End.DEAD_END, "rtb-fw", id="two firewalls send it in a circle"),
        pytest.param(firewall_is_being_made, End.DEAD_END, "vpce-fw", id="a firewall is not ready"),
        pytest.param(goes(route(GatewayId="vpce-x")), End.OUT_OF_SIGHT, "vpce-x", id="an endpoint is somebody else's"),
        pytest.param(other_vpcs_table, End.OUT_OF_SIGHT, WORKER, id="the subnet's table is not shown"),
        pytest.param(goes(route()), End.OUT_OF_SIGHT, "rtb-worker", id="a route has no target that we know"),
        pytest.param(
            lambda account: account.routes("rtb-public", route(NatGatewayId="nat-worker")),
            End.BEYOND_NAT,
            "nat-worker",
            id="a NAT gateway is routed to itself",
        ),
    ],
)
def test_ends_somewhere_whatever_the_network(change: Callable[[Account], None], end: End, at: str) -> None:
    [way] = promise(change).main
    assert (way.end, way.at, way.public_ips) == (end, at, frozenset())


@pytest.mark.parametrize(
    ("entries", "end"),
    [
        pytest.param([acl_entry(1, "allow", egress=True)], End.CLOSED_BY_ACL, id="nothing comes in"),
        pytest.param(
            [
                acl_entry(1, "deny", egress=False, cidr="10.0.2.0/24"),
                *(acl_entry(2, "allow", egress=way) for way in (True, False)),
            ],
            End.CLOSED_BY_ACL,
            id="the workers' subnet is kept out",
        ),
        pytest.param(
            [
                acl_entry(1, "deny", egress=False, cidr="10.0.1.0/24"),
                *(acl_entry(2, "allow", egress=way) for way in (True, False)),
            ],
            End.LEAVES,
            id="another subnet is kept out",
        ),
        pytest.param(
            [
                acl_entry(1, "allow", egress=True),
                acl_entry(1, "allow", egress=False, ports=(443, 443)),
                acl_entry(2, "allow", egress=False, ports=(1024, 65535)),
            ],
            End.LEAVES,
            id="exactly what a NAT gateway needs is open",
        ),
    ],
)
def test_the_acl_of_the_nat_gateways_subnet_counts_too(entries: list[dict[str, Any]], end: End) -> None:
    def change(account: Account) -> None:
        account.one("acl-1")["Associations"] = [{"SubnetId": WORKER}]
        account.network["NetworkAcls"].append(open_acl("acl-public", PUBLIC) | {"Entries": entries})

    [way] = promise(change).main
    assert way.end is end


def test_a_half_open_acl_leaves_the_promise_and_is_told() -> None:
    [way] = promise(half_of_the_ports).main
    assert (way.end, way.half_open_acls) == (End.LEAVES, ("acl-worker",))


def test_a_walk_follows_one_destination_only() -> None:
    account = Account()
    account.routes("rtb-worker", route(NatGatewayId="nat-worker"), route("8.8.8.0/24", TransitGatewayId="tgw-1"))
    network = account.facts().network
    assert (
        str(walk(network, network.subnet[WORKER], SOMEWHERE))
        == f"{WORKER} → rtb-worker: 8.8.8.0/24 → tgw-1 (transit gateway)"
    )


def test_what_is_routed_inside_the_company_is_no_detour() -> None:
    inside = [route(cidr, TransitGatewayId="tgw-1") for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
    assert promise(goes(route(NatGatewayId="nat-worker"), *inside)).detours == ()


def test_the_well_known_list_of_all_public_blocks_is_as_good_as_a_default_route() -> None:
    public = [
        *("0.0.0.0/5", "8.0.0.0/7", "11.0.0.0/8", "12.0.0.0/6", "16.0.0.0/4", "32.0.0.0/3", "64.0.0.0/2"),
        *("128.0.0.0/3", "160.0.0.0/5", "168.0.0.0/6", "172.0.0.0/12", "172.32.0.0/11", "172.64.0.0/10"),
        *("172.128.0.0/9", "173.0.0.0/8", "174.0.0.0/7", "176.0.0.0/4", "192.0.0.0/9", "192.128.0.0/11"),
        *("192.160.0.0/13", "192.169.0.0/16", "192.170.0.0/15", "192.172.0.0/14", "192.176.0.0/12"),
        *("192.192.0.0/10", "193.0.0.0/8", "194.0.0.0/7", "196.0.0.0/6", "200.0.0.0/5", "208.0.0.0/4"),
    ]
    made = promise(goes(*(route(cidr, NatGatewayId="nat-worker") for cidr in public)))
    assert {way.end for way in made.ways} == {End.LEAVES}


def test_a_vpc_of_public_addresses_does_not_look_for_itself_outside() -> None:
    account = Account()
    account.one("rtb-worker")["Routes"][0] = route("11.0.0.0/8", GatewayId="local")
    network = account.facts().network
    assert Promises(network).of(network.subnet[WORKER], ("sg-1",)).detours == ()


def test_a_chain_of_nat_gateways_is_seen_from_the_last() -> None:
    def change(account: Account) -> None:
        account.network["Subnets"].append(subnet("subnet-2", "10.0.102.0/24"))
        account.network["NatGateways"].append(nat_gateway("nat-2", "198.51.100.20", subnet_id="subnet-2"))
        account.network["RouteTables"].append(route_table("rtb-2", "subnet-2", routes=[route(GatewayId="igw-1")]))
        account.routes("rtb-public", route(NatGatewayId="nat-2"))

    assert promise(change).public_ips == {"198.51.100.20"}


def test_groups_add_up() -> None:
    account = Account()
    account.network["SecurityGroups"].append(
        {"GroupId": "sg-none", "VpcId": VPC, "IpPermissions": [], "IpPermissionsEgress": []}
    )
    network = account.facts().network
    promises = Promises(network)
    ends = {
        groups: promises.of(network.subnet[WORKER], groups).main[0].end
        for groups in (("sg-none",), ("sg-none", "sg-1"))
    }
    assert ends == {("sg-none",): End.CLOSED_BY_GROUPS, ("sg-none", "sg-1"): End.LEAVES}


def test_an_internet_gateway_of_another_vpc_is_no_way_out() -> None:
    def change(account: Account) -> None:
        account.one("igw-1")["Attachments"] = [{"VpcId": "vpc-2", "State": "available"}]

    [way] = promise(change).main
    assert (way.end, way.at) == (End.BEYOND_NAT, "nat-worker")


@pytest.mark.parametrize(
    ("subnet_id", "ports", "half_open"),
    [
        pytest.param(WORKER, (32768, 60999), (), id="a node gets its answers on Linux's own ports"),
        pytest.param(PUBLIC, (32768, 60999), ("acl-2",), id="a NAT gateway gets some of its answers on those"),
        pytest.param(PUBLIC, (1024, 65535), (), id="a NAT gateway gets all of its answers from 1024 on"),
    ],
)
def test_answers_come_back_to_the_ports_of_who_asked(
    subnet_id: str, ports: tuple[int, int], half_open: tuple[str, ...]
) -> None:
    def change(account: Account) -> None:
        account.one("acl-1")["Associations"] = [{"SubnetId": one} for one in {WORKER, PUBLIC} - {subnet_id}]
        out = acl_entry(1, "allow", egress=True)
        back = [acl_entry(number, "allow", egress=False, ports=some) for number, some in ((1, (443, 443)), (2, ports))]
        account.network["NetworkAcls"].append(open_acl("acl-2", subnet_id) | {"Entries": [out, *back]})

    [way] = promise(change).main
    assert (way.end, way.half_open_acls) == (End.LEAVES, half_open)


def test_an_acl_entry_for_udp_says_nothing_about_https() -> None:
    def change(account: Account) -> None:
        udp = acl_entry(1, "deny", egress=True, ports=(443, 443)) | {"Protocol": "17"}
        account.one("acl-1")["Entries"].append(udp)

    assert promise(change).public_ips == {WORKER_IP}


@pytest.mark.parametrize(("ports", "end"), [((80, 80), End.CLOSED_BY_GROUPS), ((80, 443), End.LEAVES)])
def test_a_group_must_open_the_port_of_https(ports: tuple[int, int], end: End) -> None:
    def change(account: Account) -> None:
        permission = {
            "IpProtocol": "tcp",
            "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
            "FromPort": ports[0],
            "ToPort": ports[1],
        }
        account.one("sg-1")["IpPermissionsEgress"] = [permission]

    [way] = promise(change).main
    assert way.end is end


def test_a_prefix_list_to_a_firewall_is_followed() -> None:
    def change(account: Account) -> None:
        firewall(account)
        account.prefix_lists["pl-1"] = ["203.0.113.0/24"]
        listed = {"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-fw", "State": "active"}
        account.routes("rtb-worker", route(NatGatewayId="nat-worker"), listed)

    [detour] = promise(change).detours
    assert str(detour) == f"{WORKER} → rtb-worker: pl-1 → vpce-fw (inspection) → nat-worker ({WORKER_IP}) → igw-1"


def test_answers_through_a_nat_gateway_s_own_subnet_go_to_its_private_address() -> None:
    """Behind the gateway, a firewall's subnet sees the gateway's address, not the node's."""

    def change(account: Account) -> None:
        behind_a_firewall(account)
        shut = acl_entry(1, "deny", egress=False, cidr="10.0.101.10/32")
        both = [acl_entry(2, "allow", egress=way) for way in (True, False)]
        account.network["NetworkAcls"].append(open_acl("acl-fw", "subnet-fw") | {"Entries": [shut, *both]})

    [way] = promise(change).main
    assert (way.end, way.at) == (End.CLOSED_BY_ACL, "acl-fw")


def test_a_blackhole_says_what_became_of_its_nat_gateway() -> None:
    def change(account: Account) -> None:
        account.one("nat-worker").update(State="failed", FailureMessage="no free address")
        account.routes("rtb-worker", route(NatGatewayId="nat-worker") | {"State": "blackhole"})

    [way] = promise(change).main
    assert way.seen == (
        "the route 0.0.0.0/0 of rtb-worker is a blackhole: NAT gateway nat-worker is failed: no free address"
    )
