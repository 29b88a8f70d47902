package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

type shape struct {
	// One call, or a pair such as open and close.
	call func(*options) error
	// Is the answer the expected one? Asked before and after the measurement.
	check func(*options) error
}

const mountinfo = "/proc/self/mountinfo"

var nothing = []byte{}

var shapes = map[string]shape{
	"getppid": {func(*options) error { syscall.Getppid(); return nil }, nil},
	"read0": {func(o *options) error {
		_, err := syscall.Read(int(o.someFile.Fd()), nothing)
		return err
	}, nil},
	"statfs": {func(o *options) error {
		var info syscall.Statfs_t
		return syscall.Statfs(o.statfs, &info)
	}, func(o *options) error {
		var info syscall.Statfs_t
		return errors.Join(syscall.Statfs(o.statfs, &info), checkType(o, &info))
	}},
	"fstatfs": {func(o *options) error {
		var info syscall.Statfs_t
		return syscall.Fstatfs(int(o.statfsFile.Fd()), &info)
	}, func(o *options) error {
		var info syscall.Statfs_t
		return errors.Join(syscall.Fstatfs(int(o.statfsFile.Fd()), &info), checkType(o, &info))
	}},
	"existing-absolute": {func(o *options) error { return opens(o.existing) }, nil},
	"existing-relative": {func(o *options) error { return opens("existing") }, nil},
	"missing-absolute":  {func(o *options) error { return fails(opens(o.missing), syscall.ENOENT) }, nil},
	"missing-relative":  {func(o *options) error { return fails(opens("missing"), syscall.ENOENT) }, nil},
	"existing-stat": {func(o *options) error {
		_, err := os.Stat(o.existing)
		return err
	}, nil},
	"virtual-open": {func(o *options) error { return opens(o.virtual) }, checkVirtual},
	"virtual-stat": {func(o *options) error {
		_, err := os.Stat(o.virtual)
		return err
	}, checkVirtualStat},
	"mountinfo-open": {func(*options) error { return opens(mountinfo) }, checkMountinfo},
	"mountinfo-read": {func(*options) error {
		_, err := os.ReadFile(mountinfo)
		return err
	}, checkMountinfo},
}

func opens(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return file.Close()
}

func checkType(o *options, info *syscall.Statfs_t) error {
	if told := uint64(uint32(info.Type)); o.kind != 0 && told != o.kind {
		return fmt.Errorf("the type told is 0x%x instead of 0x%x", told, o.kind)
	}
	return nil
}

func checkVirtual(o *options) error {
	text, err := os.ReadFile(o.virtual)
	if err == nil && o.content != "" && string(text) != o.content {
		return errors.New("the virtual file does not have the expected content")
	}
	return err
}

func checkVirtualStat(o *options) error {
	info, err := os.Stat(o.virtual)
	if err == nil && o.content != "" && info.Size() != int64(len(o.content)) {
		return errors.New("stat of the virtual file does not tell the size of its content")
	}
	return err
}

func checkMountinfo(o *options) error {
	text, err := os.ReadFile(mountinfo)
	if err != nil {
		return err
	}
	has := func(kind string) bool { return strings.Contains(string(text), " - "+kind+" ") }
	if o.tableHas != "" && !has(o.tableHas) {
		return errors.New("the mount table lacks the type that it shall have")
	}
	if o.tableLacks != "" && has(o.tableLacks) {
		return errors.New("the mount table has the type that it shall not have")
	}
	return nil
}
