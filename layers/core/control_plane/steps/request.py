"""What the state machine hands to every step."""

from control_plane.domain.wire import Wire


class StepRequest(Wire):
    """Ids only: a step reads its run itself, consistently, just before it acts."""

    run_id: str
