"""Configuration of Sphinx. `tox -e docs` builds these pages; a warning is an error."""

import dropout_props

project = "dropout_props"
author = "the dropout_props contributors"
project_copyright = author
release = dropout_props.__version__
version = release

extensions = ["myst_parser"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
nitpicky = True
smartquotes_action = "qe"  # quotes and ellipses; `--option` keeps its dashes

html_theme = "furo"
html_title = f"dropout_props {release}"
html_static_path = ["_static"]
html_css_files = ["wide.css"]
