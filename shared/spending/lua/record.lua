-- Records one call: which of its objects were not yet bought on that day, and what they cost.
--
-- KEYS  1 the hash with the rows of the day  2 the calls told lately  3 the hash with the money of the day by source; then
--       the bucket of each id, in the order of the ids
-- ARGV  1 field of the row: endpoint, credential, tenant and class of work, separated by tabs
--       2 a JSON object: `counts`, numbers to add to the row by name; `hour`, the name of the money of the hour; `cost`, micro-
--       dollars of what has no id; `objects`, a list of the kinds of the ids, in their order: the `name` of those that are
--       new, `again` of those that are not, how many `ids` and the `price` of one; `keep_ids`, `keep_rows` and `keep_calls` in
--       seconds; `call`, the id of this call;
--       `epoch`, a name for this life of Redis, taken when the day has none yet
--       3 the source whose share pays, or an empty text; then the ids
-- Returns how many were new of each kind, in the order of `objects`. A call that was told before, by its id, is told.
-- TTL   buckets from their last new id on, rows from the first call of the day on, the money by source from its last on
-- A number of a row is exact below 10^14 (cjson writes 14 digits): a hundred million dollars.
-- A removal, though of nothing, comes first: after it Redis lets a script write even when its memory is full. The
-- call was made: it must be booked.
redis.call('HDEL', KEYS[1], '')
local told = cjson.decode(ARGV[2])
local time = redis.call('TIME')
local second = tonumber(time[1])
if redis.call('ZADD', KEYS[2], 'NX', second, told.call) == 0 then
  local none = {}
  for k = 1, #told.objects do none[k] = 0 end
  return none
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', second - told.keep_calls)
redis.call('EXPIRE', KEYS[2], told.keep_calls)
local state = redis.call('HGET', KEYS[1], ARGV[1])
local row = state and cjson.decode(state) or {}

local function add(name, number)
  row[name] = (row[name] or 0) + number
end

local cost, first, new = told.cost, 4, {}
for k, kind in ipairs(told.objects) do
  new[k] = 0
  for i = first, first + kind.ids - 1 do
    if redis.call('SADD', KEYS[i], ARGV[i]) == 1 then
      redis.call('EXPIRE', KEYS[i], told.keep_ids)
      new[k] = new[k] + 1
    end
  end
  first = first + kind.ids
  cost = cost + new[k] * kind.price
  add(kind.name, new[k])
  add(kind.again, kind.ids - new[k])
end

for name, number in pairs(told.counts) do add(name, number) end
add('micro_usd', cost)
add(told.hour, cost)
if ARGV[3] ~= '' and cost > 0 then
  redis.call('HINCRBY', KEYS[3], ARGV[3], string.format('%.0f', cost))
  redis.call('EXPIRE', KEYS[3], told.keep_rows)
end
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(row))
if redis.call('HSETNX', KEYS[1], 'epoch', told.epoch) == 1 then redis.call('EXPIRE', KEYS[1], told.keep_rows) end
return new
