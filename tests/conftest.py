"""What every suite shares."""

from hypothesis import settings

# The machines that run this are small and shared: an example may be slow without being wrong.
settings.register_profile("uzotp", deadline=None)
settings.load_profile("uzotp")
