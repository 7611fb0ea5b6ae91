-- Gives worker ARGV[1] its next job: the one it has taken already, or the head of the queue. A worker whose lease has
-- run out counts as dead: its job goes back first. All of it is one step, so that no job is lost on the way.
local me = ARGV[1]
for _, worker in ipairs(redis.call('hkeys', 'working')) do
    if worker ~= me and redis.call('exists', 'lease:' .. worker) == 0 then
        redis.call('lpush', 'jobs', redis.call('hget', 'working', worker))
        redis.call('hdel', 'working', worker)
    end
end
local job = redis.call('hget', 'working', me) or redis.call('lpop', 'jobs')
if job then
    redis.call('hset', 'working', me, job)
    redis.call('set', 'lease:' .. me, 1, 'ex', 10)
end
return job
