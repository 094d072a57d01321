"""`python -m pettycash_tui`, the same as `pettycash`."""

import sys

from pettycash_tui.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
