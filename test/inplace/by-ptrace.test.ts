// What holds for `exec` holds for `exec --mechanism ptrace`: inheritance, terminal, pipes, statuses.
process.env['TEST_MECHANISM'] = 'ptrace';
await import('./inplace.test.js');
await import('./terminal.test.js');
await import('./pipes.test.js');
await import('./status.test.js');
await import('./systemd.test.js');
