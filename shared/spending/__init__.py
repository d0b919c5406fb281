"""What Covey knows of money: what was bought, what it cost, what may be spent, and what will be.

purchase  one call that was made, as X bills it, and the sums of many (pure)
bought    which posts and accounts were bought in a UTC day, in Redis, exactly
ledger    records purchases and copies their sums to MongoDB; the gateway asks it and tells it
usage     X's own count of a day beside ours (pure)
treasury  what was spent so far; fills the budgets of an empty Redis
choices   the budgets that a person set
budgets   how full a budget is, and what that stops (pure)
estimate  what following or refreshing would cost (pure)
forecast  what will have been spent at the end of the day and the month (pure)

X bills an object once a UTC day, by X's clock. So an id is new on a day or it is not, and what a set of calls costs
depends neither on their order nor on how often one of them is told.
"""
