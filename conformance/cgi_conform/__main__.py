"""python3 -m cgi_conform"""

import sys

from cgi_conform.cli import main

sys.exit(main())
