"""The tags on everything that a run makes: by them we know what is ours, and touch nothing else."""

RUN_TAG, STACK_TAG = "hyperpod-vpc:run-id", "hyperpod-vpc:stack"
POINT_TAG = "hyperpod-vpc:probe"  # on a probe instance: the vantage point it stands at


def marks(run_id: str, stack: str) -> dict[str, str]:
    return {RUN_TAG: run_id, STACK_TAG: stack}
