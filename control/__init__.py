"""What a person does: the commands, and running everything on one machine.

cli       the `covey` command: reads options, calls a function, prints
commands  the functions: track, untrack, refresh, status
chosen    stored posts by account, source or tier; `refresh_request` asks for them, `refreshes` is what came of it,
          `obstacles` what is in the way
runs      what was asked for: `run_rows` where each stands, `waiting` for what, `cancelling`; `updating` and `syncing`
          begin some
tenant_*  the sources, accounts and coverage of one tenant; those of another are as if they were not there
budget    the functions about money: show, set, unset, what something would cost
inputs    handles, post ids and durations as people write them
local     the processes of `covey up` and `covey demo`, started, watched and stopped
demo      the main job on real servers against the simulator
evidence  what the demo should have collected, and what it did
"""
