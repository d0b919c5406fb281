"""Money, one question a module; pure.

prices     what does a call cost
budgets    what may be spent, and what of it is
classes    what of a window is kept for whom
purchases  what did a call buy, and what have all of them
estimate   what would following or refreshing cost
forecast   what will have been spent when the day and the month end
usage      does X's own count agree with ours
"""
