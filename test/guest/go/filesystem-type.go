// What statfs(2) says of / in a static Go program.
package main

import (
	"fmt"
	"os"
	"syscall"
)

func main() {
	var answer syscall.Statfs_t
	if err := syscall.Statfs("/", &answer); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Printf("Filesystem type: 0x%x\n", answer.Type)
}
