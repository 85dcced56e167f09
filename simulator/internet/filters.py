"""Do security groups and network ACLs let one TCP connection through? Pure, on AWS-shaped answers.

Security groups remember connections, so only the first packet is asked about. Network ACLs do not: the answer must get
back too. https://docs.aws.amazon.com/vpc/latest/userguide/infrastructure-security.html
"""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

Describes = Mapping[str, Sequence[Mapping[str, Any]]]
Shape = Mapping[str, Any]

TCP = frozenset({"-1", "6", "tcp"})


def inside(address: str, cidr: str) -> bool:
    return ip_address(address) in ip_network(cidr)


def prefixes(describes: Describes, prefix_list_id: str) -> list[str]:
    """The IPv4 blocks of a prefix list; none of one that is not described."""
    lists = [item for item in describes.get("PrefixLists", ()) if item["PrefixListId"] == prefix_list_id]
    return [cidr for item in lists for cidr in item.get("Cidrs", ()) if ":" not in cidr]


def groups_let_out(describes: Describes, group_ids: Iterable[str], receiver: str, port: int) -> bool:
    """Whether any rule of any of the sender's groups allows it: the rules of all groups add up."""
    rules = _rules(describes, group_ids, "IpPermissionsEgress")
    return any(_allows(describes, rule, receiver, port) for rule in rules)


def groups_let_in(describes: Describes, group_ids: Iterable[str], sender: str, port: int) -> bool:
    return any(_allows(describes, rule, sender, port) for rule in _rules(describes, group_ids, "IpPermissions"))


def acl_lets_out(describes: Describes, subnet_id: str, receiver: str, port: int, answers: range) -> bool:
    """Whether a connection may leave the subnet, and all its answers (to the ports `answers`) may come back in."""
    return _acl_allows(describes, subnet_id, receiver, range(port, port + 1), egress=True) and _acl_allows(
        describes, subnet_id, receiver, answers, egress=False
    )


def acl_lets_in(describes: Describes, subnet_id: str, sender: str, port: int, answers: range) -> bool:
    """Whether a connection may enter the subnet, and all its answers may go back out."""
    return _acl_allows(describes, subnet_id, sender, range(port, port + 1), egress=False) and _acl_allows(
        describes, subnet_id, sender, answers, egress=True
    )


def _rules(describes: Describes, group_ids: Iterable[str], direction: str) -> list[Shape]:
    wanted = set(group_ids)
    groups = [group for group in describes.get("SecurityGroups", ()) if group["GroupId"] in wanted]
    return [rule for group in groups for rule in group.get(direction, ())]


def _allows(describes: Describes, rule: Shape, peer: str, port: int) -> bool:
    if rule["IpProtocol"] not in TCP:
        return False
    if rule["IpProtocol"] != "-1" and not rule.get("FromPort", 0) <= port <= rule.get("ToPort", 65535):
        return False
    return _names(describes, rule, peer)


def _names(describes: Describes, rule: Shape, peer: str) -> bool:
    cidrs = [block["CidrIp"] for block in rule.get("IpRanges", ())]
    for listed in rule.get("PrefixListIds", ()):
        cidrs += prefixes(describes, listed["PrefixListId"])
    if any(inside(peer, cidr) for cidr in cidrs):
        return True
    named = {pair["GroupId"] for pair in rule.get("UserIdGroupPairs", ())}
    return not named.isdisjoint(_groups_of(describes, peer))


def _groups_of(describes: Describes, address: str) -> set[str]:
    owners = [item for item in describes.get("NetworkInterfaces", ()) if item.get("PrivateIpAddress") == address]
    return {group["GroupId"] for item in owners for group in item.get("Groups", ())}


def _acl_allows(describes: Describes, subnet_id: str, peer: str, ports: range, *, egress: bool) -> bool:
    acl = _acl_of(describes, subnet_id)
    if acl is None:  # every real subnet has one; one that is not described is taken as open
        return True
    entries = sorted(
        (entry for entry in acl["Entries"] if entry["Egress"] is egress), key=lambda entry: entry["RuleNumber"]
    )
    return all(_first_match_allows(entries, peer, port) for port in _edges(entries, ports))


def _acl_of(describes: Describes, subnet_id: str) -> Shape | None:
    for acl in describes.get("NetworkAcls", ()):
        if any(association["SubnetId"] == subnet_id for association in acl.get("Associations", ())):
            return acl
    return None


def _edges(entries: Sequence[Shape], ports: range) -> set[int]:
    """One port for each stretch of `ports` that all entries treat alike."""
    ranges = [entry["PortRange"] for entry in entries if "PortRange" in entry]
    edges = {edge for item in ranges for edge in (item["From"], item["To"] + 1)}
    return {ports.start} | {edge for edge in edges if edge in ports}


def _first_match_allows(entries: Sequence[Shape], peer: str, port: int) -> bool:
    for entry in entries:
        if _matches(entry, peer, port):
            return bool(entry["RuleAction"] == "allow")
    return False


def _matches(entry: Shape, peer: str, port: int) -> bool:
    if entry["Protocol"] not in TCP or "CidrBlock" not in entry:
        return False
    span = entry.get("PortRange", {"From": 0, "To": 65535})
    return inside(peer, entry["CidrBlock"]) and bool(span["From"] <= port <= span["To"])
