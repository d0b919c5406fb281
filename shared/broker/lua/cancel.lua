-- Move a message that waits to the dead letters with its reason; one that a worker holds is left alone.
-- KEYS: 1 waiting, 2 payloads, 3 crashes, 4 dead (zset id -> died us), 5 dead payloads (hash), 6 dead reasons (hash),
--       7 dedup key (optional)
-- ARGV: 1 id, 2 reason, 3 now us (0: Redis TIME)
-- Returns: 1 moved, 0 it does not wait: nothing was changed
-- TTL: none: the dead letters are an outbox. A line in which it stood drops it by itself (fetch).
local id = ARGV[1]
if redis.call('ZREM', KEYS[1], id) == 0 then
  return 0
end
local now = tonumber(ARGV[3])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local payload = redis.call('HGET', KEYS[2], id) or ''
redis.call('HDEL', KEYS[2], id)
redis.call('HDEL', KEYS[3], id)
redis.call('HSET', KEYS[5], id, payload)
redis.call('HSET', KEYS[6], id, ARGV[2])
redis.call('ZADD', KEYS[4], now, id)
if KEYS[7] and redis.call('GET', KEYS[7]) == id then
  redis.call('DEL', KEYS[7])
end
return 1
