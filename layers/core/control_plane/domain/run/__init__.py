"""The record of one request: what is known about it from its acceptance to its end."""

from enum import StrEnum
from hashlib import sha256

from control_plane.domain.egress import Egress, PredictedEgress, Via
from control_plane.domain.findings import Finding
from control_plane.domain.wire import Moment, Wire


class Kind(StrEnum):
    """What a run is for."""

    PROVISION = "Provision"
    EGRESS_CHECK = "EgressCheck"  # asks the nodes of a cluster that is there, whoever made it; changes nothing
    ADOPTION = "Adoption"  # puts a cluster that is there under watch, whoever made it; changes nothing


class State(StrEnum):
    RUNNING = "Running"
    PROVISIONED = "Provisioned"
    REFUSED = "Refused"
    FAILED = "Failed"
    VERIFIED = "Verified"  # an egress check: every node leaves as promised
    MISMATCH = "Mismatch"  # one at least does not
    UNVERIFIED = "Unverified"  # neither
    ADOPTED = "Adopted"


class Phase(StrEnum):
    """What a run is at, in order; a run never goes back to an earlier one."""

    ACCEPT = "Accept"
    CHECK_ACCOUNT = "CheckAccount"
    PROBE_SUBNETS = "ProbeSubnets"
    CREATE_CLUSTER = "CreateCluster"
    WAIT_FOR_CLUSTER = "WaitForCluster"
    PROBE_NODES = "ProbeNodes"
    JUDGE_EGRESS = "JudgeEgress"
    RECORD_BASELINE = "RecordBaseline"
    ANNOUNCE = "Announce"

    @property
    def rank(self) -> int:
        return list(Phase).index(self)


class Cause(StrEnum):
    """Why a run failed, as far as can be told; UNKNOWN comes with AWS's own text."""

    CAPACITY = "Capacity"
    QUOTA = "Quota"
    EFA = "Efa"
    LIFECYCLE_SCRIPT = "LifecycleScript"
    IAM = "Iam"
    NETWORK = "Network"
    EGRESS_OTHER_ADDRESS = "EgressOtherAddress"
    EGRESS_BLOCKED = "EgressBlocked"
    NAME_IN_USE = "NameInUse"
    DEADLINE = "Deadline"
    STOPPED = "Stopped"
    UNKNOWN = "Unknown"


class Disposition(StrEnum):
    """What became of the cluster of a failed run."""

    NOT_CREATED = "NotCreated"
    KEPT = "Kept"
    DELETE_REQUESTED = "DeleteRequested"
    DELETE_FAILED = "DeleteFailed"


class PhaseTimes(Wire):
    phase: Phase
    started_at: Moment
    ended_at: Moment | None = None


class Group(Wire):
    """An instance group as it stands: what was asked for beside what is there."""

    instance_group_name: str
    instance_type: str | None
    requested_count: int
    current_count: int
    target_count: int
    status: str


class Evidence(Wire):
    """Where the proof is kept. `sha256` is of the object's bytes, in hex."""

    s3_uri: str
    sha256: str


class Run(Wire):
    """One request and what became of it. Not known yet = null or empty, never absent."""

    run_id: str
    request_id: str
    requested_by: str
    kind: Kind = Kind.PROVISION
    cluster_name: str | None  # null only where a refused request gave none
    cluster_arn: str | None = None
    cluster_status: str | None = None  # HyperPod's word when it was last read; None: it was not there
    state: State = State.RUNNING
    phase: Phase = Phase.ACCEPT
    phases: tuple[PhaseTimes, ...] = ()
    findings: tuple[Finding, ...] = ()
    predicted_egress: tuple[PredictedEgress, ...] = ()
    egress: tuple[Egress, ...] = ()
    proved: tuple[Via, ...] = ()
    groups: tuple[Group, ...] = ()
    cause: Cause | None = None
    cause_detail: str | None = None
    remedy: str | None = None
    cluster_disposition: Disposition | None = None
    accepted_at: Moment
    updated_at: Moment
    deadline_at: Moment
    execution_arn: str | None = None
    evidence: Evidence | None = None
    omitted_findings: int = 0  # what only the evidence holds, see run.size
    omitted_egress: int = 0
    omitted_predicted_egress: int = 0


RUN_ID_PATTERN = r"run-[0-9a-f]{24}"


def run_id_of(request_id: str) -> str:
    """The run's id; also its execution's name and its cluster's tag, so that a repeat meets its own run.

    >>> run_id_of("team-a-2026-11-23")
    'run-cbbe76b426596372fdad93df'
    """
    return f"run-{sha256(request_id.encode()).hexdigest()[:24]}"
