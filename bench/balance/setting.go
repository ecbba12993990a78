package balance

import (
	"context"
	"math"
	"math/rand/v2"
	"time"

	"github.com/typedkit/endpoint"
)

// A setting is what is simulated: clients that make calls to replicas, each of
// which shares a machine with an antagonist. It is modelled on the testbed of
// "Load is not what you should balance: Introducing Prequal" (NSDI '24): a
// replica has a guaranteed allocation of cores, load is what is asked for in
// units of all allocations, and beyond its allocation a replica gets what its
// antagonist leaves, which changes.
type setting struct {
	replicas, clients int
	load              float64 // of all allocations together
	seed              uint64
	warm, time        time.Duration // before anything counts, and after
}

const (
	allocation = 2.0                    // cores that a replica has in any case
	free       = 6.0                    // and while its antagonist is idle
	meanWork   = 0.040                  // seconds on a core, of a call
	workSigma  = 1.0                    // of its logarithm, which is distributed normally
	busySpell  = 2.0                    // mean seconds for which an antagonist is at work
	leastBusy  = 0.1                    // share of the time of the least busy antagonist
	mostBusy   = 0.7                    // and of the busiest
	deadline   = 5 * time.Second        // of a call
	probeTrip  = 500 * time.Microsecond // for the way of a probe, and the way back
)

// An outcome is what the calls of a run met with.
type outcome struct {
	took    []time.Duration // of calls, those that timed out with the deadline
	expired int             // calls that timed out
}

// A world is a setting at work.
type world struct {
	setting
	sim      *sim
	random   *rand.Rand
	replicas []*replica
	mean     []float64 // cores of each replica
	policy   policy
	outcome  outcome
}

func newWorld(s setting) *world {
	w := &world{setting: s, sim: &sim{}, random: rand.New(rand.NewPCG(s.seed, 1))}
	for i := range s.replicas {
		r := newReplica(w.sim, free, 0)
		w.replicas = append(w.replicas, r)
		// How busy antagonists are is spread evenly over the machines.
		busy := leastBusy + (mostBusy-leastBusy)*float64(i)/float64(max(s.replicas-1, 1))
		w.mean = append(w.mean, busy*allocation+(1-busy)*free)
		w.antagonize(r, busy)
	}
	return w
}

// antagonize has an antagonist come and go at a replica.
func (w *world) antagonize(r *replica, busy float64) {
	idleSpell := busySpell * (1 - busy) / busy
	atWork := w.random.Float64() < busy
	var turn func()
	turn = func() {
		cores, spell := free, idleSpell
		if atWork {
			cores, spell = allocation, busySpell
		}
		r.setCores(cores)
		atWork = !atWork
		w.sim.after(seconds(spell*w.random.ExpFloat64()), turn)
	}
	turn()
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// run has the clients make their calls by a policy.
func (w *world) run(p policy) outcome {
	w.policy = p
	perSecond := w.load * allocation * float64(len(w.replicas)) / meanWork
	var arrive func()
	arrive = func() {
		w.call(w.random.IntN(w.clients))
		w.sim.after(seconds(w.random.ExpFloat64()/perSecond), arrive)
	}
	arrive()
	w.sim.run(w.warm + w.time)
	return w.outcome
}

// call makes a call of one client.
func (w *world) call(client int) {
	work := meanWork * math.Exp(workSigma*w.random.NormFloat64()-workSigma*workSigma/2)
	begun := w.sim.now
	i, token := w.policy.acquire(client)
	ended := false
	end := func(err error) {
		ended = true
		w.policy.release(client, i, token, err)
		if begun >= w.warm {
			w.outcome.took = append(w.outcome.took, w.sim.now-begun)
		}
	}
	j := w.replicas[i].serve(work, func() { end(nil) })
	w.sim.after(deadline, func() {
		if ended {
			return
		}
		w.replicas[i].abandon(j)
		if begun >= w.warm {
			w.outcome.expired++
		}
		end(endpoint.ErrorOf(context.DeadlineExceeded))
	})
}
