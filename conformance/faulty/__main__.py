"""Runs `python3 -m faulty [--fault NAME] PORT …`. Inserts the fault before it imports a module that the fault edits."""

import sys

from . import faults


def main() -> int:
    """Returns the exit status: 2 if the fault does not exist or cannot be inserted."""
    arguments = sys.argv[1:]
    try:
        name = faults.take(arguments)
        if name is not None:
            faults.put_in(faults.find(name, faults.load(faults.HERE)), faults.HERE, __package__)
    except faults.Broken as error:
        print(f"faulty: {error}", file=sys.stderr)
        return 2
    from .server import main as serve

    return serve(arguments)


if __name__ == "__main__":
    sys.exit(main())
