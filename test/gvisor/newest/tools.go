// What test/lanes/gvisor/newest.ts builds: go.mod says which version, go.sum what it consists of.

//go:build tools

package tools

import _ "gvisor.dev/gvisor/runsc"
