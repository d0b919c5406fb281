"""What was bought and spent, and what a person set: the money that is stored. Its arithmetic is `shared.domain.money`.

bought    which objects were bought in a UTC day, in Redis, exactly
rows      how the sums of a day lie in Redis
ledger    records purchases and copies their sums to MongoDB; the gateway asks it and tells it
treasury  what was spent so far; fills the budgets of an empty Redis
choices   the budgets that a person set
levels    how full a budget is, and what that stops (pure)

X bills an object once a UTC day, by X's clock. So an id is new on a day or it is not, and what a set of calls costs
depends neither on their order nor on how often one of them is told.
"""
