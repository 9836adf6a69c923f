-- Vouches for the values, if the mark is at a position or beyond.
-- KEYS: mark, vouched. ARGV: position, time in ms.
local position = redis.call('HGET', KEYS[1], 'position')
if position and tonumber(position) >= tonumber(ARGV[1]) then
  redis.call('SET', KEYS[2], '1', 'PX', ARGV[2])
end
return 1
