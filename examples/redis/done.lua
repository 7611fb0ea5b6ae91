-- Worker ARGV[1] has done its job ARGV[2]. The result counts only while the job is still its own: a worker that was
-- silent for too long may have lost it to another one.
if redis.call('hget', 'working', ARGV[1]) ~= ARGV[2] then
    return 0
end
redis.call('rpush', 'results', ARGV[2])
redis.call('hdel', 'working', ARGV[1])
return 1
