"""HTTP for whatever asks another host: one bound in time over a whole exchange, and whether its request was sent."""
