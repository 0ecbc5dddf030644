"""python3 -m faulty [--fault NAME] PORT …: the fault is put in before any module that it edits is imported."""

import sys

from faulty import faults


def main() -> int:
    """The exit status; 2 for a fault that does not exist or cannot be put in."""
    arguments = sys.argv[1:]
    try:
        name = faults.take(arguments)
        if name is not None:
            faults.put_in(faults.find(name, faults.load(faults.HERE)), faults.HERE)
    except faults.Broken as error:
        print(f"faulty: {error}", file=sys.stderr)
        return 2
    from faulty.server import main as serve

    return serve(arguments)


if __name__ == "__main__":
    sys.exit(main())
