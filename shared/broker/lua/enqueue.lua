-- Place a message where it waits for its due time. Idempotent: an id that is already outstanding is never placed twice.
-- KEYS: 1 waiting (zset id -> due us), 2 payloads (hash id -> payload), 3 dedup key (optional)
-- ARGV: 1 id, 2 payload, 3 delay us, 4 lifetime of the dedup key in ms (0: no dedup), 5 now us (0: Redis TIME)
-- Returns: 1 placed, 2 already outstanding, 0 the dedup key belongs to another message,
--          -1 the id is outstanding with a different payload and does not own the dedup key. One that owns it is the
--          same work: its payload changed when it was placed again after a run.
-- TTL: the dedup key lives ARGV[4] plus the delay; the rest lives until the message is settled.
local id, payload, delay = ARGV[1], ARGV[2], tonumber(ARGV[3])
local now = tonumber(ARGV[5])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end

local known = redis.call('HGET', KEYS[2], id)
if known then
  local same = known == payload or (KEYS[3] and redis.call('GET', KEYS[3]) == id)
  return same and 2 or -1
end
if KEYS[3] then
  local owner = redis.call('GET', KEYS[3])
  if owner and owner ~= id then
    return 0
  end
  redis.call('SET', KEYS[3], id, 'PX', tonumber(ARGV[4]) + math.ceil(delay / 1000))
end
redis.call('HSET', KEYS[2], id, payload)
redis.call('ZADD', KEYS[1], now + delay, id)
return 1
