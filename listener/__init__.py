"""The listener: live events of X, beside the search, which closes whatever they leave open."""

from shared.runtime.garbage import look_seldom_at_imports

look_seldom_at_imports()  # here, as what the program imports comes after this
