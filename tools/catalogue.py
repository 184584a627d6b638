"""Writes what is made from the catalogue: docs/catalogue.md and the files of `list` and `plan`.

Run `python tools/catalogue.py` after a change of a property. With `--no-plans`, which saves a
minute, the plans stay as they are.
"""

import json
import sys
from pathlib import Path

from dropout_props.cases.profiles import PROFILES
from dropout_props.cli import shipped
from dropout_props.properties import EXPLAINED
from dropout_props.properties.describe import page
from dropout_props.results.writing import save

ROOT = Path(__file__).parents[1]


def main(arguments: list[str]) -> None:
    """Write the files."""
    save(page(EXPLAINED) + "\n", ROOT / "docs" / "catalogue.md")
    save(json.dumps(shipped.make_catalogue(), indent=1) + "\n", shipped.CATALOGUE_FILE)
    if "--no-plans" not in arguments:
        plans = {name: shipped.make_plan(name) for name in PROFILES}
        save(json.dumps(plans, indent=1) + "\n", shipped.PLANS_FILE)


if __name__ == "__main__":
    main(sys.argv[1:])
