"""``python -m tests.explore``: see ``run``."""

import sys

from tests.explore.run import main

if __name__ == "__main__":
    sys.exit(main())
