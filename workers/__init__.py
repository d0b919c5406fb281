"""The workers: threads that carry out jobs."""

from shared.runtime.garbage import look_seldom_at_imports

look_seldom_at_imports()  # here, as what the program imports comes after this
