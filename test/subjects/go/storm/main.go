// Command storm keeps many goroutines asking while the garbage collector and busy loops make the
// runtime preempt threads with SIGURG all the time. Every answer is checked.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"

	"seccomp-spoof/subjects/internal/subject"
)

const goroutines = 200

// A file that nobody holds would be closed by the collector.
var held []*os.File

type question struct {
	path  string
	fd    int
	right subject.Answer
}

func (q *question) put() subject.Answer {
	if q.fd >= 0 {
		return subject.Fd(q.fd)
	}
	return subject.Path(q.path)
}

func questions() []*question {
	var all []*question
	for _, path := range subject.Paths {
		all = append(all, &question{path: path, fd: -1})
	}
	for _, path := range []string{"tree/file", "tree", "/proc/version", "/dev/null"} {
		file, err := os.Open(path)
		subject.Must(err)
		held = append(held, file)
		all = append(all, &question{path: path, fd: int(file.Fd())})
	}
	all = append(all, &question{fd: 1 << 20})
	for i, q := range all {
		q.right = q.put()
		subject.Say(fmt.Sprintf("question %d", i), q.right)
	}
	return all
}

func main() {
	subject.MakeTree()
	all := questions()
	debug.SetGCPercent(5)
	runtime.GOMAXPROCS(8)
	urgent := make(chan os.Signal, 64)
	signal.Notify(urgent, syscall.SIGURG)

	var stop atomic.Bool
	var wrong, interrupted, spins, garbage, urgents atomic.Int64
	var busy, askers sync.WaitGroup
	for i := 0; i < 1; i++ {
		busy.Add(1)
		go func() { // no calls in it: only a signal can take the processor away
			defer busy.Done()
			for !stop.Load() {
				for n := 0; n < 1_000_000; n++ {
					spins.Add(1)
				}
			}
		}()
	}
	busy.Add(1)
	go func() { // every collection stops the world, by SIGURG where it has to
		defer busy.Done()
		for !stop.Load() {
			runtime.GC()
		}
	}()
	go func() {
		for range urgent {
			urgents.Add(1)
		}
	}()
	calls := subject.Effort(300)
	for i := 0; i < goroutines; i++ {
		askers.Add(1)
		go func(i int) {
			defer askers.Done()
			for n := 0; n < calls; n++ {
				waste := make([]byte, 4096)
				garbage.Add(int64(len(waste)))
				q := all[(i*31+n*7)%len(all)]
				got := q.put()
				if got == q.right {
					continue
				}
				if got.Errno == syscall.EINTR {
					interrupted.Add(1)
				} else if wrong.Add(1) < 10 {
					fmt.Printf("WRONG [%q] fd %d got %s right %s\n", q.path, q.fd, got, q.right)
				}
			}
		}(i)
	}
	askers.Wait()
	stop.Store(true)
	busy.Wait()
	// The runtime installs its handlers with SA_RESTART: EINTR would be our doing.
	fmt.Printf("wrong answers: %d, EINTR: %d\n", wrong.Load(), interrupted.Load())
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	fmt.Printf("note collections: %d, SIGURG seen: %d\n", memory.NumGC, urgents.Load())
}
