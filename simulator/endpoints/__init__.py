"""The endpoints of the API: one module a family, one table of them all in `table`."""
