// Kubelet: the calls that kubelet, cAdvisor and libcontainer make about sysctls and cgroup files, as
// their Go code makes them. Words: a directory in which `sys/panic` and `cg/percpu` are made by rules.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"unsafe"
)

const (
	sysOpenat2    = 437
	resolveUnder  = 0x08 | 0x04 | 0x01 // BENEATH, NO_SYMLINKS, NO_XDEV: as for cgroup2
	oPath         = 0x200000
	inModify      = 0x2
	cgroupMagic   = 0x27e0eb
	cgroup2Magic  = 0x63677270
	manyGoroutine = 16
)

type openHow struct{ flags, mode, resolve uint64 }

func openat2(directory int, name string) (int, error) {
	text, err := syscall.BytePtrFromString(name)
	if err != nil {
		return -1, err
	}
	how := openHow{flags: syscall.O_RDONLY | syscall.O_CLOEXEC, resolve: resolveUnder}
	fd, _, errno := syscall.Syscall6(sysOpenat2, uintptr(directory), uintptr(unsafe.Pointer(text)),
		uintptr(unsafe.Pointer(&how)), unsafe.Sizeof(how), 0, 0)
	runtime.KeepAlive(text)
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

// openCgroupFile is what libcontainer does: relative to a directory, or by its path and a look at
// the filesystem where the kernel has no openat2.
func openCgroupFile(directory, name string) (*os.File, error) {
	root, err := syscall.Open(directory, oPath|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer syscall.Close(root)
	fd, err := openat2(root, name)
	if err == nil {
		return os.NewFile(uintptr(fd), name), nil
	}
	if err != syscall.ENOSYS {
		return nil, err
	}
	return os.OpenFile(filepath.Join(directory, name), os.O_RDONLY, 0)
}

func say(what string, value any, err error) {
	if err != nil {
		fmt.Printf("%s: %v\n", what, err)
		return
	}
	fmt.Printf("%s: %v\n", what, value)
}

func sysctl(path string) {
	text, err := os.ReadFile(path)
	say("ReadFile", fmt.Sprintf("%q", text), err)
	say("WriteFile", "done", os.WriteFile(path, []byte("1"), 0o640))
	text, err = os.ReadFile(path)
	say("ReadFile again", fmt.Sprintf("%q", text), err)
	for name, stat := range map[string]func(string) (os.FileInfo, error){"Stat": os.Stat, "Lstat": os.Lstat} {
		info, err := stat(path)
		if err != nil || info.Size() != int64(len(text)) || !info.Mode().IsRegular() {
			say(name, info, err)
		}
	}
	_, err = os.Stat(filepath.Join(filepath.Dir(path), "missing"))
	say("Stat of what is missing", os.IsNotExist(err), nil)
}

func cgroup(directory string) {
	file, err := openCgroupFile(directory, "percpu")
	if err != nil {
		say("open", nil, err)
		return
	}
	defer file.Close()
	var info syscall.Statfs_t
	err = syscall.Fstatfs(int(file.Fd()), &info)
	say("is a cgroup file", info.Type == cgroupMagic || info.Type == cgroup2Magic, err)
	bytes := make([]byte, 4096)
	count, err := file.Read(bytes)
	say("has lines", count > 1 && bytes[0] == '0' && bytes[count-1] == '\n', err)
	watch, err := syscall.InotifyInit1(syscall.IN_CLOEXEC)
	if err == nil {
		_, err = syscall.InotifyAddWatch(watch, directory, inModify)
	}
	say("directory is watched", true, err)
}

func many(path string) {
	var group sync.WaitGroup
	wrong := make([]int, manyGoroutine)
	for i := range wrong {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			for round := 0; round < 50; round++ {
				text, err := os.ReadFile(path)
				if err != nil || string(text) != "10\n" {
					wrong[i]++
				}
			}
		}(i)
	}
	group.Wait()
	total := 0
	for _, count := range wrong {
		total += count
	}
	say("wrong reads of many", total, nil)
}

func main() {
	sysctl(filepath.Join(os.Args[1], "sys/panic"))
	cgroup(filepath.Join(os.Args[1], "cg"))
	many(filepath.Join(os.Args[1], "sys/panic"))
}
