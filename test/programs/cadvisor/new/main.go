// What kubelet of Kubernetes 1.36 asks cAdvisor. See ../probe.
package main

import (
	// All there are: what is none of these has no statistics.
	_ "github.com/google/cadvisor/fs/btrfs/install"
	_ "github.com/google/cadvisor/fs/devicemapper/install"
	_ "github.com/google/cadvisor/fs/nfs/install"
	_ "github.com/google/cadvisor/fs/overlay/install"
	_ "github.com/google/cadvisor/fs/tmpfs/install"
	_ "github.com/google/cadvisor/fs/vfs/install"
	_ "github.com/google/cadvisor/fs/zfs/install"

	"seccomp-spoof/test/programs/cadvisor/probe"
)

func main() {
	probe.Main()
}
