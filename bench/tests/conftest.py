"""Makes the modules of the report importable for a pytest that is started in any folder."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
