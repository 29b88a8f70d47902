// The tests of `exec` once more, by a mechanism that `auto` would not choose.
/** Runs them in this process; helpers.ts must not have been loaded before. */
export async function testInPlaceBy(mechanism: 'trace' | 'ptrace'): Promise<void> {
  process.env['TEST_MECHANISM'] = mechanism;
  await import('./inplace.test.js');
  await import('./terminal.test.js');
  await import('./pipes.test.js');
  await import('./status.test.js');
  await import('./systemd.test.js');
}
