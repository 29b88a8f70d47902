package main

import (
	"encoding/json"
	"os"
	"slices"
	"sync"
	"time"
)

const warmUp = 100 // see measure.c
const samplesOfAll = 200000
const largestBatch = 1 << 20
const shortestBatch = 20 * time.Microsecond

type figures struct {
	Shape     string    `json:"shape"`
	Calls     int       `json:"calls"`
	Ns        float64   `json:"ns"`
	PerSecond float64   `json:"perSecond"`
	ThreadNs  []float64 `json:"threadNs"`
	P50       int64     `json:"p50"`
	P90       int64     `json:"p90"`
	P99       int64     `json:"p99"`
}

type failed struct {
	Shape string `json:"shape"`
	Error string `json:"error"`
}

type worker struct {
	call    func(*options) error
	o       *options
	batch   int // calls at once, between two looks at the clock
	calls   int
	took    time.Duration
	batches []float64 // ns a call in each
	samples []int64
	err     error
}

func (w *worker) once() {
	if err := w.call(w.o); err != nil {
		w.err = err
	}
}

func (w *worker) batchTime(batch int) time.Duration {
	begin := time.Now()
	for i := 0; i < batch; i++ {
		w.once()
	}
	return time.Since(begin)
}

// batchSize: see batch_size in measure.c.
func (w *worker) batchSize() int {
	enough := max(shortestBatch, 50*time.Duration(clockCost()))
	for batch := 1; ; batch *= 2 {
		if min(w.batchTime(batch), w.batchTime(batch)) > enough || batch >= largestBatch {
			return batch
		}
	}
}

func (w *worker) manyAtOnce(begin time.Time, duration time.Duration) {
	for w.took < duration {
		for i := 0; i < w.batch; i++ {
			w.once()
		}
		w.calls += w.batch
		took := time.Since(begin)
		w.batches = append(w.batches, float64(took-w.took)/float64(w.batch))
		w.took = took
	}
}

func (w *worker) oneByOne(begin time.Time, duration time.Duration) {
	for len(w.samples) < cap(w.samples) {
		before := time.Now()
		if before.Sub(begin) >= duration/2 && len(w.samples) > 0 {
			return
		}
		w.once()
		w.samples = append(w.samples, int64(time.Since(before)))
	}
}

// each runs a function for all workers at once, which begin together, and waits for them.
func each(workers []*worker, do func(w *worker, begin time.Time)) {
	var ready, ended sync.WaitGroup
	var begin time.Time
	start := make(chan struct{})
	ready.Add(len(workers))
	ended.Add(len(workers))
	for _, w := range workers {
		go func(w *worker) {
			ready.Done()
			<-start
			do(w, begin)
			ended.Done()
		}(w)
	}
	ready.Wait()
	begin = time.Now()
	close(start)
	ended.Wait()
}

// clockCost is what the clock itself adds to a call that is timed alone.
func clockCost() int64 {
	costs := make([]int64, 1001)
	for i := range costs {
		before := time.Now()
		costs[i] = int64(time.Since(before))
	}
	slices.Sort(costs)
	return costs[len(costs)/2]
}

func summary(name string, workers []*worker) figures {
	f := figures{Shape: name}
	var pooled []int64
	var longest time.Duration
	for _, w := range workers {
		f.Calls += w.calls
		longest = max(longest, w.took)
		ns := float64(w.took) / float64(w.calls)
		f.ThreadNs = append(f.ThreadNs, ns)
		f.Ns += ns / float64(len(workers))
		pooled = append(pooled, w.samples...)
	}
	// See ns_a_call in measure.c.
	if len(workers) == 1 {
		slices.Sort(workers[0].batches)
		f.Ns = workers[0].batches[len(workers[0].batches)/2]
	}
	f.PerSecond = float64(f.Calls) / longest.Seconds()
	slices.Sort(pooled)
	clock := clockCost()
	share := func(percent int) int64 { return max(0, pooled[(len(pooled)-1)*percent/100]-clock) }
	f.P50, f.P90, f.P99 = share(50), share(90), share(99)
	return f
}

func say(line any) bool {
	_, isError := line.(failed)
	err := json.NewEncoder(os.Stdout).Encode(line)
	return err == nil && !isError
}

func measure(name string, s shape, o *options) bool {
	check := s.check
	if check == nil {
		check = func(*options) error { return nil }
	}
	if err := check(o); err != nil {
		return say(failed{name, err.Error()})
	}
	duration := time.Duration(o.ms) * time.Millisecond
	workers := make([]*worker, o.threads)
	for i := range workers {
		workers[i] = &worker{call: s.call, o: o, samples: make([]int64, 0, samplesOfAll/o.threads)}
	}
	each(workers, func(w *worker, _ time.Time) {
		opens(o.existing) // see measure.c
		w.batchTime(warmUp)
		w.batch = w.batchSize()
	})
	each(workers, func(w *worker, begin time.Time) { w.manyAtOnce(begin, duration) })
	each(workers, func(w *worker, begin time.Time) { w.oneByOne(begin, duration) })
	for _, w := range workers {
		if w.err != nil {
			return say(failed{name, "a call did not end as it should: " + w.err.Error()})
		}
	}
	if err := check(o); err != nil {
		return say(failed{name, err.Error()})
	}
	return say(summary(name, workers))
}
