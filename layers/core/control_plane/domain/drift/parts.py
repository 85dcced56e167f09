"""A network in parts that can change one by one, and that can be put together again.

The parts are those that the ways of a cluster's subnets can come to; nothing else of the VPC is among them.
What AWS lists in any order is brought into one.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from control_plane.domain.account.facts import Network
from control_plane.domain.account.network import (
    IpPermission,
    Kind,
    NetworkAcl,
    NetworkAclAssociation,
    Route,
    RouteTable,
    RouteTableAssociation,
    SecurityGroup,
    Subnet,
    UserIdGroupPair,
)
from control_plane.domain.account.packet_filters import ALL_PROTOCOLS
from control_plane.domain.cluster.shape import ClusterShape
from control_plane.domain.drift.reach import Reach
from control_plane.domain.wire import AwsShape

INBOUND, OUTBOUND = "from", "to"


class Sort(StrEnum):
    SUBNET = "subnet"
    ASSOCIATION = "association"  # by subnet: its own table's id, or ""
    MAIN = "main table"  # by VPC: the table's id
    TABLE = "route table"  # its VPC's id
    ROUTE = "route"
    NAT = "NAT gateway"
    GATEWAY = "internet gateway"
    ENDPOINT = "VPC endpoint"
    SERVED = "served table"  # of a gateway endpoint: a table that leads to it
    ACL = "network ACL"
    ACL_ASSOCIATION = "ACL association"  # by subnet: the ACL's id
    GROUP = "security group"  # its VPC's id
    OUTBOUND = "outbound rules"  # of a group, each rule by itself
    ITSELF = "rules for itself"  # of a group: the directions in which all traffic with itself is allowed
    LIST = "prefix list"
    DNS = "DNS support"
    INTERFACE = "network interface"  # of the cluster's, with a public address


class Part(NamedTuple):
    sort: Sort
    id: str
    aspect: str = ""  # of a route: its destination; of a served table: its id

    @property
    def owners(self) -> tuple["Part", ...]:
        """Without these, the part does nothing."""
        of = {
            Sort.ROUTE: (Part(Sort.TABLE, self.id),),
            Sort.OUTBOUND: (Part(Sort.GROUP, self.id),),
            Sort.ITSELF: (Part(Sort.GROUP, self.id),),
            Sort.SERVED: (Part(Sort.ENDPOINT, self.id), Part(Sort.TABLE, self.aspect)),
        }
        return of.get(self.sort, ())


Parts = Mapping[Part, Any]


def split(network: Network, shape: ClusterShape) -> dict[Part, Any]:
    """The parts that decide about the traffic of a cluster."""
    vpcs = [shape.vpc_of(group) for group in shape.groups]
    group_ids = frozenset(one for vpc in vpcs for one in vpc.security_group_ids)
    subnets = [network.subnet[one] for vpc in vpcs for one in vpc.subnets if one in network.subnet]
    reach = Reach(network, subnets)
    parts = {
        **_places(network, subnets, reach),
        **dict(_tables(network, reach)),
        **_gateways(network, reach),
        **_filters(network, reach, group_ids),
        **_interfaces(network, subnets, group_ids),
    }
    return {part: canonical(value) for part, value in parts.items()} | _lists(network, parts)


def _places(network: Network, subnets: Iterable[Subnet], reach: Reach) -> dict[Part, Any]:
    vpc_ids = {one.vpc_id for one in subnets}
    return {
        **{Part(Sort.SUBNET, one.subnet_id): _uncounted(one) for one in subnets},
        **{Part(Sort.ASSOCIATION, one): network.own_table_id(one) or "" for one in reach.stops},
        **{Part(Sort.MAIN, vpc_id): table_id for vpc_id, table_id in reach.main_tables.items()},
        **{Part(Sort.DNS, one): network.dns_support[one] for one in vpc_ids & network.dns_support.keys()},
    }


def _uncounted(subnet: Subnet) -> Subnet:
    return subnet.model_copy(update={"available_ip_address_count": 0})  # every scaling changes it


def _tables(network: Network, reach: Reach) -> Iterator[tuple[Part, Any]]:
    for table in reach.tables.values():
        yield Part(Sort.TABLE, table.route_table_id), table.vpc_id
        for route in table.routes:
            if route.state != "filtered" and not network.to_gateway_endpoint(route):  # the endpoint says the same
                yield route_part(table.route_table_id, route), _told_once(network, route)


def route_part(table_id: str, route: Route) -> Part:
    propagated = " (propagated)" if route.preference > 1 else ""  # beside a static one to the same destination
    return Part(Sort.ROUTE, table_id, f"{route.destination}{propagated}")


def _told_once(network: Network, route: Route) -> Route:
    """A route to a NAT gateway in sight: the gateway's own state says whether it leads anywhere."""
    known = route.target.kind is Kind.NAT_GATEWAY and route.target.id in network.nat_gateway
    return route.model_copy(update={"state": "active"}) if known and route.state == "blackhole" else route


def _gateways(network: Network, reach: Reach) -> dict[Part, Any]:
    return {
        **{
            Part(Sort.NAT, one.nat_gateway_id): one
            for one in network.nat_gateways
            if one.nat_gateway_id in reach.targets
        },
        **{
            Part(Sort.GATEWAY, one.internet_gateway_id): one
            for one in network.internet_gateways
            if one.internet_gateway_id in reach.targets or any(one.attached_to(vpc_id) for vpc_id in reach.vpc_ids)
        },
        **dict(_endpoints(network, reach)),
    }


def _endpoints(network: Network, reach: Reach) -> Iterator[tuple[Part, Any]]:
    for one in network.vpc_endpoints:
        on_the_way = one.vpc_endpoint_id in reach.targets
        if on_the_way or (one.vpc_id in reach.vpc_ids and one.service_name.endswith(".s3") and not one.gone):
            subnet_ids = tuple(sorted(one.subnet_ids)[:1]) if on_the_way else ()
            alone = one.model_copy(update={"route_table_ids": (), "subnet_ids": subnet_ids})
            yield Part(Sort.ENDPOINT, one.vpc_endpoint_id), alone
            for table_id in reach.tables.keys() & {*one.route_table_ids}:
                yield Part(Sort.SERVED, one.vpc_endpoint_id, table_id), table_id


def _filters(network: Network, reach: Reach, group_ids: Iterable[str]) -> dict[Part, Any]:
    acl_of = {one: network.acl_of_subnet[one] for one in reach.stops.keys() & network.acl_of_subnet.keys()}
    groups = [network.security_group[one] for one in group_ids if one in network.security_group]
    return {
        **{Part(Sort.ACL_ASSOCIATION, subnet_id): acl.network_acl_id for subnet_id, acl in acl_of.items()},
        **{Part(Sort.ACL, acl.network_acl_id): acl.entries for acl in acl_of.values()},
        **{Part(Sort.GROUP, one.group_id): one.vpc_id for one in groups},
        **{Part(Sort.OUTBOUND, one.group_id): tuple(_outbound(one)) for one in groups},
        **{Part(Sort.ITSELF, one.group_id): _itself(one) for one in groups},
    }


def _outbound(group: SecurityGroup) -> Iterator[IpPermission]:
    for one in group.ip_permissions_egress:
        alone = one.model_copy(update={"ip_ranges": (), "user_id_group_pairs": (), "prefix_list_ids": ()})
        yield from (alone.model_copy(update={"ip_ranges": (each,)}) for each in one.ip_ranges)
        yield from (alone.model_copy(update={"prefix_list_ids": (each,)}) for each in one.prefix_list_ids)


def _itself(group: SecurityGroup) -> tuple[str, ...]:
    directions = {INBOUND: group.ip_permissions, OUTBOUND: group.ip_permissions_egress}
    return tuple(
        direction
        for direction, permissions in directions.items()
        if any(
            pair.group_id == group.group_id
            for one in permissions
            if one.ip_protocol == ALL_PROTOCOLS
            for pair in one.user_id_group_pairs
        )
    )


def _interfaces(network: Network, subnets: Iterable[Subnet], group_ids: frozenset[str]) -> dict[Part, Any]:
    subnet_ids = {one.subnet_id for one in subnets}
    return {
        Part(Sort.INTERFACE, one.network_interface_id): one
        for one in network.interfaces
        if one.public_ip and one.subnet_id in subnet_ids and one.group_ids & group_ids
    }


def list_ids(parts: Parts) -> set[str]:
    """The prefix lists that routes and rules name, whether they could be read or not."""
    routed = (value.destination_prefix_list_id for part, value in parts.items() if part.sort is Sort.ROUTE)
    rules = (rule for part, value in parts.items() if part.sort is Sort.OUTBOUND for rule in value)
    return {*filter(None, routed), *(listed.prefix_list_id for rule in rules for listed in rule.prefix_list_ids)}


def _lists(network: Network, parts: Parts) -> dict[Part, Any]:
    return {Part(Sort.LIST, one): tuple(sorted(network.prefix_lists.get(one, ()))) for one in list_ids(parts)}


def canonical(value: Any) -> Any:
    """The same in whatever order AWS listed it."""
    if isinstance(value, AwsShape):
        inner = {name: canonical(one) for name, one in value if one and isinstance(one, (tuple, AwsShape))}
        return value.model_copy(update=inner) if inner else value
    if type(value) is tuple:
        items = [*map(canonical, value)]
        return tuple(sorted(items, key=repr) if len(items) > 1 else items)
    return value


def association_ids(network: Network) -> dict[Part, str]:
    """What AWS calls the associations; no part of them: one that is made anew has another id, and does the same."""
    of_tables = (
        (_of_table(table, one), one.route_table_association_id)
        for table in network.route_tables
        for one in table.associations
        if one.holds and (one.subnet_id or one.main)
    )
    of_acls = (
        (Part(Sort.ACL_ASSOCIATION, one.subnet_id), one.network_acl_association_id)
        for acl in network.network_acls
        for one in acl.associations
    )
    return {part: name for part, name in (*of_tables, *of_acls) if name}


def _of_table(table: RouteTable, one: RouteTableAssociation) -> Part:
    return Part(Sort.ASSOCIATION, one.subnet_id) if one.subnet_id else Part(Sort.MAIN, table.vpc_id)


def join(parts: Parts, ids: Mapping[Part, str] | None = None) -> Network:
    """The network that has these parts, its associations by these ids."""
    ids = ids or {}
    of: dict[Sort, dict[str, Any]] = {sort: {} for sort in Sort}
    many: dict[Sort, dict[str, list[Any]]] = {Sort.ROUTE: {}, Sort.SERVED: {}}
    for part in sorted(parts):
        of[part.sort][part.id] = parts[part]
        if part.sort in many:
            many[part.sort].setdefault(part.id, []).append(parts[part])
    return Network(
        subnets=tuple(of[Sort.SUBNET].values()),
        route_tables=tuple(
            RouteTable(
                route_table_id=table_id,
                vpc_id=vpc_id,
                associations=_associations(table_id, of, ids),
                routes=tuple(many[Sort.ROUTE].get(table_id, ())),
            )
            for table_id, vpc_id in of[Sort.TABLE].items()
        ),
        nat_gateways=tuple(of[Sort.NAT].values()),
        internet_gateways=tuple(of[Sort.GATEWAY].values()),
        security_groups=tuple(_security_group(group_id, of) for group_id in of[Sort.GROUP]),
        network_acls=tuple(_acl(acl_id, of, ids) for acl_id in of[Sort.ACL]),
        vpc_endpoints=tuple(
            one.model_copy(update={"route_table_ids": tuple(many[Sort.SERVED].get(endpoint_id, ()))})
            for endpoint_id, one in of[Sort.ENDPOINT].items()
        ),
        prefix_lists=of[Sort.LIST],
        dns_support=of[Sort.DNS],
        interfaces=tuple(of[Sort.INTERFACE].values()),
    )


Of = Mapping[Sort, Mapping[str, Any]]


def _associations(table_id: str, of: Of, ids: Mapping[Part, str]) -> tuple[RouteTableAssociation, ...]:
    own = [Part(Sort.ASSOCIATION, subnet_id) for subnet_id, one in of[Sort.ASSOCIATION].items() if one == table_id]
    main = [Part(Sort.MAIN, vpc_id) for vpc_id, one in of[Sort.MAIN].items() if one == table_id]
    return (
        *(RouteTableAssociation(subnet_id=part.id, route_table_association_id=ids.get(part)) for part in own),
        *(RouteTableAssociation(main=True, route_table_association_id=ids.get(part)) for part in main),
    )


def _acl(acl_id: str, of: Of, ids: Mapping[Part, str]) -> NetworkAcl:
    parts = [
        Part(Sort.ACL_ASSOCIATION, subnet_id) for subnet_id, one in of[Sort.ACL_ASSOCIATION].items() if one == acl_id
    ]
    associations = tuple(
        NetworkAclAssociation(subnet_id=part.id, network_acl_association_id=ids.get(part)) for part in parts
    )
    return NetworkAcl(network_acl_id=acl_id, associations=associations, entries=of[Sort.ACL][acl_id])


def _security_group(group_id: str, of: Mapping[Sort, Mapping[str, Any]]) -> SecurityGroup:
    itself = IpPermission(ip_protocol=ALL_PROTOCOLS, user_id_group_pairs=(UserIdGroupPair(group_id=group_id),))
    directions = of[Sort.ITSELF].get(group_id, ())
    return SecurityGroup(
        group_id=group_id,
        vpc_id=of[Sort.GROUP][group_id],
        ip_permissions=(itself,) if INBOUND in directions else (),
        ip_permissions_egress=(*of[Sort.OUTBOUND].get(group_id, ()), *((itself,) if OUTBOUND in directions else ())),
    )
