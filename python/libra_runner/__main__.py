"""``python -m libra_runner SOCKET``: the parent of the interpreters."""

import sys

from libra_runner.zygote import Zygote

if __name__ == "__main__":
    Zygote(sys.argv[1]).run()
