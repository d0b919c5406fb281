-- List dead letters, the oldest first.
-- KEYS: 1 dead, 2 dead payloads, 3 dead reasons
-- ARGV: 1 limit
-- Returns: for each: id, died us, payload, reason
-- TTL: none; writes nothing.
local reply = {}
local found = redis.call('ZRANGE', KEYS[1], 0, tonumber(ARGV[1]) - 1, 'WITHSCORES')
for i = 1, #found, 2 do
  local id = found[i]
  reply[#reply + 1] = id
  reply[#reply + 1] = found[i + 1]
  reply[#reply + 1] = redis.call('HGET', KEYS[2], id) or ''
  reply[#reply + 1] = redis.call('HGET', KEYS[3], id) or ''
end
return reply
