// What holds for `exec` holds for `exec --mechanism trace`: inheritance, terminal, pipes, statuses.
process.env['TEST_MECHANISM'] = 'trace';
await import('./inplace.test.js');
await import('./terminal.test.js');
await import('./pipes.test.js');
await import('./status.test.js');
await import('./systemd.test.js');
