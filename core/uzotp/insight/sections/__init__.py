"""The parts of the page, each made of what was found and the words of a language; their order is in the page."""
