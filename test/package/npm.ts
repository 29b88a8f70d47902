// npm in a place of its own: what it has fetched for this checkout is not fetched again, whatever its home is.
import { execFileSync } from 'node:child_process';
import { cleanCommand } from '../support/environment.js';
import { root } from '../support/paths.js';

/** npm asks a registry only for what is not in the cache of this machine's npm, with its certificates. */
export function npmEnvironment(): Readonly<Record<string, string>> {
  const [command, words] = cleanCommand(['npm', 'config', 'get', 'cache']);
  const certificates = process.env['NODE_EXTRA_CA_CERTS'];
  return {
    npm_config_cache: execFileSync(command, words, { cwd: root, encoding: 'utf8' }).trim(),
    npm_config_prefer_offline: 'true',
    npm_config_update_notifier: 'false',
    ...(certificates === undefined ? {} : { NODE_EXTRA_CA_CERTS: certificates }),
  };
}
