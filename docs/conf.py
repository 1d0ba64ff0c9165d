"""How Sphinx builds the manual: ``sphinx-build -W --keep-going -b html docs docs/_build/html``.

Nothing here needs a network. Pictures and tables are drawn and worked out during the build, by
the scripts in ``plots/`` and ``gallery/`` and the extension in ``_ext/``.
"""

import sys
from pathlib import Path

import cgrad

here = Path(__file__).parent
# The extension and what it calls; the pages' examples import from plots/ as well.
sys.path[:0] = [str(here / folder) for folder in ("_ext", "plots")]

project = "cgrad"
author = "The cgrad developers"
copyright = "the cgrad developers"
version = release = cgrad.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "numpydoc",
    "myst_parser",                # the benchmarks' README is Markdown
    "matplotlib.sphinxext.plot_directive",
    "mathml",
    "worked_out",
]
exclude_patterns = ["_build"]
# What stands in single backquotes is linked if it is something of ours.
default_role = "autolink"
html_theme = "pydata_sphinx_theme"
html_title = f"cgrad {release}"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["manual.css"]
# Only the user guide has pages to list beside a page.
html_sidebars = {page: [] for page in (
    "index", "finite_differences", "gallery", "from_a_function", "api", "differences_from_numpy",
    "how_it_works", "benchmarks")}
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "header_links_before_dropdown": 8,
    "navigation_with_keys": False,
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": [],
}

# Every reference has to lead somewhere, but for those out of the manual: intersphinx would link
# them, and would need a network.
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(numpy|scipy|torch|jax|xarray)(\..*)?"),
    ("py:.*", r"(contextvars|tracemalloc|multiprocessing)(\..*)?"),
]

numpydoc_show_class_members = False
autodoc_typehints = "none"        # the docstrings say more
# Parts of a Markdown page stand in a page of ours, whose headings are above theirs.
suppress_warnings = ["myst.header"]

doctest_default_flags = 0         # strict: what an error says has to be true, too

plot_html_show_formats = False
plot_html_show_source_link = False
plot_formats = [("png", 130)]
plot_rcparams = {
    "figure.constrained_layout.use": True,
    "figure.figsize": (7, 4),
    "font.size": 10,
    "axes.grid": True,
    "grid.color": "0.9",
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
plot_apply_rcparams = True
