"""Which posts are read again for today's money, and when: the planner. Pure; `docs/planner.md` has its model.

X bills a post at its first read of a UTC day and not again that day. So the money of a day buys posts, not readings:
those that are bought at 00:00 can be read all day. `planner` puts the parts together:

growth      how a post grows with its age, for all posts
posts       what is remembered of one post
sizes       how large a post is going to be, and what it grows by between two moments
fitting     what the planner learns from its own readings
estimates   the count that a post probably has by now, with an interval, beside the one that was read
ranking     what buying a post today is worth
guard       how many posts must be bought so that none is forgotten
tally       what is there to buy, in so few numbers that any flock fits, counted in parts
cut         who stands where in the order of buying
reserve     what of the money is kept for what is found during the day
midnight    what is bought at 00:00 UTC
cadence     when what is owned is read again
batches     full calls
revivals    which quiet posts are asked about in groups
resting     which searches wait for midnight, so that what they find is free all day

Times are hours since 1970 (UTC), counts are acts of people. The same input gives the same output.
"""
