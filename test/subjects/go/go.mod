module seccomp-spoof/subjects

go 1.19
