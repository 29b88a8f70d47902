// podman in a place of its own: no image, container or setting of this machine is seen or changed.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Test } from 'tap';
import { cleanCommand } from '../support/environment.js';
import { quote } from '../support/shell.js';

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** crun knows no hybrid of both versions of cgroups, and containers here need none. */
const WITHOUT_HYBRID = 'umount -l /sys/fs/cgroup/unified 2>/dev/null; exec "$@"';
/** Limits that any root may set: podman's own are higher than those of some machines. */
const SETTINGS = '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]\n';

/** Why no container can be run here. */
export const missing = (): string | false =>
  process.getuid?.() !== 0
    ? 'needs root'
    : !['/usr/bin/podman', '/usr/bin/crun'].every(existsSync) && 'needs podman and crun';

/** podman leaves cgroups when it has had pods. They are empty, if nobody else has pods at this moment. */
const LEFT =
  'find /sys/fs/cgroup/*/libpod_parent /sys/fs/cgroup/libpod_parent -depth -type d -exec rmdir {} +';
/** Of every container but those of pods, which podman makes in cgroups. */
const APART = ['--network=none', '--cgroups=disabled'];

/** podman for podman-compose, which would make a network of its own: that is left out. */
const forCompose = (podman: readonly string[], options: readonly string[]): string => `#!/bin/sh
verb=$1 left=$#
[ "$verb" = network ] && exit
shift
while [ $((left -= 1)) -gt 0 ]; do
    word=$1
    shift
    case $word in
    --net | --network-alias) shift; left=$((left - 1)) ;;
    *) set -- "$@" "$word" ;;
    esac
done
[ "$verb" = run ] && set -- ${options.map(quote).join(' ')} "$@"
exec ${podman.map(quote).join(' ')} "$verb" "$@"
`;

/** Why there is nothing to run files of compose, or pods, with, or podman by another user. */
export const missingFor = (what: 'compose' | 'pods' | 'rootless'): string | false => {
  const files = {
    compose: ['/usr/bin/podman-compose'],
    pods: ['/usr/bin/catatonit'],
    rootless: ['/usr/bin/newuidmap', '/etc/subuid', '/etc/subgid'],
  }[what];
  const lost = files.filter((file) => !existsSync(file));
  return missing() || (lost.length > 0 && `needs ${lost.join(' ')}`);
};

/** The standard output that a log of conmon holds: `TIME STREAM F|P TEXT`, P where no newline follows. */
const outputIn = (log: string): string =>
  [...log.matchAll(/^\S+ stdout ([FP]) (.*)$/gm)]
    .map(([, end, text = '']) => (end === 'F' ? `${text}\n` : text))
    .join('');

const NOBODY = 65534;
/** Of this user in a container. */
const SUBORDINATE = `${NOBODY}:300000:65536\n`;
/** Makes `nobody` a user whose containers have users of their own, in this mount namespace, and becomes it. */
const asNobody = (place: string): string =>
  [
    ...['subuid', 'subgid'].map((name) => `mount --bind ${place}/subordinate /etc/${name}`),
    `export HOME=${place}/home XDG_RUNTIME_DIR=${place}/home`,
    WITHOUT_HYBRID.replace(
      'exec',
      `exec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups`,
    ),
  ].join(' && ');

export class Podman {
  readonly #place: string;
  readonly #log: string;
  readonly #before: string;
  readonly #words: readonly string[];

  /** `rootless`: it is not root who runs it. */
  constructor(t: Test, { rootless = false } = {}) {
    const place = mkdtempSync(path.join(tmpdir(), 'seccomp-spoof-containers-'));
    this.#before = rootless ? asNobody(place) : WITHOUT_HYBRID;
    if (rootless) {
      writeFileSync(path.join(place, 'subordinate'), SUBORDINATE);
      for (const name of ['home', '']) {
        mkdirSync(path.join(place, name), { recursive: true });
        chownSync(path.join(place, name), NOBODY, NOBODY);
      }
    }
    const places = ['root', 'runroot', 'tmpdir'].flatMap((name) => [
      `--${name}`,
      `${place}/${name}`,
    ]);
    const settings = ['--storage-driver=vfs', '--cgroup-manager=cgroupfs', '--events-backend=none'];
    this.#place = place;
    this.#log = path.join(place, 'log');
    const file = path.join(place, 'containers.conf');
    writeFileSync(file, SETTINGS);
    this.#words = [
      'env',
      `CONTAINERS_CONF=${file}`,
      'podman',
      ...places,
      ...settings,
      '--runtime=crun',
    ];
    t.teardown(() => {
      // Ends what keeps the namespaces of a user who is not root.
      if (rootless) this.#run([...this.#words, 'system', 'migrate']);
      rmSync(place, { recursive: true, force: true });
    });
  }

  #run(words: readonly string[], cwd?: string): Ended {
    const apart = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', this.#before];
    const [command, all] = cleanCommand([...apart, 'sh', ...words]);
    const { status, stdout, stderr } = spawnSync(command, all, { cwd, encoding: 'utf8' });
    return { status, stdout, stderr };
  }

  /** Makes an image of the files in `context`; throws what podman says if it does not. */
  build(image: string, context: string, options: readonly string[] = []): void {
    // Where any user may look.
    const here = mkdtempSync(path.join(this.#place, 'context-'));
    chmodSync(here, 0o755);
    cpSync(context, here, { recursive: true, verbatimSymlinks: true });
    const words = ['build', '--network=none', ...options, '-t', image, '.'];
    const { status, stderr } = this.#run([...this.#words, ...words], here);
    if (status !== 0) throw new Error(`podman build: ${stderr}`);
  }

  /** What a container says is read from its log: podman itself may miss it of a program that ends at once. */
  #container(run: (options: readonly string[]) => Ended): Ended {
    rmSync(this.#log, { force: true });
    const ended = run([...APART, '--log-driver=k8s-file', '--log-opt', `path=${this.#log}`]);
    return existsSync(this.#log)
      ? { ...ended, stdout: outputIn(readFileSync(this.#log, 'utf8')) }
      : ended;
  }

  /** `words`: options, image and command, as of `docker run`. */
  run(words: readonly string[]): Ended {
    return this.#container((options) => this.#run([...this.#words, 'run', ...options, ...words]));
  }

  /** `words`: as of `docker compose`, for this file. */
  compose(file: string, words: readonly string[]): Ended {
    const podman = path.join(this.#place, 'podman');
    return this.#container((options) => {
      writeFileSync(podman, forCompose(this.#words, options), { mode: 0o755 });
      return this.#run(['podman-compose', '--podman-path', podman, '-f', file, ...words]);
    });
  }

  /** What the container NAME of a pod prints that is written as for Kubernetes; again, where it is started again. */
  pod(t: Test, file: string, name: string): Ended {
    t.teardown(() => {
      this.#run([...this.#words, 'pod', 'rm', '--force', '--all']);
      this.#run(['sh', '-c', LEFT]);
    });
    const make = ['play', 'kube', '--start=false', '--network=none', file];
    const made = this.#run([...this.#words, ...make]);
    if (made.status !== 0) return made;
    const ended = this.#run([...this.#words, 'start', '--attach', name]);
    return { ...ended, stdout: this.#run([...this.#words, 'logs', name]).stdout };
  }
}
