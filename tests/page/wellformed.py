# SPDX-License-Identifier: Apache-2.0
"""What holds for every page: it parses as XML and as HTML, holds no script and no reference to anything outside."""
import html.parser
import re
import sys
import xml.etree.ElementTree as tree

VOID = {"meta", "br", "img"}
TAGS = set("""html head meta title style body main header section nav footer h1 h2 h3 p a dl div dt dd table thead tbody tfoot
    tr th td span figure figcaption details summary pre br img svg line rect circle text path""".split())


def fail(message):
    print("FAILED:", message)
    sys.exit(1)


class Reader(html.parser.HTMLParser):
    """Balance of tags as HTML sees them, and what might load or run something."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.ids, self.links = [], set(), set(), set()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        for key, value in attributes:
            if key.startswith("on"):
                fail("attribute %s of %s" % (key, tag))
            if key == "id":
                if value in self.ids:
                    fail("id %s twice" % value)
                self.ids.add(value)
            if key == "src" and not value.startswith("data:image/jpeg;base64,"):
                fail("src %s" % value[:60])
            if key == "href":
                if not value.startswith("#"):
                    fail("href %s" % value)
                self.links.add(value[1:])

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            fail("</%s> closes nothing" % tag)


def words(node):
    return " ".join("".join(node.itertext()).split())


def rows(section, index=0):
    """Rows of the section's table: lists of (label, text)."""
    table = section.findall(".//table")[index]
    return [[(c.get("data-l"), words(c).replace("\u2212", "-")) for c in r if c.tag in ("th", "td")]
            for r in table.findall("./tbody/tr")]


def figure(row, label):
    found = [text for name, text in row if name == label]
    return found[0] if found else None


def same(what, found, wanted):
    if found != wanted:
        fail("%s: the page shows %r, the document says %r" % (what, found, wanted))


def read(path):
    """Bytes of a page, its root, and its sections by name."""
    with open(path, "rb") as f:
        text = f.read()
    for word in (b"<script", b"javascript:", b"@import", b"url(", b"http://", b"https://"):
        if word in text.lower():
            fail("the page holds %s" % word.decode())
    root = tree.fromstring(re.sub(rb"^<!DOCTYPE html>", b"", text))
    reader = Reader()
    reader.feed(text.decode("utf-8"))
    reader.close()
    if reader.open:
        fail("not closed: %s" % reader.open)
    if reader.tags - TAGS:
        fail("unknown elements %s" % (reader.tags - TAGS))
    if reader.links - reader.ids:
        fail("links to nowhere: %s" % (reader.links - reader.ids))
    return text, root, {s.get("id"): s for s in root.findall(".//section")}
