module seccomp-spoof/test/programs/cadvisor/probe

go 1.24.0

require github.com/google/cadvisor v0.47.3
