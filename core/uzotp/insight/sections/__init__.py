"""The sections of the page, each a module with a ``section(insight, words)``; their order is in the page."""
