// What ../calls.c does, through what a Go program would use: package os where it has the call,
// package syscall where it has not. The same options, shapes and output.
package main

import (
	"flag"
	"fmt"
	"os"
	"syscall"
)

type options struct {
	directory, statfs, content, tableHas, tableLacks string
	kind                                             uint64
	threads, ms                                      int

	existing, missing, virtual string
	someFile, statfsFile       *os.File
}

func (o *options) open() error {
	o.existing = o.directory + "/existing"
	o.missing = o.directory + "/missing"
	o.virtual = o.directory + "/place/virtual"
	// Whatever it is started by may have another working directory.
	if err := os.Chdir(o.directory); err != nil {
		return err
	}
	var err error
	if o.someFile, err = os.Open(o.existing); err != nil {
		return err
	}
	o.statfsFile, err = os.Open(o.statfs)
	return err
}

func main() {
	var o options
	flag.StringVar(&o.directory, "directory", "", "where the files lie")
	flag.StringVar(&o.statfs, "statfs", "/", "asked by statfs and fstatfs")
	flag.Uint64Var(&o.kind, "type", 0, "the type that they shall tell")
	flag.StringVar(&o.content, "content", "", "what place/virtual shall hold")
	flag.StringVar(&o.tableHas, "table-has", "", "a type in the mount table")
	flag.StringVar(&o.tableLacks, "table-lacks", "", "a type that is not in the mount table")
	flag.IntVar(&o.threads, "threads", 1, "how many at once")
	flag.IntVar(&o.ms, "ms", 20, "how long a shape takes")
	flag.Parse()
	if err := o.open(); err != nil {
		fmt.Fprintln(os.Stderr, "calls:", err)
		os.Exit(2)
	}
	status := 0
	for _, name := range flag.Args() {
		shape, known := shapes[name]
		if !known {
			fmt.Fprintln(os.Stderr, "calls: there is no shape", name)
			os.Exit(2)
		}
		if !measure(name, shape, &o) {
			status = 1
		}
	}
	os.Exit(status)
}

// fails is for calls that shall end with that error.
func fails(err error, with syscall.Errno) error {
	if number, is := err.(*os.PathError); is && number.Err == with {
		return nil
	}
	return fmt.Errorf("%v instead of %v", err, with)
}
