"""What cleaning a text knows of HTML and of characters: tables alone, for both ways to clean."""

# Only HTML's own names: "<salaire> 2000 €" and "moins < 3 ans, plus > 5" are text.
# fmt: off
BLOCK_TAGS = (
    "address", "article", "aside", "blockquote", "body", "br", "center", "dd", "div", "dl", "dt",
    "fieldset", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header",
    "hr", "html", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "td",
    "tfoot", "th", "thead", "title", "tr", "ul",
)
INLINE_TAGS = (
    "a", "abbr", "b", "big", "button", "cite", "code", "em", "font", "i", "iframe", "img", "input",
    "label", "link", "mark", "meta", "o:p", "option", "q", "s", "select", "small", "span",
    "strike", "strong", "sub", "sup", "svg", "textarea", "tt", "u", "video", "wbr",
)
# fmt: on
# A page does not show what is in them.
HIDDEN_TAGS = ("script", "style")


def _build_character_table() -> dict[int, str | None]:
    """Map control, invisible, private-use and surrogate characters to what a reader sees."""
    table: dict[int, str | None] = dict.fromkeys(range(0x20), " ")
    table[0x7F] = " "
    # C1 controls are Windows-1252 punctuation read as Latin-1.
    for code in range(0x80, 0xA0):
        table[code] = bytes([code]).decode("cp1252", errors="ignore") or " "
    table |= dict.fromkeys((0xAD, *range(0x200B, 0x2010), 0xFEFF), None)
    table |= dict.fromkeys((*range(0x202A, 0x202F), *range(0x2060, 0x2070)), None)
    table |= dict.fromkeys(range(0xE000, 0xF900), " ")  # bullets of symbol fonts, mostly
    table |= dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
    table |= {ord("\n"): "\n", ord("\r"): "\n", 0x0B: "\n", 0x0C: "\n", 0x85: "…"}
    table |= {0x2028: "\n", 0x2029: "\n"}
    return table


CHARACTERS = _build_character_table()
