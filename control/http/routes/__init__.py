"""One module a subject; each has a `router`, which `app.ROUTERS` names."""
