// The tests of `exec` once more, by a mechanism or in a form that `auto` would not choose.
/** Runs them in this process; helpers.ts must not have been loaded before. */
export async function testInPlaceBy(
  mechanism: 'auto' | 'trace' | 'ptrace',
  form: 'in place' | 'stay' = 'in place',
): Promise<void> {
  process.env['TEST_MECHANISM'] = mechanism;
  process.env['TEST_FORM'] = form;
  await import('./inplace.test.js');
  await import('./terminal.test.js');
  await import('./pipes.test.js');
  await import('./status.test.js');
  if (form === 'in place') await import('./systemd.test.js'); // READY=1 comes from the main process
}
