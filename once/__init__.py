"""One round for cron and functions: what is due now is done by this one process, which then ends by itself.

planning  the schedulers' part: what is due, and what follows from what was done
brake     the caps: how many posts, calls and seconds the round may take, and the stop when one is reached
round     plans, works the queues off with a real worker, and sums up
__main__  `covey once`: options, servers of its own where none is set, the summary, the exit status

The only package that may know workers, scheduler and control: it is all three for a moment. Needs no lease and holds no
claim that others wait for, so it runs beside a flock, or beside another round, without harm.
"""
