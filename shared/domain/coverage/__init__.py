"""What has been seen of X and what has not. Pure: no clock, no store, no network.

A *stream* is a query that is followed for ever. A *sweep* is one reading of a stream, page by page, newest first,
from now back to the stream's cursor. A *gap* is an interval of a stream that could not be read, with its reason.

Invariant: `began_at .. covered_through`, less the recorded gaps, has been read whole and stored. The cursor moves only
when a sweep is complete, only to the greatest id of the sweep's first page with posts, and never back.
"""
