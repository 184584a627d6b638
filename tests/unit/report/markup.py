"""What every page must be: well formed, and whole in one file."""

from html.parser import HTMLParser

VOID = {"meta", "line", "rect", "circle", "path", "br"}


class Page(HTMLParser):
    """The tags of a page, each closed where it was opened."""

    def __init__(self, text: str) -> None:
        """Parse a page."""
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.references: list[str] = []
        self.handlers: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember a tag, what it refers to, and what it would run."""
        self.tags.append(tag)
        self.references += [str(value) for name, value in attrs if name in {"src", "href"}]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember a tag that closes itself."""
        del attrs
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close a tag; another one than the innermost is an error."""
        assert self.open.pop() == tag


def is_whole(text: str) -> Page:
    """Require that every tag is closed, that nothing is loaded, and that nothing can run."""
    parsed = Page(text)
    assert parsed.open == []
    assert {"script", "link", "iframe", "img", "object"} & set(parsed.tags) == set()
    assert parsed.references == []
    assert parsed.handlers == []
    assert "url(" not in text
    assert "@import" not in text
    return parsed
