// files: many goroutines that work on files of their own, collect garbage meanwhile, and ask for
// the filesystem all the time. Prints one line that is the same in every run.
package main

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
)

const (
	workers = 40
	rounds  = 4
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "files:", err)
		os.Exit(99)
	}
}

func kind(path string) int64 {
	var info syscall.Statfs_t
	for {
		err := syscall.Statfs(path, &info)
		if err == syscall.EINTR { // the runtime preempts by signals
			continue
		}
		check(err)
		return int64(info.Type)
	}
}

// One file's life; the sum of what was read back.
func work(directory string, number int) uint32 {
	first := filepath.Join(directory, fmt.Sprintf("first-%d", number))
	second := filepath.Join(directory, "nested", fmt.Sprintf("second-%d", number))
	content := bytes.Repeat([]byte{byte(number)}, 4096+number)
	check(os.MkdirAll(filepath.Dir(second), 0o755))
	check(os.WriteFile(first, content, 0o644))
	check(os.Rename(first, second))
	read, err := os.ReadFile(second)
	check(err)
	_, err = os.Stat(first)
	if !os.IsNotExist(err) {
		check(fmt.Errorf("%s is there: %v", first, err))
	}
	check(os.Remove(second))
	return crc32.ChecksumIEEE(read)
}

func main() {
	directory, err := os.MkdirTemp(".", "files-")
	check(err)
	want := kind(directory)
	var sum atomic.Uint32
	var group sync.WaitGroup
	for worker := 0; worker < workers; worker++ {
		worker := worker
		group.Add(1)
		go func() {
			defer group.Done()
			own := filepath.Join(directory, fmt.Sprint(worker))
			check(os.Mkdir(own, 0o755))
			for round := 0; round < rounds; round++ {
				sum.Add(work(own, worker*rounds+round))
				if got := kind(own); got != want {
					check(fmt.Errorf("%s: type %#x instead of %#x", own, got, want))
				}
				runtime.Gosched()
			}
			runtime.GC()
		}()
	}
	group.Wait()
	check(os.RemoveAll(directory))
	fmt.Printf("type=%#x sum=%#x\n", want, sum.Load())
}
