"""What may be done to a network under watch, and to what its clusters need."""

from tests.accounts import (
    CONTROLLER,
    PUBLIC,
    ROLE,
    SCRIPT,
    WORKER,
    acl_entry,
    nat_gateway,
    open_acl,
    route,
    route_table,
)
from tests.unit.drift_stories import Change, WatchedAccount

OTHER_IP = "203.0.113.9"
BOTH = ("controller", "worker")


def routed(table: str, *routes: dict[str, str]) -> Change:
    return lambda account: account.routes(table, *routes)


def addresses(*ips: str) -> Change:
    return lambda account: account.one("nat-worker").update(nat_gateway("nat-worker", *ips))


def nat_being_deleted(account: WatchedAccount) -> None:
    account.one("nat-worker")["State"] = "deleting"


def nat_deleted(account: WatchedAccount) -> None:
    account.one("nat-worker")["State"] = "deleted"
    account.routes("rtb-worker", route(NatGatewayId="nat-worker") | {"State": "blackhole"})


def nat_forgotten(account: WatchedAccount) -> None:
    nat_deleted(account)
    account.network["NatGateways"].remove(account.one("nat-worker"))


def associated_with_another_table(account: WatchedAccount) -> None:
    account.one("rtb-worker")["Associations"] = []
    account.one("rtb-controller")["Associations"].append({"SubnetId": WORKER})


def disassociated(account: WatchedAccount) -> None:
    account.one("rtb-worker")["Associations"] = []


def by_main_table(account: WatchedAccount) -> None:
    disassociated(account)
    account.routes("rtb-main", route(NatGatewayId="nat-worker"))


def other_main_table(account: WatchedAccount) -> None:
    account.one("rtb-main")["Associations"] = []
    account.network["RouteTables"].append(
        route_table("rtb-new", routes=[route(NatGatewayId="nat-controller")], main=True)
    )


def interface(ip: str = OTHER_IP, **more: object) -> Change:
    shape = {
        "NetworkInterfaceId": "eni-1",
        "SubnetId": WORKER,
        "Groups": [{"GroupId": "sg-1"}],
        "Association": {"PublicIp": ip},
    }
    return lambda account: account.interfaces.append(shape | more)


def around_the_nat(account: WatchedAccount) -> None:
    account.routes("rtb-worker", route(GatewayId="igw-1"))
    interface()(account)


def egress_revoked(account: WatchedAccount) -> None:
    account.one("sg-1")["IpPermissionsEgress"][0]["IpRanges"] = []


def self_rule_revoked(account: WatchedAccount) -> None:
    account.one("sg-1")["IpPermissions"] = []


def efa(account: WatchedAccount) -> None:
    account.groups[1]["InstanceType"] = "ml.p5.48xlarge"


def gateway_detached(account: WatchedAccount) -> None:
    account.network["InternetGateways"] = []
    account.routes("rtb-public", route(GatewayId="igw-1") | {"State": "blackhole"})


def denied_by_acl(account: WatchedAccount) -> None:
    account.one("acl-1")["Entries"].append(acl_entry(50, "deny", egress=True))


def under_another_acl(account: WatchedAccount) -> None:
    account.one("acl-1")["Associations"] = [{"SubnetId": CONTROLLER}, {"SubnetId": PUBLIC}]
    account.network["NetworkAcls"].append(open_acl("acl-shut", WORKER) | {"Entries": []})


def group_deleted(account: WatchedAccount) -> None:
    account.network["SecurityGroups"] = []


def subnet_deleted(account: WatchedAccount) -> None:
    account.network["Subnets"].remove(account.one(WORKER))


def endpoint_for_fewer_tables(account: WatchedAccount) -> None:
    account.one("vpce-s3")["RouteTableIds"] = ["rtb-controller"]


def no_trust(account: WatchedAccount) -> None:
    account.roles[ROLE] = {"Arn": ROLE, "AssumeRolePolicyDocument": {"Statement": []}}


def nat_subnet_sealed(account: WatchedAccount) -> None:
    account.routes("rtb-public")


def two_tables_down(account: WatchedAccount) -> None:
    nat_deleted(account)
    egress_revoked(account)


def partners_routed_apart(account: WatchedAccount) -> None:
    account.prefix_lists["pl-1"] = []
    listed = {"DestinationPrefixListId": "pl-1", "TransitGatewayId": "tgw-1"}
    account.routes("rtb-worker", route(NatGatewayId="nat-worker"), listed)


def closed(account: WatchedAccount) -> None:
    account.egress(Contract="Closed")
    account.routes("rtb-controller")
    account.routes("rtb-worker")


def policy_gone(account: WatchedAccount) -> None:
    account.attached_policies[ROLE] = []


def inline_policy_gone(account: WatchedAccount) -> None:
    account.inline_policies[ROLE] = []


def overwritten(account: WatchedAccount) -> None:
    account.lifecycle_contents[SCRIPT] = {"ETag": '"2c3d"', "LastModified": "2026-11-24T14:03:00Z"}
