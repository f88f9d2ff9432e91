"""The settings: what they are, how each is read, what is built from them, what a careful reader says of them."""
