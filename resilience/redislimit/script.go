package redislimit

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/redis/go-redis/v9"
)

// gcra is the generic cell rate algorithm, in the form "virtual scheduling" of the ATM
// Forum's Traffic Management Specification 4.0, section 4.4.2. Brandur Leach describes
// its use for calls (https://brandur.org/rate-limiting), and redis-cell is the same as
// a module of Redis.
//
// A key has the theoretical arrival time (TAT): the time at which its bucket is full
// again. A call moves the TAT on by the interval between two tokens, and is refused if
// the TAT would then be more than a full bucket ahead.
//
//   - The clock is that of the server, so the clocks of the clients do not matter.
//   - Lua has only floats, and nanoseconds since 1970 need more than their 53 bits. So
//     the TAT is kept as seconds and nanoseconds, of which the differences are exact.
//   - A TAT further ahead than a full bucket is from a larger limit, or from a clock that
//     was set back. It is cut and written, or the key would be refused all that time.
//   - The key expires when its bucket is full. The millisecond more is because Redis
//     rounds its own time down.
//   - The error of GET is returned instead of raised: Redis 6 changes the text of the
//     errors that a script raises.
//
// KEYS[1] is the subject. ARGV has the nanoseconds between two tokens, the burst, and
// the tokens to take, which are 0 for a probe. The reply is whether the tokens were
// taken (1 or 0), how many are left, and the nanoseconds until there are enough.
const gcra = `
local interval, cost = tonumber(ARGV[1]), tonumber(ARGV[3])
local full = interval * tonumber(ARGV[2])
local time = redis.call('TIME')
local sec, nsec = tonumber(time[1]), tonumber(time[2]) * 1000

local stored = redis.pcall('GET', KEYS[1])
if type(stored) == 'table' then
	return stored
end
local ahead = 0
local tat_sec, tat_nsec = string.match(stored or '', '^(%d+) (%d+)$')
if tat_sec then
	ahead = (tonumber(tat_sec) - sec) * 1e9 + (tonumber(tat_nsec) - nsec)
end
local cut = ahead > full
ahead = math.max(0, math.min(ahead, full))

local wait = ahead + cost * interval - full
local ok = wait <= 0
if ok then
	ahead = ahead + cost * interval
end
if cut or (ok and cost > 0) then
	local tat = nsec + ahead
	local value = string.format('%.0f %.0f', sec + math.floor(tat / 1e9), tat % 1e9)
	redis.call('SET', KEYS[1], value, 'PX', string.format('%.0f', math.ceil(ahead / 1e6) + 1))
end
return {ok and 1 or 0, math.floor((full - ahead) / interval), math.max(0, wait)}
`

// A limit is a rate and a burst as arguments of the script, to take a token and to take
// none. They are made once, because an int in an interface is an allocation.
type limit struct{ take, peek []any }

func limitOf(perSecond float64, burst int) limit {
	interval := int64(math.Round(float64(time.Second) / perSecond))
	return limit{take: []any{interval, burst, 1}, peek: []any{interval, burst, 0}}
}

// run runs the script once, by its hash if the server knows it. A panic in a hook of the
// client is an error: nothing above would recover it.
func (t *Throttle) run(ctx context.Context, key string, args []any) (a Answer, err error) {
	defer func() {
		if v := recover(); v != nil {
			a, err = Answer{}, fmt.Errorf("the client panicked: %v", v)
		}
	}()
	reply, err := t.script.Run(ctx, t.client, []string{key}, args...).Int64Slice()
	if err != nil {
		return Answer{}, err
	}
	return answerOf(reply)
}

// answerOf reads a reply of the script.
func answerOf(reply []int64) (Answer, error) {
	if len(reply) != 3 || reply[0] < 0 || reply[0] > 1 || reply[1] < 0 || reply[2] < 0 {
		return Answer{}, fmt.Errorf("unexpected reply %v", reply)
	}
	return Answer{OK: reply[0] == 1, Remaining: int(reply[1]), RetryAfter: wholeMillis(time.Duration(reply[2]))}, nil
}

// wholeMillis rounds d up to a millisecond.
func wholeMillis(d time.Duration) time.Duration {
	if d > math.MaxInt64-time.Millisecond {
		return d
	}
	return (d + time.Millisecond - 1).Truncate(time.Millisecond)
}

// isOfOneKey reports whether Redis answered err and would answer another key otherwise.
func isOfOneKey(err error) bool { return redis.HasErrorPrefix(err, "WRONGTYPE") }
