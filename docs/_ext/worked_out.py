"""Tables that are worked out while the manual is built, so that no figure is typed.

``.. worked-out:: module.function argument ...`` calls a function of a module in this folder, or
in ``../plots``, with the arguments as they stand there. It returns the heads of the columns and
the rows; a cell may hold markup. Option ``:class:`` is ``figures`` or ``words``, by which the
columns are aligned.
"""

import importlib
from typing import ClassVar

from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective


class WorkedOut(SphinxDirective):
    """The directive."""

    required_arguments = 1
    optional_arguments = 9
    option_spec: ClassVar = {"class": directives.unchanged}

    def run(self):
        """Call the function, and parse its table."""
        module_name, function = self.arguments[0].rsplit(".", 1)
        module = importlib.import_module(module_name)
        self.env.note_dependency(module.__file__)
        header, rows = getattr(module, function)(*self.arguments[1:])
        style = self.options.get("class", "figures")
        lines = [".. list-table::", "   :header-rows: 1", f"   :class: {style}", ""]
        for row in (header, *rows):
            first, *others = row
            lines += [f"   * - {first}", *(f"     - {cell}" for cell in others)]
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app):
    """Tell Sphinx."""
    app.add_directive("worked-out", WorkedOut)
    return {"parallel_read_safe": True}
