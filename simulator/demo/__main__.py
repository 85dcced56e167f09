"""`python -m simulator.demo`: the main job, start to end, in a simulated AWS."""

import argparse
import logging
import sys

from simulator.demo.story import demo
from simulator.demo.view import View


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m simulator.demo", description=__doc__)
    parser.add_argument("--speed", type=float, default=60, help="virtual seconds a real second of waiting is worth")
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR)
    return demo(parser.parse_args().speed, View())


if __name__ == "__main__":
    sys.exit(main())
