"""Configuration of the documentation: ``python -m sphinx -W -n -b html docs docs/_build``."""

from importlib import metadata

project = "hostway_fake"
release = metadata.version("hostway-fake")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"hostway_fake {release}"
exclude_patterns = ["_build"]

myst_heading_anchors = 4

default_role = "code"
autodoc_member_order = "bysource"
autodoc_class_signature = "mixed"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False

nitpick_ignore_regex = [
    # The documentation is built without the inventories of other projects, so that it needs no network.
    ("py:.*", r"(flask|httpx|requests|ssl|urllib3|werkzeug)\..*"),
    ("py:.*", r"(collections|contextlib|datetime|enum|os|pathlib|types|typing)\..*"),
    ("py:.*", r"[A-Za-z_]+"),
    # Types in signatures that have no page of their own.
    ("py:class", r"hostway_fake\..*"),
]
