"""What calls to EC2 need, and those to Systems Manager."""

import re
from collections.abc import Iterator

from simulator.cloudformation.registry import NotModelledError
from simulator.context import ACCOUNT
from simulator.iam.calls import Asked, arn, keys, on, passing, tag_keys
from simulator.iam.policies import Ask
from simulator.iam.resources import Resources

# Parameters of RunInstances that ask for permission to further resources, or name known ones in another way.
MORE = re.compile(
    r"KeyName|SecurityGroup\.|LaunchTemplate\.|Placement\.|CapacityReservation|LicenseSpecification|Elastic"
    r"|IamInstanceProfile\.Name|.*\.(SnapshotId|NetworkInterfaceId)"
)


@on("ec2:RunInstances")
def _run_instances(asked: Asked, resources: Resources) -> Iterator[Ask]:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html#iam-example-runinstances"""
    if more := sorted(filter(MORE.match, asked.form)):
        raise NotModelledError(f"The simulator does not know what a launch with {', '.join(more)} is allowed by.")
    image = asked.form["ImageId"]
    yield Ask(asked.action, arn("ec2", f"image/{image}", account=""), keys({"ec2:Owner": resources.owners_of(image)}))
    for kind, value in _network_of(asked):
        yield Ask(asked.action, arn("ec2", f"{kind}/{value}"))
    tags = _tag_specifications(asked)
    for kind in ("instance", "network-interface", "volume"):
        known = tag_keys("aws:RequestTag", tags.get(kind, {}))
        if kind == "instance":
            known |= {"ec2:InstanceType": (asked.form["InstanceType"],)}
        yield Ask(asked.action, arn("ec2", f"{kind}/new"), keys(known))
    for kind, given in tags.items():
        said = tag_keys("aws:RequestTag", given) | {"ec2:CreateAction": (asked.call.operation,)}
        yield Ask("ec2:CreateTags", arn("ec2", f"{kind}/new"), keys(said))
    if profile := asked.form.get("IamInstanceProfile.Arn"):
        for role in resources.roles_of(profile):
            yield passing(role, "ec2.amazonaws.com")


@on("ec2:TerminateInstances")
def _on_instances(asked: Asked, resources: Resources) -> Iterator[Ask]:
    for instance in asked.numbered("InstanceId"):
        tags = tag_keys("aws:ResourceTag", resources.tags_of_instance(instance))
        yield Ask(asked.action, arn("ec2", f"instance/{instance}"), keys(tags))


@on("ec2:CreateTags")
def _create_tags(asked: Asked, _: Resources) -> Iterator[Ask]:
    """Of its own, not as part of another call: without an ec2:CreateAction."""
    tags = {value: asked.form.get(f"{key[:-4]}.Value", "") for key, value in asked.form.items() if key.endswith(".Key")}
    for resource in asked.numbered("ResourceId"):
        kind = {"i": "instance", "eni": "network-interface", "vol": "volume"}.get(resource.partition("-")[0], "other")
        yield Ask(asked.action, arn("ec2", f"{kind}/{resource}"), keys(tag_keys("aws:RequestTag", tags)))


@on("ec2:DescribeVpcAttribute")
def _vpc(asked: Asked, _: Resources) -> Iterator[Ask]:
    yield Ask(asked.action, arn("ec2", f"vpc/{asked.form['VpcId']}"))


@on("ec2:GetManagedPrefixListEntries")
def _prefix_list(asked: Asked, _: Resources) -> Iterator[Ask]:
    yield Ask(asked.action, arn("ec2", f"prefix-list/{asked.form['PrefixListId']}"))


def _network_of(asked: Asked) -> Iterator[tuple[str, str]]:
    for name, value in asked.form.items():
        if name.endswith("SubnetId"):
            yield "subnet", value
        elif "SecurityGroupId." in name:
            yield "security-group", value


def _tag_specifications(asked: Asked) -> dict[str, dict[str, str]]:
    """Tags by resource type, from ``TagSpecification.1.ResourceType``, ``TagSpecification.1.Tag.1.Key``, ..."""
    found: dict[str, dict[str, str]] = {}
    for name, kind in asked.form.items():
        start, _, last = name.rpartition(".")
        if start.startswith("TagSpecification.") and last == "ResourceType":
            at = f"{start}.Tag."
            numbers = {key.removeprefix(at).partition(".")[0] for key in asked.form if key.startswith(at)}
            found[kind] = {asked.form[f"{at}{n}.Key"]: asked.form.get(f"{at}{n}.Value", "") for n in numbers}
    return found


# ---------------------------------------------------------------- Systems Manager


@on("ssm:GetParameter")
def _parameter(asked: Asked, _: Resources) -> Iterator[Ask]:
    """AWS's own parameters are in no account."""
    name = asked.json["Name"].lstrip("/")
    yield Ask(asked.action, arn("ssm", f"parameter/{name}", account="" if name.startswith("aws/") else ACCOUNT))


@on("ssm:SendCommand")
def _send_command(asked: Asked, resources: Resources) -> Iterator[Ask]:
    """https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command-setting-up.html"""
    if asked.json.get("Targets"):
        raise NotModelledError("The simulator does not know which instances a command's Targets come to.")
    name = asked.json["DocumentName"]
    aws_owned = "" if name.startswith("AWS-") else ACCOUNT
    yield Ask(asked.action, name if name.startswith("arn:") else arn("ssm", f"document/{name}", account=aws_owned))
    for instance in asked.json.get("InstanceIds", []):
        tags = tag_keys("ssm:resourceTag", resources.tags_of_instance(instance))
        yield Ask(asked.action, arn("ec2", f"instance/{instance}"), keys(tags))
