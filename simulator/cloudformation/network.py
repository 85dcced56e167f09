"""Resource types of a VPC."""

from typing import Any

from moto.ec2.models import ec2_backends

from simulator.cloudformation.registry import Aws, Made, Properties, resource
from simulator.context import ACCOUNT, REGION
from simulator.ec2.nat_backend import AT_ONCE


def _tags(properties: Properties, kind: str) -> list[dict[str, Any]]:
    tags = properties.take("Tags", [])
    return [{"ResourceType": kind, "Tags": tags}] if tags else []


@resource("AWS::EC2::VPC")
def vpc(aws: Aws, properties: Properties, _name: str) -> Made:
    made = aws("ec2").create_vpc(
        **properties.some("CidrBlock", "InstanceTenancy"), TagSpecifications=_tags(properties, "vpc")
    )
    vpc_id = made["Vpc"]["VpcId"]
    for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
        value = properties.take(attribute)
        if value is not None:
            aws("ec2").modify_vpc_attribute(VpcId=vpc_id, **{attribute: {"Value": _is_true(value)}})
    return Made(vpc_id, {"VpcId": vpc_id, "CidrBlock": made["Vpc"]["CidrBlock"]})


def _is_true(value: bool | str) -> bool:  # noqa: FBT001 (a template's boolean may be a string)
    return str(value).lower() == "true"


@resource("AWS::EC2::InternetGateway")
def internet_gateway(aws: Aws, properties: Properties, _name: str) -> Made:
    made = aws("ec2").create_internet_gateway(TagSpecifications=_tags(properties, "internet-gateway"))
    gateway = made["InternetGateway"]["InternetGatewayId"]
    return Made(gateway, {"InternetGatewayId": gateway})


@resource("AWS::EC2::VPCGatewayAttachment")
def gateway_attachment(aws: Aws, properties: Properties, name: str) -> Made:
    aws("ec2").attach_internet_gateway(**properties.some("VpcId", "InternetGatewayId"))
    return Made(name)


@resource("AWS::EC2::Subnet")
def subnet(aws: Aws, properties: Properties, _name: str) -> Made:
    wanted = properties.some("VpcId", "CidrBlock", "AvailabilityZone", "AvailabilityZoneId")
    made = aws("ec2").create_subnet(**wanted, TagSpecifications=_tags(properties, "subnet"))["Subnet"]
    public = properties.take("MapPublicIpOnLaunch")
    if public is not None:
        aws("ec2").modify_subnet_attribute(SubnetId=made["SubnetId"], MapPublicIpOnLaunch={"Value": _is_true(public)})
    return Made(made["SubnetId"], {key: made[key] for key in ("SubnetId", "AvailabilityZone", "CidrBlock", "VpcId")})


@resource("AWS::EC2::RouteTable")
def route_table(aws: Aws, properties: Properties, _name: str) -> Made:
    made = aws("ec2").create_route_table(
        VpcId=properties.take("VpcId"), TagSpecifications=_tags(properties, "route-table")
    )
    table = made["RouteTable"]["RouteTableId"]
    return Made(table, {"RouteTableId": table})


@resource("AWS::EC2::Route")
def route(aws: Aws, properties: Properties, _name: str) -> Made:
    wanted = properties.some(
        "RouteTableId", "DestinationCidrBlock", "GatewayId", "InstanceId", "NatGatewayId", "NetworkInterfaceId",
        "TransitGatewayId", "VpcEndpointId", "VpcPeeringConnectionId",
    )  # fmt: skip
    aws("ec2").create_route(**wanted)
    return Made(f"{wanted['RouteTableId']}|{wanted['DestinationCidrBlock']}")


@resource("AWS::EC2::SubnetRouteTableAssociation")
def route_table_association(aws: Aws, properties: Properties, _name: str) -> Made:
    made = aws("ec2").associate_route_table(**properties.some("SubnetId", "RouteTableId"))["AssociationId"]
    return Made(made, {"Id": made})


@resource("AWS::EC2::EIP")
def elastic_ip(aws: Aws, properties: Properties, _name: str) -> Made:
    made = aws("ec2").allocate_address(**properties.some("Domain"), TagSpecifications=_tags(properties, "elastic-ip"))
    return Made(made["PublicIp"], {key: made[key] for key in ("AllocationId", "PublicIp")})


@resource("AWS::EC2::NatGateway")
def nat_gateway(_aws: Aws, properties: Properties, _name: str) -> Made:
    """A stack waits until its gateway is available; here it is so at once."""
    backend: Any = ec2_backends[ACCOUNT][REGION]  # the world's own, not moto's
    made = backend.create_nat_gateway(
        properties.take("SubnetId"),
        properties.take("AllocationId"),
        {tag["Key"]: tag["Value"] for tag in properties.take("Tags", [])},
        properties.take("ConnectivityType", "public"),
        pending=AT_ONCE,
    )
    return Made(made.id, {"NatGatewayId": made.id})


@resource("AWS::EC2::VPCEndpoint")
def endpoint(aws: Aws, properties: Properties, _name: str) -> Made:
    wanted = properties.some(
        "VpcId", "ServiceName", "VpcEndpointType", "RouteTableIds", "SubnetIds", "SecurityGroupIds", "PrivateDnsEnabled"
    )
    made = aws("ec2").create_vpc_endpoint(**wanted, TagSpecifications=_tags(properties, "vpc-endpoint"))
    endpoint_id = made["VpcEndpoint"]["VpcEndpointId"]
    return Made(endpoint_id, {"Id": endpoint_id})


@resource("AWS::EC2::SecurityGroup")
def security_group(aws: Aws, properties: Properties, name: str) -> Made:
    made = aws("ec2").create_security_group(
        GroupName=properties.take("GroupName", name),
        Description=properties.take("GroupDescription"),
        VpcId=(vpc_id := properties.take("VpcId")),
        TagSpecifications=_tags(properties, "security-group"),
    )
    group = made["GroupId"]
    if egress := properties.take("SecurityGroupEgress"):
        _replace_default_egress(aws, group, [_permission(Properties("rule", rule)) for rule in egress])
    if ingress := properties.take("SecurityGroupIngress"):
        permissions = [_permission(Properties("rule", rule)) for rule in ingress]
        aws("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=permissions)
    return Made(group, {"GroupId": group, "VpcId": vpc_id})


def _replace_default_egress(aws: Aws, group: str, permissions: list[dict[str, Any]]) -> None:
    """Egress rules in a template take the place of the one that a new group comes with."""
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    aws("ec2").revoke_security_group_egress(GroupId=group, IpPermissions=[everything])
    aws("ec2").authorize_security_group_egress(GroupId=group, IpPermissions=permissions)


@resource("AWS::EC2::SecurityGroupIngress")
def ingress(aws: Aws, properties: Properties, name: str) -> Made:
    group, permission = properties.take("GroupId"), _permission(properties)
    aws("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    return Made(name)


@resource("AWS::EC2::SecurityGroupEgress")
def egress(aws: Aws, properties: Properties, name: str) -> Made:
    group, permission = properties.take("GroupId"), _permission(properties)
    aws("ec2").authorize_security_group_egress(GroupId=group, IpPermissions=[permission])
    return Made(name)


def _permission(rule: Properties) -> dict[str, Any]:
    """CloudFormation's rule as EC2's IpPermission."""
    about = {"Description": text} if (text := rule.take("Description")) else {}
    permission = {"IpProtocol": str(rule.take("IpProtocol"))} | rule.some("FromPort", "ToPort")
    if cidr := rule.take("CidrIp"):
        permission["IpRanges"] = [{"CidrIp": cidr} | about]
    group = rule.take("SourceSecurityGroupId") or rule.take("DestinationSecurityGroupId")
    if group:
        permission["UserIdGroupPairs"] = [{"GroupId": group} | about]
    rule.check()
    return permission
