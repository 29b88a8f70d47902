// Asks for filesystems, and opens files, in threads, while the runtime sends its signals.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"unsafe"
)

const rounds = 500

// What is told of a directory, as a text: the same each time.
func ask(place string) string {
	var byPath, byFile syscall.Statfs_t
	if err := syscall.Statfs(place, &byPath); err != nil {
		return err.Error()
	}
	file, err := os.Open(filepath.Join(place, "file"))
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	if err := syscall.Fstatfs(int(file.Fd()), &byFile); err != nil {
		return err.Error()
	}
	how := struct{ flags, mode, resolve uint64 }{syscall.O_CLOEXEC, 0, 0}
	directory := -100
	path := append([]byte(filepath.Join(place, "file")), 0)
	opened, _, failed := syscall.Syscall6(437, uintptr(directory), uintptr(unsafe.Pointer(&path[0])),
		uintptr(unsafe.Pointer(&how)), unsafe.Sizeof(how), 0, 0)
	if failed != 0 {
		return failed.Error()
	}
	syscall.Close(int(opened))
	_, missing := os.Open(filepath.Join(place, "missing"))
	_, loop := os.Open(filepath.Join(place, "loop"))
	return fmt.Sprintf("%x %x %v %v", byPath.Type, byFile.Type, missing != nil, loop != nil)
}

func main() {
	place := os.Args[2]
	told := map[string]int{}
	var lock sync.Mutex
	var group sync.WaitGroup
	for range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := 0; i < rounds; i++ {
				text := ask(place)
				if i%50 == 0 {
					table, err := os.ReadFile("/proc/self/mounts")
					text += fmt.Sprint(len(table), err)
					runtime.GC()
				}
				lock.Lock()
				told[text]++
				lock.Unlock()
			}
		}()
	}
	group.Wait()
	for _, text := range slices.Sorted(maps.Keys(told)) {
		fmt.Println(text, told[text])
	}
}
