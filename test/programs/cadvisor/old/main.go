// What kubelet of Kubernetes 1.28 asks cAdvisor. See ../probe.
package main

import "seccomp-spoof/test/programs/cadvisor/probe"

func main() {
	probe.Main()
}
