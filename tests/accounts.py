"""A small account to check: the reference network as AWS describes it, a request for it, and ways to change both."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from control_plane.domain.account.case import Case
from control_plane.domain.account.facts import Content, ExistingCluster, Facts, Network, NotRead, Presence, Role
from control_plane.domain.findings import Severity
from control_plane.domain.request import Request
from control_plane.domain.rules import judge

Shape = dict[str, Any]

VPC = "vpc-1"
CONTROLLER, WORKER, PUBLIC = "subnet-controller", "subnet-worker", "subnet-public"
CONTROLLER_IP, WORKER_IP = "198.51.100.7", "198.51.100.8"
ROLE = "arn:aws:iam::123456789012:role/hyperpod"
POLICY = "arn:aws:iam::aws:policy/AmazonSageMakerClusterInstanceRolePolicy"
SCRIPT = "s3://sagemaker-scripts/config/on_create.sh"
TRUST = {
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "sagemaker.amazonaws.com"}}]
}
LOCAL = {
    "DestinationCidrBlock": "10.0.0.0/16",
    "GatewayId": "local",
    "State": "active",
    "Origin": "CreateRouteTable",
}


def route(to: str = "0.0.0.0/0", **target: str) -> Shape:
    return {"DestinationCidrBlock": to, "State": "active", "Origin": "CreateRoute", **target}


def subnet(name: str, cidr: str, **more: Any) -> Shape:
    return {
        "SubnetId": name,
        "VpcId": VPC,
        "State": "available",
        "AvailabilityZone": "ap-northeast-1a",
        "CidrBlock": cidr,
        "AvailableIpAddressCount": 200,
        **more,
    }


def route_table(name: str, *subnets: str, routes: list[Shape], main: bool = False) -> Shape:
    associations: list[Shape] = [{"SubnetId": one, "Main": False} for one in subnets]
    return {
        "RouteTableId": name,
        "VpcId": VPC,
        "Associations": associations + ([{"Main": True}] if main else []),
        "Routes": [LOCAL, *routes],
    }


def nat_gateway(name: str, *ips: str, subnet_id: str = PUBLIC, **more: Any) -> Shape:
    addresses = [
        {"PublicIp": ip, "PrivateIp": f"10.0.101.{number}", "Status": "succeeded"} for number, ip in enumerate(ips, 10)
    ]
    return {
        "NatGatewayId": name,
        "VpcId": VPC,
        "SubnetId": subnet_id,
        "State": "available",
        "ConnectivityType": "public",
        "NatGatewayAddresses": addresses,
        **more,
    }


def acl_entry(number: int, action: str, *, egress: bool, cidr: str = "0.0.0.0/0", ports: Any = None) -> Shape:
    entry = {
        "RuleNumber": number,
        "RuleAction": action,
        "Egress": egress,
        "CidrBlock": cidr,
        "Protocol": "6" if ports else "-1",
    }
    return entry | ({"PortRange": {"From": ports[0], "To": ports[1]}} if ports else {})


def open_acl(name: str, *subnets: str) -> Shape:
    entries = [acl_entry(number, action, egress=way) for way in (True, False) for number, action in _OPEN]
    return {
        "NetworkAclId": name,
        "VpcId": VPC,
        "Associations": [{"SubnetId": one} for one in subnets],
        "Entries": entries,
    }


_OPEN = ((100, "allow"), (32767, "deny"))


def security_group(name: str) -> Shape:
    """EFA-ready: everything from and to itself, and everything out."""
    itself = [{"GroupId": name}]
    return {
        "GroupId": name,
        "VpcId": VPC,
        "IpPermissions": [{"IpProtocol": "-1", "UserIdGroupPairs": itself, "IpRanges": []}],
        "IpPermissionsEgress": [
            {"IpProtocol": "-1", "UserIdGroupPairs": itself, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ],
    }


def reference_network() -> dict[str, list[Shape]]:
    """Two private subnets, each with a NAT gateway of its own in one public subnet."""
    return {
        "Subnets": [
            subnet(CONTROLLER, "10.0.1.0/24"),
            subnet(WORKER, "10.0.2.0/24"),
            subnet(PUBLIC, "10.0.101.0/24"),
        ],
        "RouteTables": [
            route_table("rtb-main", routes=[], main=True),
            route_table("rtb-controller", CONTROLLER, routes=[route(NatGatewayId="nat-controller")]),
            route_table("rtb-worker", WORKER, routes=[route(NatGatewayId="nat-worker")]),
            route_table("rtb-public", PUBLIC, routes=[route(GatewayId="igw-1")]),
        ],
        "NatGateways": [nat_gateway("nat-controller", CONTROLLER_IP), nat_gateway("nat-worker", WORKER_IP)],
        "InternetGateways": [{"InternetGatewayId": "igw-1", "Attachments": [{"VpcId": VPC, "State": "available"}]}],
        "SecurityGroups": [security_group("sg-1")],
        "NetworkAcls": [open_acl("acl-1", CONTROLLER, WORKER, PUBLIC)],
        "VpcEndpoints": [
            {
                "VpcEndpointId": "vpce-s3",
                "VpcId": VPC,
                "VpcEndpointType": "Gateway",
                "ServiceName": "com.amazonaws.ap-northeast-1.s3",
                "State": "available",
                "RouteTableIds": ["rtb-controller", "rtb-worker"],
            }
        ],
    }


def group(name: str, subnet_id: str, **more: Any) -> Shape:
    return {
        "InstanceGroupName": name,
        "InstanceType": "ml.c5.large",
        "InstanceCount": 1,
        "ExecutionRole": ROLE,
        "LifeCycleConfig": {"SourceS3Uri": "s3://sagemaker-scripts/config/", "OnCreate": "on_create.sh"},
        "OverrideVpcConfig": {"Subnets": [subnet_id], "SecurityGroupIds": ["sg-1"]},
        **more,
    }


class Account:
    """What AWS would describe, and what is asked for: plain dictionaries to change at will."""

    def __init__(self) -> None:
        self.network = reference_network()
        self.prefix_lists: dict[str, list[str]] = {}
        self.dns_support = {VPC: True}
        self.roles: dict[str, Shape | None] = {ROLE: {"Arn": ROLE, "AssumeRolePolicyDocument": deepcopy(TRUST)}}
        self.lifecycle_files = {SCRIPT: Presence.THERE}
        self.attached_policies = {ROLE: [POLICY]}
        self.inline_policies = {ROLE: ["JoinOurVpc"]}
        self.lifecycle_contents = {SCRIPT: {"ETag": '"0a1b"', "LastModified": "2026-11-01T09:00:00Z"}}
        self.cluster: ExistingCluster | None = None
        self.unread: list[NotRead] = []
        self.groups = [group("controller", CONTROLLER), group("worker", WORKER)]
        self.request: Shape = {"Cluster": {"ClusterName": "vision", "InstanceGroups": self.groups}, "Egress": {}}

    def one(self, name: str) -> Shape:
        """The resource of this id."""
        return next(shape for shapes in self.network.values() for shape in shapes if name in list(shape.values())[:1])

    def routes(self, table: str, *routes: Shape) -> None:
        self.one(table)["Routes"] = [LOCAL, *routes]

    def egress(self, **terms: Any) -> None:
        self.request["Egress"].update(terms)

    def facts(self) -> Facts:
        lists = {"Subnets": "subnets", "RouteTables": "route_tables", "NatGateways": "nat_gateways"}
        lists |= {"InternetGateways": "internet_gateways", "SecurityGroups": "security_groups"}
        lists |= {"NetworkAcls": "network_acls", "VpcEndpoints": "vpc_endpoints"}
        named = {one for each in self.groups for one in each.get("OverrideVpcConfig", {}).get("Subnets", [])}
        named |= set(self.request["Cluster"].get("VpcConfig", {}).get("Subnets", []))
        asked = self.network | {"Subnets": [one for one in self.network["Subnets"] if one["SubnetId"] in named]}
        network = {lists[name]: shapes for name, shapes in asked.items()}
        return Facts(
            read_at=datetime(2026, 11, 24, 12, tzinfo=UTC),
            network=Network.model_validate(
                network | {"prefix_lists": self.prefix_lists, "dns_support": self.dns_support}
            ),
            roles={arn: Role.model_validate(role) if role else None for arn, role in self.roles.items()},
            attached_policies={arn: tuple(sorted(names)) for arn, names in self.attached_policies.items()},
            inline_policies={arn: tuple(sorted(names)) for arn, names in self.inline_policies.items()},
            lifecycle_files=self.lifecycle_files,
            lifecycle_contents={uri: Content.model_validate(one) for uri, one in self.lifecycle_contents.items()},
            cluster=self.cluster,
            unread=tuple(self.unread),
        )

    def case(self) -> Case:
        return Case(Request.from_wire(deepcopy(self.request)), self.facts())


@dataclass(frozen=True)
class Example:
    """A place where a rule speaks, or keeps silent: the reference account with one change."""

    rule: str
    when: str
    change: Callable[[Account], object]
    found: dict[str, Severity]  # by subject; empty: silent

    def __str__(self) -> str:
        return f"{self.rule} when {self.when}"

    def judged(self) -> dict[str, Severity]:
        account = Account()
        self.change(account)
        findings = judge(account.case())
        places = [(one.rule, one.subject) for one in findings]
        assert len(places) == len(set(places)), "a rule says one thing about a subject, once"
        return {one.subject: one.severity for one in findings if one.rule == self.rule}
