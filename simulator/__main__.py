"""AWS on this machine, with the control plane deployed in it, until it is told to end."""

import argparse
import json
import logging
import signal
import sys
import threading
from contextlib import redirect_stdout

from simulator.app import Simulator

logger = logging.getLogger("simulator")


def main() -> int:
    arguments = _arguments()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    told_to_end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_end.set())
    out = sys.stdout
    with redirect_stdout(sys.stderr):  # whatever our libraries print: our one line is for programs to read
        try:
            simulator = Simulator.start(speed=arguments.speed, aws_port=arguments.aws_port, api_port=arguments.api_port)
        except OSError as error:
            logger.error("No start: %s. If a port is taken, 0 takes any free one.", error)  # noqa: TRY400 (no news in it)
            return 1
        with simulator:
            simulator.keep_time()
            print(json.dumps(simulator.address_book()), file=out, flush=True)
            told_to_end.wait()
    return 0


def port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise ValueError(text)
    return number


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    up = parser.add_subparsers(required=True, metavar="up").add_parser(
        "up", help="start, and stay up until told to end"
    )
    up.add_argument("--aws-port", type=port, default=5566, help="for the AWS CLI and SDKs; 0: any free one")
    up.add_argument("--api-port", type=port, default=5567, help="for the HTTP API, Slack and events; 0: any free one")
    up.add_argument("--speed", type=float, default=60, help="virtual seconds a real second of waiting is worth")
    up.add_argument("--world", choices=["seed"], default="seed", help="which world to build")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
