"""What every test of the runner shares."""

from hypothesis import settings

settings.register_profile("here", deadline=None, database=None)  # machines are loaded, checkouts read-only
settings.load_profile("here")
