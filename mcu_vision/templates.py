"""The environment that renders the C templates."""

import jinja2

from mcu_vision.resources import resource


def c_templates() -> jinja2.Environment:
    """Templates of `codegen_templates`, whose output is C, not HTML; an undefined name is an error."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(resource("codegen_templates")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
