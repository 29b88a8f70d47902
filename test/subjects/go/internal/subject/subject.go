// Package subject is what the Go subjects share; see ../../../c/subject.h for the form of a line.
package subject

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// Answer is what the kernel said, without what changes between two runs.
type Answer struct {
	Type, Namelen, Bsize, Flags int64
	Errno                       syscall.Errno
}

func answer(stat *syscall.Statfs_t, err error) Answer {
	if err != nil {
		return Answer{Errno: err.(syscall.Errno)}
	}
	return Answer{
		Type: int64(stat.Type), Namelen: int64(stat.Namelen), Bsize: int64(stat.Bsize),
		Flags: int64(stat.Flags),
	}
}

// Path asks about a path.
func Path(path string) Answer {
	var stat syscall.Statfs_t
	err := syscall.Statfs(path, &stat)
	return answer(&stat, err)
}

// Fd asks about a descriptor.
func Fd(fd int) Answer {
	var stat syscall.Statfs_t
	err := syscall.Fstatfs(fd, &stat)
	return answer(&stat, err)
}

func (a Answer) String() string {
	if a.Errno != 0 {
		return fmt.Sprintf("ret=-1 errno=%d", int(a.Errno))
	}
	return fmt.Sprintf("ret=0 errno=0 type=0x%x namelen=%d bsize=%d flags=0x%x",
		a.Type, a.Namelen, a.Bsize, a.Flags)
}

// Say prints one line.
func Say(label string, a Answer) {
	fmt.Printf("%s %s\n", label, a)
}

// Must ends the subject: it could not be set up.
func Must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "subject:", err)
		os.Exit(99)
	}
}

// Effort scales a number of calls as effort() in subject.c does.
func Effort(calls int) int {
	percent, err := strconv.Atoi(os.Getenv("SUBJECT_EFFORT"))
	if err != nil {
		percent = 100
	}
	if scaled := calls * percent / 100; scaled > 0 {
		return scaled
	}
	return 1
}

// MakeTree makes what the subjects ask about.
func MakeTree() {
	Must(os.MkdirAll("tree/directory/deep", 0o755))
	Must(os.WriteFile("tree/file", []byte("text\n"), 0o644))
	Must(os.WriteFile("tree/directory/inner", nil, 0o644))
	Must(os.Symlink("file", "tree/relative"))
	Must(os.Symlink("/proc/self/cwd", "tree/to-cwd"))
	Must(os.Symlink("missing", "tree/dangling"))
	Must(os.Symlink("loop", "tree/loop"))
}

// Paths are asked for by every Go subject.
var Paths = []string{
	".", "..", "/", "tree/file", "tree/directory/../file", "tree/relative", "tree/relative/",
	"tree/to-cwd", "tree/to-cwd/tree/file", "tree/dangling", "tree/loop", "tree/missing", "",
	"/proc", "/proc/self", "/proc/self/exe", "/proc/self/cwd/tree/file", "/proc/thread-self",
	"/proc/self/fd/0", "/proc/self/fd/9999", "/dev/fd/0", "/sys", "/dev/null", "\xff\xfe",
}
