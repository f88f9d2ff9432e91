"""Services that send SMS. Each module is imported by its own name, when it is used."""
