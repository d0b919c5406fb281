-- Give back what this worker holds in Redis but not in its memory: the reply that handed it over was lost.
-- Only deliveries up to `seen` count, so that this script, executed late, cannot touch a delivery made after it was sent.
-- KEYS: 1 held, 2 waiting
-- ARGV: 1 worker, 2 seen us (the newest Redis time this worker has been told), 3 now us (0: Redis TIME),
--       then the ids in its memory
-- Returns: {now us, how many were given back}. Not a crash: none of them had been started.
-- TTL: none.
local worker, seen = ARGV[1], tonumber(ARGV[2])
local now = tonumber(ARGV[3])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local in_memory = {}
for i = 4, #ARGV do
  in_memory[ARGV[i]] = true
end
local given = 0
local held = redis.call('HGETALL', KEYS[1])
for i = 1, #held, 2 do
  local id = held[i]
  local holder, fetched, due = string.match(held[i + 1], '^(%S+) (%d+) (%d+)$')
  if holder == worker and tonumber(fetched) <= seen and not in_memory[id] then
    redis.call('HDEL', KEYS[1], id)
    redis.call('ZADD', KEYS[2], due, id)
    given = given + 1
  end
end
return {string.format('%.0f', now), given}
