"""The listener: live events of X, beside the search, which closes whatever they leave open."""
