"""The sections of the page, each made by a ``section(insight, words)``; their order is in the page."""
