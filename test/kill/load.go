// load-go BLOCK_SIZE NAME_LENGTH STOP_FILE: the Go subject of load.c. Go interrupts its threads with
// SIGURG, and collects garbage in between.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
)

const (
	routines = 4
	ext4     = 0xef53
	tmpfs    = 0x1021994
)

func main() {
	blockSize, _ := strconv.ParseInt(os.Args[1], 10, 64)
	nameLength, _ := strconv.ParseInt(os.Args[2], 10, 64)
	var calls, native, wrong atomic.Int64
	var stopping atomic.Bool
	check := func(what string, err error, answer *syscall.Statfs_t) {
		calls.Add(1)
		switch {
		case err == nil && answer.Type == tmpfs:
			native.Add(1)
		case err != nil || answer.Type != ext4 || answer.Bsize != blockSize || answer.Namelen != nameLength:
			wrong.Add(1)
			fmt.Fprintf(os.Stderr, "load-go: %s: %v, type %x\n", what, err, answer.Type)
		}
	}
	directory, err := os.Open("/dev/shm")
	if err != nil {
		panic(err)
	}
	var group sync.WaitGroup
	for range routines {
		group.Add(1)
		go func() {
			defer group.Done()
			for {
				// Garbage, so that the collector has reason to stop the world.
				answers := make([]syscall.Statfs_t, 64)
				for i := range answers {
					answer := &answers[i]
					check("statfs", syscall.Statfs("/dev/shm", answer), answer)
					check("fstatfs", syscall.Fstatfs(int(directory.Fd()), answer), answer)
					var other syscall.Statfs_t
					calls.Add(1)
					if err := syscall.Statfs("/dev/shm/no/such/file", &other); err != syscall.ENOENT {
						wrong.Add(1)
						fmt.Fprintf(os.Stderr, "load-go: no such file: %v\n", err)
					}
				}
				runtime.GC()
				if stopping.Load() {
					return
				}
			}
		}()
	}
	for {
		if _, err := os.Stat(os.Args[3]); err == nil {
			break
		}
		syscall.Nanosleep(&syscall.Timespec{Nsec: 5e6}, nil)
	}
	stopping.Store(true)
	group.Wait()
	fmt.Printf("{\"subject\":\"go\",\"calls\":%d,\"native\":%d,\"wrong\":%d}\n",
		calls.Load(), native.Load(), wrong.Load())
	if wrong.Load() > 0 {
		os.Exit(1)
	}
}
