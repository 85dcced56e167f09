"""Changed security groups, network ACLs and prefix lists in words."""

import json
from collections.abc import Iterable

from control_plane.domain.account.network import IpPermission, NetworkAclEntry
from control_plane.domain.account.packet_filters import ALL_PROTOCOLS
from control_plane.domain.drift.parts import INBOUND, OUTBOUND, Part
from control_plane.domain.drift.told import Told

NONE = "none"


def group(part: Part, was: str | None, now: str | None) -> Told:
    return Told(_there(was), _there(now), f"Create a group in its place; nodes keep the interfaces of {part.id}.")


def _there(vpc_id: str | None) -> str:
    return f"in {vpc_id}" if vpc_id else "deleted"


def outbound(part: Part, was: tuple[IpPermission, ...] | None, now: tuple[IpPermission, ...] | None) -> Told:
    before, after = was or (), now or ()
    missing, added = [one for one in before if one not in after], [one for one in after if one not in before]
    commands = [
        f"aws ec2 {verb}-security-group-egress --group-id {part.id} --ip-permissions '{_json(rules)}'"
        for verb, rules in (("authorize", missing), ("revoke", added))
        if rules
    ]
    return Told(_rules(before), _rules(after), "; ".join(commands))


def _json(rules: Iterable[IpPermission]) -> str:
    return json.dumps([one.model_dump(by_alias=True, exclude_defaults=True) for one in rules])


def _rules(rules: Iterable[IpPermission]) -> str:
    return "outbound: " + ("; ".join(map(_rule, rules)) or NONE)


def _rule(rule: IpPermission) -> str:
    ports = "-".join(dict.fromkeys(str(one) for one in (rule.from_port, rule.to_port) if one is not None))
    protocol = "all traffic" if rule.ip_protocol == ALL_PROTOCOLS else f"{rule.ip_protocol} {ports}".strip()
    targets = [*(one.cidr_ip for one in rule.ip_ranges), *(one.prefix_list_id for one in rule.prefix_list_ids)]
    return f"{protocol} to {', '.join(targets)}"


def itself(part: Part, was: tuple[str, ...] | None, now: tuple[str, ...] | None) -> Told:
    calls = {INBOUND: "ingress", OUTBOUND: "egress"}
    rule = f"IpProtocol=-1,UserIdGroupPairs=[{{GroupId={part.id}}}]"
    commands = [
        f"aws ec2 authorize-security-group-{calls[one]} --group-id {part.id} --ip-permissions '{rule}'"
        for one in was or ()
        if one not in (now or ())
    ]
    return Told(_directions(was), _directions(now), "; ".join(commands))


def _directions(directions: tuple[str, ...] | None) -> str:
    return f"all traffic {' and '.join(directions)} itself" if directions else "no rule for itself"


def acl(part: Part, was: tuple[NetworkAclEntry, ...] | None, now: tuple[NetworkAclEntry, ...] | None) -> Told:
    before, after = was or (), now or ()
    missing, added = [one for one in before if one not in after], [one for one in after if one not in before]
    name = f"--network-acl-id {part.id}"
    commands = [
        *(f"aws ec2 delete-network-acl-entry {name} --rule-number {one.rule_number} {_way(one)}" for one in added),
        *(f"aws ec2 create-network-acl-entry {name} {_entry_options(one)}" for one in missing),
    ]
    return Told(_entries(missing), _entries(added), "; ".join(commands))


def _way(entry: NetworkAclEntry) -> str:
    return "--egress" if entry.egress else "--ingress"


def _entry_options(entry: NetworkAclEntry) -> str:
    ports = f" --port-range From={entry.port_range.first},To={entry.port_range.last}" if entry.port_range else ""
    return (
        f"--rule-number {entry.rule_number} {_way(entry)} --protocol {entry.protocol} --cidr-block {entry.cidr_block}"
        f"{ports} --rule-action {entry.rule_action}"
    )


def _entries(entries: Iterable[NetworkAclEntry]) -> str:
    """Those that are on one side only; the others say nothing new."""
    return "; ".join(map(_entry, entries)) or "no such entry"


def _entry(entry: NetworkAclEntry) -> str:
    ports = f" ports {entry.port_range.first}-{entry.port_range.last}" if entry.port_range else ""
    protocol = "all traffic" if entry.protocol == ALL_PROTOCOLS else f"protocol {entry.protocol}"
    way = "to" if entry.egress else "from"
    return f"{entry.rule_number} {entry.rule_action} {protocol} {way} {entry.cidr_block or 'IPv6'}{ports}"


def acl_of_subnet(part: Part, was: str | None, now: str | None) -> Told:
    remedy = f"Give {part.id} the ACL {was} again: aws ec2 replace-network-acl-association --network-acl-id {was} …"
    return Told(was or NONE, now or NONE, remedy, _ids(was, now))


def prefix_list(part: Part, was: tuple[str, ...] | None, now: tuple[str, ...] | None) -> Told:
    missing, added = sorted({*(was or ())} - {*(now or ())}), sorted({*(now or ())} - {*(was or ())})
    options = [
        *(["--add-entries", *(f"Cidr={one}" for one in missing)] if missing else []),
        *(["--remove-entries", *(f"Cidr={one}" for one in added)] if added else []),
    ]
    command = f"aws ec2 modify-managed-prefix-list --prefix-list-id {part.id} --current-version <its version>"
    return Told(", ".join(missing) or "fewer", ", ".join(added) or "fewer", " ".join((command, *options)))


def _ids(*ids: str | None) -> tuple[str, ...]:
    return tuple(filter(None, ids))
