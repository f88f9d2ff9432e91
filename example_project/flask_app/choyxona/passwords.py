"""What a password has to be (NIST SP 800-63B-4 3.1.1.2: long enough, and no rules about its characters)."""

MIN_LENGTH = 8
MAX_LENGTH = 128


def problem_with(password: str) -> str:
    """What is wrong with *password*, or nothing."""
    if len(password) < MIN_LENGTH:
        return f"A password has at least {MIN_LENGTH} characters."
    if len(password) > MAX_LENGTH:
        return f"A password has at most {MAX_LENGTH} characters."
    return ""
