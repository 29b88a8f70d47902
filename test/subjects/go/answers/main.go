// Command answers asks one question after another: from the main goroutine, from one that is bound
// to a thread with a working directory of its own, and about descriptors.
package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"

	"seccomp-spoof/subjects/internal/subject"
)

func look(who string) {
	for _, path := range subject.Paths {
		subject.Say(fmt.Sprintf("%s [%q]", who, path), subject.Path(path))
	}
}

func descriptors() {
	file, err := os.Open("tree/file")
	subject.Must(err)
	subject.Say("file", subject.Fd(int(file.Fd())))
	directory, err := os.Open("tree")
	subject.Must(err)
	subject.Say("directory", subject.Fd(int(directory.Fd())))
	read, write, err := os.Pipe()
	subject.Must(err)
	subject.Say("pipe", subject.Fd(int(read.Fd())))
	subject.Must(write.Close())
	subject.Must(os.Remove("tree/directory/inner"))
	subject.Say("closed", subject.Fd(1<<20))
	subject.Say("-1", subject.Fd(-1))
}

func ownDirectory() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		subject.Must(syscall.Unshare(syscall.CLONE_FS))
		subject.Must(syscall.Chdir("/proc"))
		look("thread in /proc")
		subject.Say("version", subject.Path("version"))
	}()
	<-done
	look("main goroutine afterwards")
}

// The leader is taken: no other goroutine gets it. In main() it would be too late, because the main
// goroutine may have moved to another thread by then.
func init() {
	runtime.LockOSThread()
}

func main() {
	subject.MakeTree()
	look("main goroutine")
	descriptors()
	ownDirectory()
}
