-- Forget dead letters that are stored elsewhere. A message that died again since it was listed is kept.
-- KEYS: 1 dead, 2 dead payloads, 3 dead reasons
-- ARGV: id, died us, id, died us, ...
-- Returns: how many were forgotten
-- TTL: none.
local forgotten = 0
for i = 1, #ARGV, 2 do
  local id = ARGV[i]
  local died = redis.call('ZSCORE', KEYS[1], id)
  if died and tonumber(died) == tonumber(ARGV[i + 1]) then
    redis.call('ZREM', KEYS[1], id)
    redis.call('HDEL', KEYS[2], id)
    redis.call('HDEL', KEYS[3], id)
    forgotten = forgotten + 1
  end
end
return forgotten
