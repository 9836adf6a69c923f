-- Reads a tenant's counters and what is known of them, at one moment.
-- KEYS: mark, vouched, counters. Returns the position ('' when nobody vouches for it), then names
-- and values in turn.
local position = ''
if redis.call('EXISTS', KEYS[2]) == 1 then
  position = redis.call('HGET', KEYS[1], 'position') or ''
end
return { position, redis.call('HGETALL', KEYS[3]) }
