"""What failure texts mean: the words to look for, the cause they point to, and what to do next.

The first row whose words are found wins, so the specific stand above the general, and the ones that say little at the
end. A row without a cause of its own says `Cause.UNKNOWN`, but still what to do.
"""

from dataclasses import dataclass

from control_plane.domain.cluster.readiness import DELETED, STOPPED_TRYING
from control_plane.domain.run import Cause


@dataclass(frozen=True)
class Clue:
    words: str  # a regular expression, whatever the case
    cause: Cause
    remedy: str  # may name {cluster}, {log_group} and {phase}
    source: str
    misleading: bool = False  # AWS gives this text for other reasons too: put what we saw ourselves beside it


_DG = "https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod"
_API = "https://docs.aws.amazon.com/sagemaker/latest/APIReference"
_IAM = f"{_DG}-prerequisites-iam.html"
_SLURM = f"{_DG}-scaling-slurm.html"
_HEALTH = f"{_DG}-eks-resiliency-deep-health-checks.html"
_DEBUGGER = "https://github.com/awslabs/agent-plugins/tree/main/plugins/sagemaker-ai/skills/hyperpod-cluster-debugger"
_FIELD = "https://github.com/awslabs/awsome-distributed-ai"

_AGAIN = "then send the request again under a new RequestId"
_ASK_AGAIN = "If the cluster was kept, have its nodes asked again: POST /clusters/{cluster}/egress-checks."
_STREAMS = "Read the streams LifecycleConfig/<group>/<instance id> of log group {log_group}"
_ELSEWHERE = "ask for fewer nodes first, take a subnet in another zone that offers the type, or buy a training plan"

_BY_HAND = (
    Clue(
        r"^ExecutionAborted\b",
        Cause.STOPPED,
        f"Somebody stopped the run in phase {{phase}}. Look whether cluster {{cluster}} exists, {_AGAIN}.",
        "https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html",
    ),
    Clue(
        r"^EgressOtherAddress\b",
        Cause.EGRESS_OTHER_ADDRESS,
        f"Find the other way out and close it, or put its address into ExpectedPublicIps. {_ASK_AGAIN}",
        "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html",
    ),
    Clue(
        r"^EgressBlocked\b",
        Cause.EGRESS_BLOCKED,
        f"Follow the nodes' route, network ACLs and groups, and open the way. {_ASK_AGAIN}",
        "https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html",
    ),
    Clue(
        DELETED,
        Cause.STOPPED,
        f"Look in CloudTrail for who called DeleteCluster, {_AGAIN}.",
        f"{_API}/API_DeleteCluster.html",
    ),
)

_REFUSED_AT_ONCE = (
    Clue(
        r"NameInUse|ResourceInUse|TagsNotVisible",
        Cause.NAME_IN_USE,
        "Choose another ClusterName, or delete the cluster that holds {cluster} and wait until it is gone.",
        f"{_API}/API_CreateCluster.html",
    ),
    Clue(
        r"NetworkInterfaceLimitExceeded",
        Cause.QUOTA,
        "Ask for more network interfaces per region (quota L-DF5E4CA3): each network card of each node takes one.",
        "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html",
    ),
    Clue(
        r"ResourceLimitExceeded|account-level service limit",
        Cause.QUOTA,
        "Ask for more of the Amazon SageMaker quota that the text names, in Service Quotas, or ask for fewer nodes.",
        "https://docs.aws.amazon.com/general/latest/gr/sagemaker.html",
    ),
    Clue(
        r"CreateServiceLinkedRole|Service role .*could not be created",
        Cause.IAM,
        "Have an administrator create HyperPod's service-linked role once; an SCP may deny it to others.",
        _IAM,
    ),
    Clue(
        r"iam:PassRole",
        Cause.IAM,
        f"Add the role to the stack's parameter ExecutionRoleArns and deploy, {_AGAIN}: no other role can be passed.",
        _IAM,
    ),
    Clue(
        r"This function may not call",
        Cause.IAM,
        f"Allow this product's role the action that the text names, {_AGAIN}. An SCP can deny it too.",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html",
    ),
)

_NODES = (
    Clue(
        r"EFA health checks did not run successfully",
        Cause.EFA,
        "Let every security group reach itself by its own id, all traffic, in and out. If it does, try once more.",
        f"{_FIELD}/pull/259",
        misleading=True,
    ),
    Clue(
        r"No subnets in the capacity AZ|sufficient capacity in the Availability Zone you requested",
        Cause.CAPACITY,
        f"Bring the subnets into the zone of your training plan or reservation. Without one, {_ELSEWHERE}.",
        _DEBUGGER,
    ),
    Clue(
        r"do not have sufficient capacity|insufficient( instance)? capacity|InsufficientInstanceCapacity",
        Cause.CAPACITY,
        f"AWS has too few of these instances there now. Try later, or {_ELSEWHERE}.",
        f"{_FIELD}/issues/204",
    ),
    Clue(
        rf"{STOPPED_TRYING}|(MinInstanceCount|minimum).*not (be )?met",
        Cause.CAPACITY,
        f"Unless somebody scaled the group down, too few nodes came up in three hours: {_ELSEWHERE}.",
        f"{_DG}-scaling-eks.html",
    ),
    Clue(
        r"InsufficientFreeAddressesInSubnet|(not enough|insufficient) free (IP )?addresses",
        Cause.NETWORK,
        "Free addresses in the subnet, take a larger one, or ask for fewer nodes: each takes several.",
        "https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html",
    ),
    Clue(
        r"Cannot provision requested instances",
        Cause.CAPACITY,
        f"Check that subnets and account have addresses and network interfaces left. If so, {_ELSEWHERE}.",
        _DEBUGGER,
    ),
    Clue(
        r"belong to different networks|security group .*does not belong to .*VPC",
        Cause.NETWORK,
        "Name subnets and security groups of one and the same VPC.",
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html",
    ),
    Clue(
        r"(subnet|security group) '?(subnet|sg)-\w+'? does not exist|Invalid(SubnetID|Group)\.NotFound",
        Cause.NETWORK,
        "Name subnets and security groups that exist in this account and region.",
        _DEBUGGER,
    ),
    Clue(
        r"customer network misconfiguration",
        Cause.NETWORK,
        "Check the way from the subnet to S3 and out: routes, network ACL, the groups' outbound rules, the VPC's DNS.",
        _DEBUGGER,
        misleading=True,
    ),
)

_SCRIPTS = (
    Clue(
        r"Connect timeout on endpoint URL",
        Cause.NETWORK,
        "Give the subnet a way to S3 (gateway endpoint or NAT), and let the security groups out on port 443.",
        _DEBUGGER,
    ),
    Clue(
        r"AccessDenied\b.*\b(S3|KMS|GetObject|HeadObject|ListObjects(V2)?|ListBucket|Decrypt)\b",
        Cause.IAM,
        "Let the ExecutionRole read the lifecycle bucket, by its own policy and by bucket, key and endpoint policies.",
        _DEBUGGER,
    ),
    Clue(
        r"(?<=\s)KeyError\b",  # an error of our own would begin with its name
        Cause.LIFECYCLE_SCRIPT,
        "Make the group names in provisioning_parameters.json those of the request, letter by letter.",
        _DEBUGGER,
    ),
    Clue(
        r"bad interpreter|\^M",
        Cause.LIFECYCLE_SCRIPT,
        "Save the lifecycle scripts with LF line ends and a first line like #!/bin/bash, and upload them again.",
        _DEBUGGER,
    ),
    Clue(
        r"Lifecycle scripts? execution timed out",
        Cause.LIFECYCLE_SCRIPT,
        f"{_STREAMS} for what it waited for: often a package mirror, or FSx behind a security group.",
        _DEBUGGER,
    ),
    Clue(
        r"Lifecycle scripts? did not run successfully|lifecycle script execution for EC2 Instance \S+ has Failed",
        Cause.LIFECYCLE_SCRIPT,
        f"{_STREAMS}. No stream: the script was not found or not readable, or the node failed before it.",
        f"{_DG}-cluster-management-slurm.html",
    ),
)

_PERMISSIONS = (
    Clue(
        r"ec2:\w*NetworkInterface\w*|(not authorized|unauthorized).*NetworkInterface",
        Cause.IAM,
        "Give the group's ExecutionRole the EC2 statement that HyperPod needs in a VPC of yours.",
        _IAM,
    ),
    Clue(
        r"authentication mode|access entr(y|ies)",
        Cause.IAM,
        "Set the EKS cluster's authentication mode to API_AND_CONFIG_MAP, and allow the caller eks:CreateAccessEntry.",
        f"{_DG}-eks-prerequisites.html",
    ),
    Clue(
        r"permissions? boundary|(cannot|could not|unable to|not able to|failed to) (be )?assumed?\b|sts:AssumeRole",
        Cause.IAM,
        "Let sagemaker.amazonaws.com assume the group's ExecutionRole, and look at the role's permissions boundary.",
        _IAM,
    ),
    Clue(
        r"not authorized to perform|UnauthorizedOperation",
        Cause.IAM,
        f"Allow the role that the text names the action that it names, {_AGAIN}. An SCP can deny it too.",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html",
    ),
)

_REQUEST = (
    Clue(
        r"^(?=.*\bEKS\b)(?=.*\bVPC\b).*\b(differ|match|same)",
        Cause.NETWORK,
        "Take subnets of the VPC that the EKS cluster is in.",
        f"{_DG}-eks-prerequisites.html",
    ),
    Clue(
        r"\bHelm\b",
        Cause.UNKNOWN,
        f"Install HyperPod's Helm chart in the EKS cluster, {_AGAIN}.",
        f"{_DG}-eks-install-packages-using-helm-chart.html",
    ),
    Clue(
        r"Controller Groups found|no InstanceGroup with Controller node type",
        Cause.UNKNOWN,
        "Give exactly one group the SlurmConfig NodeType Controller.",
        _SLURM,
    ),
    Clue(
        r"Partitions can only be assigned to Compute node types",
        Cause.UNKNOWN,
        "Leave PartitionNames out of controller and login groups.",
        _SLURM,
    ),
    Clue(
        r"both a SLURM Orchestrator Config and a provisioning_parameters\.json",
        Cause.UNKNOWN,
        "Take provisioning_parameters.json out of the lifecycle prefix, or SlurmConfig out of the request.",
        _SLURM,
    ),
    Clue(
        r"Update required to use SlurmConfig in InstanceGroups",
        Cause.UNKNOWN,
        "Leave SlurmConfig out, or take a current image.",
        _SLURM,
    ),
    Clue(
        r"\btaints\b",
        Cause.UNKNOWN,
        "Take the taints off the group: with EFA and deep health checks they are not supported.",
        _HEALTH,
    ),
    Clue(
        r"^RequestRejected\b|\bValidationException\b",
        Cause.UNKNOWN,
        f"Change what the text names, {_AGAIN}.",
        f"{_API}/CommonErrors.html",
    ),
)

_SAY_LITTLE = (
    Clue(
        r"controller and login nodes did not become ready",
        Cause.UNKNOWN,
        f"{_STREAMS}, those of the controller group first.",
        _SLURM,
    ),
    Clue(
        r"^DeadlinePassed\b",
        Cause.DEADLINE,
        "Time ran out in phase {phase}. Ask for more DeadlineMinutes: groups with deep health checks take hours.",
        _HEALTH,
    ),
    Clue(
        r"Request to service failed\. If failure persists",
        Cause.UNKNOWN,
        f"HyperPod says this of passing troubles too: wait a little, {_AGAIN}. If it stays, ask AWS Support.",
        f"{_DG}-cluster-events-reference.html",
        misleading=True,
    ),
    Clue(
        r"^(AwsUnavailable|NotYet|States\.Timeout|Lambda\.|Sandbox\.|Runtime\.)",
        Cause.UNKNOWN,
        f"A call went unanswered in spite of retries. Look whether cluster {{cluster}} exists, {_AGAIN}.",
        "https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html",
    ),
)

CLUES = (*_BY_HAND, *_REFUSED_AT_ONCE, *_NODES, *_SCRIPTS, *_PERMISSIONS, *_REQUEST, *_SAY_LITTLE)

NO_CLUE = Clue(
    "",
    Cause.UNKNOWN,
    f"The text is new to us. {_STREAMS} and the cluster's events; if they tell no more, ask AWS Support.",
    f"{_DG}-cluster-events-reference.html",
    misleading=True,
)
NO_CLUE_AND_NO_CLUSTER = Clue(
    "",
    Cause.UNKNOWN,
    f"The text is new to us. Search the functions' log group for the RunId, {_AGAIN}.",
    "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html",
)
