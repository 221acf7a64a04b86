"""What there is to read about the language, thing by thing: for `feedline doc`, its page, and `feedline schema`.

Nothing is written down here. Forms and words are those that editors show, transforms and datasets come from the
catalogue, options from their table, keywords from the grammar.
"""

from feedline.compiler.reference.pages import listing, page, section
from feedline.compiler.reference.schema import FORMAT_VERSION, schema
from feedline.compiler.reference.topics import KINDS, Topic, find, topics

__all__ = ["FORMAT_VERSION", "KINDS", "Topic", "find", "listing", "page", "schema", "section", "topics"]
