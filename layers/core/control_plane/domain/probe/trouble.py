"""Why a probe has nothing to say, as a claim: unknown, the cause as far as it goes, and the way to look by hand."""

from control_plane.domain.probe.claims import Claim, Promise
from control_plane.domain.probe.ledger import Probe, Trouble, TroubleKind
from control_plane.domain.probe.rules import ANSWER_TELLS, INSTANCE_REPORTS, INSTANCE_RUNS
from control_plane.domain.request import Contract

RULES = {
    TroubleKind.NO_INSTANCE: INSTANCE_RUNS,
    TroubleKind.NEVER_ONLINE: INSTANCE_REPORTS,
    TroubleKind.NO_ANSWER: ANSWER_TELLS,
}

_KEY = (
    "Volumes are encrypted by default with a key that the prober's role may not use, or that is disabled: allow it"
    " kms:CreateGrant, kms:Decrypt and kms:GenerateDataKeyWithoutPlaintext."
)
# By the code that RunInstances refuses with, or that an instance died of.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html
REMEDIES = {
    "VcpuLimitExceeded": "Raise the quota of running On-Demand Standard instances (L-1216C47A): a probe takes 2 vCPUs.",
    "InsufficientInstanceCapacity": "Send the request again later: AWS is out of small instances in this zone.",
    "InsufficientFreeAddressesInSubnet": "Free addresses in the subnet, or name a larger one: nodes need them too.",
    "Unsupported": "None of the small instance types runs in this zone.",
    "Client.InternalError": _KEY,
    "Client.InvalidKMSKey.InvalidState": _KEY,
    "Client.VolumeLimitExceeded": "Raise the quota of EBS storage.",
}


def claim_of(probe: Probe, trouble: Trouble, promise: Promise, echo_url: str) -> Claim:
    by_hand = f"By hand, from an instance in {probe.point.subnet_id} with {_groups(probe)}: curl -4 {echo_url}"
    cause = REMEDIES.get(trouble.code, "")
    if trouble.kind is TroubleKind.NEVER_ONLINE:
        cause = _why_offline(probe, promise)
    return Claim(RULES[trouble.kind], trouble.text, promise.wanted, f"{cause} {by_hand}".strip())


def _why_offline(probe: Probe, promise: Promise) -> str:
    """The agent needs 443 to ssm, ssmmessages and ec2messages, by the internet or by endpoints.

    https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-setting-up-messageAPIs.html
    """
    endpoints = "endpoints for ssm, ssmmessages and ec2messages"
    way = endpoints if promise.contract is Contract.CLOSED else f"a working route to the internet, or {endpoints}"
    return (
        f"Look for: {way}; network ACLs that let 443 out and 1024-65535 back in; outbound 443 in {_groups(probe)};"
        " policies and groups of the endpoints; DNS support in the VPC; a policy that stops the SSM agent."
    )


def _groups(probe: Probe) -> str:
    return " and ".join(probe.point.security_group_ids)
