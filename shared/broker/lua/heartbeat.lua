-- Note that a worker is alive.
-- KEYS: 1 workers
-- ARGV: 1 worker, 2 now us (0: Redis TIME)
-- Returns: 1
-- TTL: none; recover drops the workers that died.
local now = tonumber(ARGV[2])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
-- A removal comes first: after it Redis lets a script write even when its memory is full. Redis full, workers alive.
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], now, ARGV[1])
return 1
