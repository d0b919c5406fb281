-- Move a message to the dead letters with its reason, if this delivery still holds it.
-- KEYS: 1 held, 2 payloads, 3 crashes, 4 dead (zset id -> died us), 5 dead payloads (hash), 6 dead reasons (hash),
--       7 dedup key (optional)
-- ARGV: 1 id, 2 receipt, 3 payload to keep ('': the stored one), 4 reason, 5 now us (0: Redis TIME)
-- Returns: 1 moved, 0 this delivery no longer holds the message: nothing was changed
-- TTL: none: the dead letters are an outbox, emptied by forget_dead once they are stored elsewhere.
local id, payload = ARGV[1], ARGV[3]
if redis.call('HGET', KEYS[1], id) ~= ARGV[2] then
  return 0
end
local now = tonumber(ARGV[5])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
if payload == '' then
  payload = redis.call('HGET', KEYS[2], id) or ''
end
redis.call('HDEL', KEYS[1], id)
redis.call('HDEL', KEYS[2], id)
redis.call('HDEL', KEYS[3], id)
redis.call('HSET', KEYS[5], id, payload)
redis.call('HSET', KEYS[6], id, ARGV[4])
redis.call('ZADD', KEYS[4], now, id)
if KEYS[7] and redis.call('GET', KEYS[7]) == id then
  redis.call('DEL', KEYS[7])
end
return 1
