"""What a probe can find, in a subnet or on a node."""

from control_plane.domain.egress import Verdict
from control_plane.domain.findings import Rule, Severity

LEAVES_AS_PROMISED = Rule(
    id="PROBE-001",
    title="Traffic leaves a subnet by the addresses that were promised, and by no other.",
    severity=Severity.BLOCKS,
    reason="Who lets only these addresses in turns the cluster away; and the network is not what its owner believes.",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html",
)
LEAVES = Rule(
    id="PROBE-002",
    title="Traffic of a node can leave its subnet.",
    severity=Severity.BLOCKS,
    reason="Packages, images and data cannot be fetched; nodes would fail half an hour later, and cost money.",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html",
)
MUST_REACH_OPENS = Rule(
    id="PROBE-003",
    title="Every URL of MustReach opens from every subnet.",
    severity=Severity.BLOCKS,
    reason="The request says that the cluster needs this URL.",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html",
)
MUST_NOT_REACH_STAYS_SHUT = Rule(
    id="PROBE-004",
    title="No URL of MustNotReach opens from any subnet.",
    severity=Severity.BLOCKS,
    reason="There is a way out that the request says must not be there.",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-best-practices.html",
)
INSTANCE_RUNS = Rule(
    id="PROBE-005",
    title="A probe instance runs in every subnet.",
    severity=Severity.UNKNOWN,
    reason="Without one nothing was seen of this subnet; its routes alone promise what they promise.",
    source="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html",
)
INSTANCE_REPORTS = Rule(
    id="PROBE-006",
    title="A probe instance reports to Systems Manager.",
    severity=Severity.UNKNOWN,
    reason="It cannot be asked; and what keeps it from reporting may keep nodes from what they need.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/troubleshooting-ssm-agent.html",
)
ANSWER_TELLS = Rule(
    id="PROBE-007",
    title="The answer of a probe can be judged.",
    severity=Severity.UNKNOWN,
    reason="What cannot be read, or compared, is neither a proof nor a contradiction.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html",
)
ECHOES_AGREE = Rule(
    id="PROBE-008",
    title="All echo services tell the same story.",
    severity=Severity.WARNS,
    reason="An echo service may fail or lie; or one of them is reached by another way than the others.",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/route-table-options.html",
)
EVERY_GROUP_PROBED = Rule(
    id="PROBE-009",
    title="The subnets of every instance group are probed.",
    severity=Severity.INFO,
    reason="Restricted instance groups run without the internet, so there is no way out to prove.",
    source="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ClusterRestrictedInstanceGroupSpecification.html",
)
STILL_PROMISED = Rule(
    id="PROBE-010",
    title="A NAT gateway that scales itself has only the addresses it had when the account was read.",
    severity=Severity.WARNS,
    reason="AWS adds addresses to it unasked: an address nobody knew is no proof, and no contradiction either.",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateways-regional.html",
)

IPV6_STAYS_INSIDE = Rule(
    id="PROBE-011",
    title="No traffic leaves over IPv6.",
    severity=Severity.WARNS,
    reason="It passes no NAT gateway, so its addresses are none of those that were promised.",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/egress-only-internet-gateway.html",
)
NODE_THERE = Rule(
    id="PROBE-012",
    title="A running node of every group can be asked.",
    severity=Severity.UNKNOWN,
    reason="Without one nothing was seen of this group; its routes alone promise what they promise.",
    source="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListClusterNodes.html",
)
SESSION_OPENS = Rule(
    id="PROBE-013",
    title="Session Manager lets the probe run on a node.",
    severity=Severity.UNKNOWN,
    reason="It cannot be asked; that says nothing of where its traffic leaves.",
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-run-jobs-slurm-access-nodes.html",
)

PROBE_RULES = (
    LEAVES_AS_PROMISED,
    LEAVES,
    MUST_REACH_OPENS,
    MUST_NOT_REACH_STAYS_SHUT,
    INSTANCE_RUNS,
    INSTANCE_REPORTS,
    ANSWER_TELLS,
    ECHOES_AGREE,
    EVERY_GROUP_PROBED,
    STILL_PROMISED,
    IPV6_STAYS_INSIDE,
    NODE_THERE,
    SESSION_OPENS,
)

# What a row says when one of its rules does not hold. A way out that must not be there is another way out, so it is
# OtherAddress; a URL that must open and does not is Blocked, whatever the echo services say.
VERDICTS = {
    LEAVES_AS_PROMISED: Verdict.OTHER_ADDRESS,
    MUST_NOT_REACH_STAYS_SHUT: Verdict.OTHER_ADDRESS,
    LEAVES: Verdict.BLOCKED,
    MUST_REACH_OPENS: Verdict.BLOCKED,
    INSTANCE_RUNS: Verdict.UNKNOWN,
    INSTANCE_REPORTS: Verdict.UNKNOWN,
    ANSWER_TELLS: Verdict.UNKNOWN,
    STILL_PROMISED: Verdict.UNKNOWN,
    NODE_THERE: Verdict.UNKNOWN,
    SESSION_OPENS: Verdict.UNKNOWN,
    ECHOES_AGREE: Verdict.MATCH,
    IPV6_STAYS_INSIDE: Verdict.MATCH,
}
