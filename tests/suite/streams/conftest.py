"""Lets the tests of this folder import what stands beside them, which pytest before 8.3 does not.

The root goes to the end of the path: the installed package is still the one that is tested.
"""

import sys
from pathlib import Path

_ROOT = str(Path(__file__).parents[3])
if _ROOT not in sys.path:
    sys.path.append(_ROOT)
