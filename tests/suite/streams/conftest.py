"""Puts the root of the repository on sys.path, so that these tests can import their helpers.

Pytest before 8.3 does not. The root comes last: the tests import the installed package.
"""

import sys
from pathlib import Path

_ROOT = str(Path(__file__).parents[3])
if _ROOT not in sys.path:
    sys.path.append(_ROOT)
