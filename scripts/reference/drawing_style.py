"""Colours and letters of the drawing: a card of its own, so that it reads on any page, light or dark."""

from typing import Final

STYLE: Final = """
.card { fill: #ffffff; stroke: #d0d7de }
.group { fill: none; stroke: #8c959f; stroke-dasharray: 5 4 }
.active { fill: #ddf4ee; stroke: #2a9d8f }
.suspended { fill: #fff3d6; stroke: #c98a00 }
.status, .final { fill: #ffffff; stroke: #24292f; stroke-width: 1.5 }
.inner { fill: none; stroke: #24292f }
.start { fill: #24292f }
.arrow { stroke: #57606a; stroke-width: 1.5 }
.head { fill: #57606a }
text { font-family: system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #24292f }
.word { font-size: 16px; font-weight: 600; text-anchor: middle }
.name { font-size: 14px; font-style: italic; fill: #57606a }
.event { font-size: 14px }
@media (prefers-color-scheme: dark) {
  .card { fill: #161b22; stroke: #30363d }
  .group { stroke: #6e7681 }
  .active { fill: #12332e; stroke: #2a9d8f }
  .suspended { fill: #3a2d0c; stroke: #c98a00 }
  .status, .final { fill: #0d1117; stroke: #e6edf3 }
  .inner { stroke: #e6edf3 }
  .start { fill: #e6edf3 }
  .arrow { stroke: #adbac7 }
  .head { fill: #adbac7 }
  text { fill: #e6edf3 }
  .name { fill: #adbac7 }
}
"""
ARROW_HEAD: Final = (
    '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">'
    '<path class="head" d="M0 0 10 5 0 10z"/></marker></defs>'
)
