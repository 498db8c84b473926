"""Lets links to files outside `docs/` work in the built site: those files become plain text in it."""

import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_LINK = re.compile(r"\]\((?P<target>(?:\.\./)+[\w./~-]+)(?P<anchor>#[\w-]*)?\)")


def on_files(files: Any, config: Any) -> Any:
    """Add each file that a page links to."""
    from mkdocs.structure.files import File

    wanted = {path for page in files.documentation_pages() for path in _outside(page.src_uri, page.content_string)}
    for path in sorted(wanted):
        text = (ROOT / path).read_text(encoding="utf-8")
        files.append(File.generated(config, f"source/{path}.txt", content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Let such links lead to those files."""

    def replaced(found: re.Match[str]) -> str:
        path = _path(page.file.src_uri, found["target"])
        if path is None:
            return found[0]
        return f"]({posixpath.relpath(f'source/{path}.txt', posixpath.dirname(page.file.src_uri) or '.')})"

    return _LINK.sub(replaced, markdown)


def _outside(page: str, markdown: str) -> list[str]:
    found = (_path(page, match["target"]) for match in _LINK.finditer(markdown))
    return [path for path in found if path is not None]


def _path(page: str, target: str) -> str | None:
    """Return where in the repository a link leads, if that is a file outside the docs."""
    path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), target))
    return path if not path.startswith(("docs/", "..")) and (ROOT / path).is_file() else None
