// Package probe asks cAdvisor what kubelet asks of it when it starts, in the same order, and prints
// the answers, or the errors, as one JSON object; or it goes on and serves what the container "/" uses,
// as cAdvisor itself does. It has to compile with all releases that are tested.
package probe

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/google/cadvisor/cache/memory"
	"github.com/google/cadvisor/container"
	v1 "github.com/google/cadvisor/info/v1"
	v2 "github.com/google/cadvisor/info/v2"
	"github.com/google/cadvisor/manager"
	"github.com/google/cadvisor/utils/sysfs"
)

type filesystem struct {
	Device     string `json:"device"`
	Mountpoint string `json:"mountpoint,omitempty"`
	Type       string `json:"type,omitempty"`
	Capacity   uint64 `json:"capacity"`
}

type machine struct {
	Cores       int          `json:"cores"`
	Memory      uint64       `json:"memory"`
	Filesystems []filesystem `json:"filesystems"`
}

type root struct {
	Error       string       `json:"error,omitempty"`
	Stats       int          `json:"stats"`
	CPU         bool         `json:"cpu"`
	CPUTotal    uint64       `json:"cpuTotal"`
	Memory      bool         `json:"memory"`
	MemoryUsage uint64       `json:"memoryUsage"`
	WorkingSet  uint64       `json:"workingSet"`
	RSS         uint64       `json:"rss"`
	Filesystems []filesystem `json:"filesystems"`
}

type directory struct {
	Error string `json:"error,omitempty"`
	filesystem
}

type report struct {
	// What manager.New and Manager.Start say: the first thing that fails ends kubelet.
	New         string               `json:"new,omitempty"`
	Start       string               `json:"start,omitempty"`
	Machine     *machine             `json:"machine,omitempty"`
	Root        *root                `json:"root,omitempty"`
	Directories map[string]directory `json:"directories,omitempty"`
}

// As kubelet has it: without the metrics that it does not use.
var metrics = container.MetricSet{
	container.CpuUsageMetrics:     {},
	container.MemoryUsageMetrics:  {},
	container.CpuLoadMetrics:      {},
	container.DiskIOMetrics:       {},
	container.NetworkUsageMetrics: {},
	container.AppMetrics:          {},
	container.ProcessMetrics:      {},
	container.DiskUsageMetrics:    {},
}

func newManager() (manager.Manager, error) {
	interval, dynamic := 10*time.Second, true
	// The type has one name in old releases and another in new ones.
	housekeeping := struct {
		Interval     *time.Duration
		AllowDynamic *bool
	}{&interval, &dynamic}
	return manager.New(memory.New(2*time.Minute, nil), sysfs.NewRealSysFs(), housekeeping,
		metrics, http.DefaultClient, []string{"/kubepods"}, nil, "", 0)
}

func ask(directories []string) report {
	m, err := newManager()
	if err != nil {
		return report{New: err.Error()}
	}
	var said report
	if info, err := m.GetMachineInfo(); err == nil {
		said.Machine = &machine{Cores: info.NumCores, Memory: info.MemoryCapacity}
		for _, fs := range info.Filesystems {
			said.Machine.Filesystems = append(said.Machine.Filesystems,
				filesystem{Device: fs.Device, Type: fs.Type, Capacity: fs.Capacity})
		}
	}
	if err := m.Start(); err != nil {
		said.Start = err.Error()
		return said
	}
	said.Root = askRoot(m)
	said.Directories = map[string]directory{}
	for _, name := range directories {
		fs, err := m.GetDirFsInfo(name)
		if err != nil {
			said.Directories[name] = directory{Error: err.Error()}
			continue
		}
		said.Directories[name] = directory{filesystem: filesystem{
			Device: fs.Device, Mountpoint: fs.Mountpoint, Capacity: fs.Capacity}}
	}
	return said
}

func askRoot(m manager.Manager) *root {
	// Older than nothing: statistics are taken now, and are there when this returns.
	now := time.Duration(0)
	infos, err := m.GetContainerInfoV2("/", v2.RequestOptions{
		IdType: v2.TypeName, Count: 1, MaxAge: &now})
	if err != nil {
		return &root{Error: err.Error()}
	}
	said := &root{Stats: len(infos["/"].Stats)}
	for _, stats := range infos["/"].Stats {
		if stats.Cpu != nil {
			said.CPU = true
			said.CPUTotal = stats.Cpu.Usage.Total
		}
		if stats.Memory != nil {
			said.Memory = true
			said.MemoryUsage = stats.Memory.Usage
			said.WorkingSet = stats.Memory.WorkingSet
			said.RSS = stats.Memory.RSS
		}
	}
	filesystems, err := m.GetFsInfo("")
	if err != nil {
		said.Error = err.Error()
	}
	for _, fs := range filesystems {
		said.Filesystems = append(said.Filesystems, filesystem{
			Device: fs.Device, Mountpoint: fs.Mountpoint, Capacity: fs.Capacity})
	}
	return said
}

// serve answers until it is ended; with what cAdvisor's own server says at this address.
func serve(address string) error {
	m, err := newManager()
	if err != nil {
		return fmt.Errorf("new: %w", err)
	}
	if err := m.Start(); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	http.HandleFunc("/api/v1.3/containers/", func(w http.ResponseWriter, _ *http.Request) {
		info, err := m.GetContainerInfo("/", &v1.ContainerInfoRequest{NumStats: 1})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(info) // whoever asked may be gone
	})
	return http.ListenAndServe(address, nil)
}

// Main prints what cAdvisor says of this machine and of the filesystems of the arguments; with
// --serve ADDRESS it serves it.
func Main() {
	if len(os.Args) == 3 && os.Args[1] == "--serve" {
		fmt.Fprintln(os.Stderr, serve(os.Args[2]))
		os.Exit(1)
	}
	encoder := json.NewEncoder(os.Stdout)
	if err := encoder.Encode(ask(os.Args[1:])); err != nil {
		panic(err)
	}
}
