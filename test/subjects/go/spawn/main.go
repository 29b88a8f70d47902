// Command spawn starts copies of itself from many goroutines (Go clones with CLONE_VFORK|CLONE_VM)
// in different directories, and prints what each was told.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"seccomp-spoof/subjects/internal/subject"
)

func inner() {
	for _, path := range []string{".", "file", "version", "self", "/proc/self/cwd", "/proc/self/fd/3"} {
		subject.Say("["+path+"]", subject.Path(path))
	}
	subject.Say("descriptor 3", subject.Fd(3))
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "inner" {
		inner()
		return
	}
	subject.MakeTree()
	self, err := os.Executable()
	subject.Must(err)
	directories := []string{"tree", "/proc", "tree/directory", "/"}
	files := []string{"/proc/version", "tree/file", "/dev/null"}
	children := subject.Effort(24)
	output := make([]bytes.Buffer, children)
	var all sync.WaitGroup
	for i := 0; i < children; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			extra, err := os.Open(files[i%len(files)])
			subject.Must(err)
			defer extra.Close()
			command := exec.Command(self, "inner")
			command.Dir = directories[i%len(directories)]
			command.ExtraFiles = []*os.File{extra}
			command.Stdout, command.Stderr = &output[i], os.Stderr
			if i%5 == 4 && os.Geteuid() == 0 {
				command.SysProcAttr = &syscall.SysProcAttr{
					Credential: &syscall.Credential{Uid: 65534, Gid: 65534},
				}
			}
			subject.Must(command.Run())
		}(i)
	}
	all.Wait()
	for i := range output {
		fmt.Printf("-- child %d\n%s", i, output[i].String())
	}
}
