-- Records one call: which of its objects were not yet bought on that day, and what they cost.
--
-- KEYS  1 the hash with the sums of the day; then the bucket of each id, in the order of the ids
-- ARGV  1 field of the sums: endpoint, credential, tenant and class of work, separated by tabs
--       2 nine doubles: failed (1 or 0), unanswered (1 or 0), hour of the day (0 to 23), how many of the ids are posts,
--       price of a post, of a user and of the request in micro-dollars, seconds to keep buckets, seconds to keep sums
--       3 a name for this life of Redis, taken when the day has none yet; then the ids, posts first
-- Returns {posts that were new, users that were new}. Told twice, the second time nothing is new.
-- TTL   buckets from their last new id on, sums from the first call of the day on
local failed, unanswered, hour, posts, post_price, user_price, request_price, keep_bucket, keep_sums =
  struct.unpack('<ddddddddd', ARGV[2])
local ROW = '<' .. string.rep('d', 32) -- eight counts, then micro-dollars by hour

local new_posts, new_users = 0, 0
for i = 2, #KEYS do
  if redis.call('SADD', KEYS[i], ARGV[i + 2]) == 1 then
    redis.call('EXPIRE', KEYS[i], keep_bucket)
    if i - 1 <= posts then new_posts = new_posts + 1 else new_users = new_users + 1 end
  end
end

local cost = new_posts * post_price + new_users * user_price + request_price
local state = redis.call('HGET', KEYS[1], ARGV[1])
local row = {}
if state then row = { struct.unpack(ROW, state) } else for i = 1, 32 do row[i] = 0 end end
local users = #KEYS - 1 - posts
local added = { 1, failed, unanswered, new_posts, new_users, posts - new_posts, users - new_users, cost }
for i = 1, 8 do row[i] = row[i] + added[i] end
row[9 + hour] = row[9 + hour] + cost
redis.call('HSET', KEYS[1], ARGV[1], struct.pack(ROW, unpack(row, 1, 32)))
if redis.call('HSETNX', KEYS[1], 'epoch', ARGV[3]) == 1 then redis.call('EXPIRE', KEYS[1], keep_sums) end
return { new_posts, new_users }
