"""Sphinx configuration: `tox -e docs` builds these pages, and a warning is an error."""

import dropout_props

project = "dropout_props"
author = "the dropout_props contributors"
release = dropout_props.__version__
version = release

extensions = ["myst_parser"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
nitpicky = True

html_theme = "furo"
html_title = f"dropout_props {release}"
