-- Says which ids were bought already.
--
-- KEYS  the bucket of each id
-- ARGV  the ids, in the same order
-- Returns a text with '1' for each id that is in its bucket and '0' for each that is not.
-- TTL   as it was
local found = {}
for i = 1, #KEYS do found[i] = redis.call('SISMEMBER', KEYS[i], ARGV[i]) end
return table.concat(found)
