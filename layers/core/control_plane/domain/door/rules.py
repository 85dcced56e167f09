"""What the door refuses or remarks on, as data. Numbers leave gaps so that a family can grow in its place."""

from control_plane.domain.findings import Rule, Severity

CREATE_CLUSTER = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateCluster.html"
GROUP = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ClusterInstanceGroupSpecification.html"
LIFECYCLE_CONFIG = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ClusterLifeCycleConfig.html"
CONTINUOUS_MODE = "https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-scaling-eks.html"
PREREQUISITES = "https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-hyperpod-prerequisites.html"
EC2_IDS = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html"
TAGGING = "https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html"
JSON = "https://www.rfc-editor.org/rfc/rfc8259"
SPECIAL_ADDRESSES = "https://www.iana.org/assignments/iana-ipv4-special-registry/"
OURS = "README.md, the request"
DOOR = "DOOR-"  # how the id of every rule of this family begins


def _blocks(number: int, title: str, reason: str, source: str) -> Rule:
    return Rule(id=f"{DOOR}{number:03}", title=title, severity=Severity.BLOCKS, reason=reason, source=source)


def _warns(number: int, title: str, reason: str, source: str) -> Rule:
    return Rule(id=f"{DOOR}{number:03}", title=title, severity=Severity.WARNS, reason=reason, source=source)


BODY = _blocks(1, "The body is one JSON object.", "Nothing in it can be read.", JSON)
NESTING = _blocks(2, "The body is nested no deeper than a request can be.", "No legal request needs it.", JSON)
REPEATED_KEY = _blocks(
    3, "No object names a key twice.", "Readers of JSON differ in which value wins; a request must say one thing.", JSON
)
FULL_FORM = _blocks(
    4, "CreateCluster's keys stand under Cluster and our terms beside it.", "Which key is whose cannot be told.", OURS
)
BODY_SIZE = _blocks(
    5,
    "A request has at most 256 KiB of JSON.",
    "It is stored in one item, and passed on in one call.",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-items",
)

UNKNOWN_KEY = _blocks(
    10,
    "Every key is known where it stands.",
    "AWS's SDK refuses the call; a slip of the pen would lose a setting.",
    CREATE_CLUSTER,
)
OTHER_DIALECT = _blocks(
    11, "Keys are written as CreateCluster writes them.", "AWS's SDK refuses the names of other tools.", CREATE_CLUSTER
)
MISSING_KEY = _blocks(12, "Every required key is there.", "AWS's SDK refuses the call.", CREATE_CLUSTER)

PLACEHOLDER = _blocks(
    20,
    "No placeholder is left in a value.",
    "A template was not filled in; AWS would look for a thing of that name.",
    OURS,
)
TYPE = _blocks(21, "Every value has the type of its key.", "AWS's SDK refuses the call.", CREATE_CLUSTER)
LENGTH = _blocks(
    22, "Texts, lists and maps have a length within their bounds.", "AWS refuses the call.", CREATE_CLUSTER
)
RANGE = _blocks(23, "Numbers lie within their bounds.", "AWS refuses the call.", CREATE_CLUSTER)
PATTERN = _blocks(24, "Texts have the form of their key.", "AWS refuses the call.", CREATE_CLUSTER)
CHOICE = _blocks(25, "Where a key offers a choice, the value is one of it.", "AWS refuses the call.", CREATE_CLUSTER)
INSTANCE_TYPE = _warns(
    26,
    "The instance type is one that our copy of AWS's model lists.",
    "AWS refuses a type it does not know; our list may be older.",
    GROUP,
)
EC2_ID = _blocks(
    27,
    "Ids of subnets and security groups look like EC2 ids.",
    "CreateCluster's own model accepts sg-12345; the nodes never come.",
    EC2_IDS,
)
ALTERNATIVES = _blocks(28, "Of keys that exclude each other, exactly one is given.", "AWS refuses the call.", GROUP)
REPEATED_ID = _warns(
    29, "A list of ids names each once.", "One of them was probably meant to be another.", CREATE_CLUSTER
)

OWN_VPC = _blocks(
    30,
    "Every instance group lies in the customer's VPC.",
    "Without VpcConfig and OverrideVpcConfig the nodes live in a network of AWS's, past the routes we prove.",
    PREREQUISITES,
)
NO_GROUPS = _warns(
    31, "The cluster has an instance group.", "Without nodes there is no traffic to prove.", CREATE_CLUSTER
)
GROUP_NAME = _blocks(
    32, "Instance groups, restricted ones included, have names of their own.", "AWS refuses the call.", CREATE_CLUSTER
)
MANY_GROUPS = _warns(
    33, "The cluster has at most 20 instance groups.", "The API's model allows 100, the quota is lower.", PREREQUISITES
)
MINIMUM = _blocks(34, "MinInstanceCount is at most InstanceCount.", "The group could never come into service.", GROUP)
CONTINUOUS = _blocks(
    35,
    "What only continuous provisioning offers comes with NodeProvisioningMode Continuous.",
    "AWS refuses a minimum, several instance types, or a choice of capacity in the older all-or-nothing mode.",
    CONTINUOUS_MODE,
)
LIFECYCLE = _blocks(
    36,
    "A LifeCycleConfig names one script, OnCreate or OnInitComplete, and the SourceS3Uri it lies under.",
    "Nodes would start without their script, or AWS refuses the call.",
    LIFECYCLE_CONFIG,
)
TAG_KEY = _blocks(37, "Tag keys are unique.", "AWS refuses the call.", TAGGING)
RESERVED_TAG = _blocks(
    38,
    "Tag keys begin with neither aws: nor hyperpod-vpc:.",
    "AWS keeps the first for itself; by the second we know our own.",
    TAGGING,
)

TERM = _blocks(40, "Our terms have values that we know.", "What was wanted cannot be told.", OURS)
UNKNOWN_TERM = _blocks(41, "Our terms have names that we know.", "A slip of the pen would lose a term.", OURS)
EXPECTED_IPS = _blocks(
    50,
    "ExpectedPublicIps fit the contract: named for Central, none for Closed.",
    "A central network's addresses cannot be read from routes, and a closed one has none.",
    OURS,
)
PUBLIC_ADDRESS = _blocks(
    51,
    "ExpectedPublicIps are public IPv4 addresses, each once.",
    "Traffic is never seen from a private address.",
    SPECIAL_ADDRESSES,
)
PORT = _blocks(52, "A URL's port is between 1 and 65535.", "Nothing can listen there.", OURS)
CONTRADICTION = _blocks(53, "No URL must both open and not open.", "The proof could never succeed.", OURS)
ECHO_URLS = _blocks(
    54, "A proof has an echo URL to ask.", "Without one nobody says from which address the traffic came.", OURS
)
SUPPRESS = _blocks(
    55,
    "Suppress names rules of the account check.",
    "A misspelt id would suppress nothing, and the shape cannot be accepted knowingly.",
    OURS,
)

TOO_MANY = Rule(
    id=f"{DOOR}099",
    title="One answer holds every fault.",
    severity=Severity.INFO,
    reason="The list was cut; the rest shows once these are mended.",
    source=OURS,
)

DOOR_RULES = tuple(value for value in list(globals().values()) if isinstance(value, Rule))
