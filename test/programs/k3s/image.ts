// The image that the pods of the test run, as an OCI archive: busybox and pause.c, and nothing of anybody's
// registry. Rule: the same programs make the same bytes, so that it is found in the cache.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { requireProgram, Unavailable } from '../../lanes/programs.js';
import { testBuild } from '../../support/paths.js';

/** Its name in containerd; `localhost` is asked by nobody. */
export const image = 'localhost/pods:1';

const directories = ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp', 'var', 'root'];

function command(program: string, words: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, words, { encoding: 'utf8' });
  if (error) throw new Unavailable(`${program}: ${error.message}`);
  if (status !== 0) throw new Unavailable(`${program} ${words.join(' ')}: ${stderr.trim()}`);
  return stdout;
}

/** Same files, same bytes. */
function archive(directory: string, file: string, files: readonly string[]): void {
  const plain = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];
  command('tar', ['-C', directory, ...plain, '-cf', file, ...files]);
}

function fillRoot(top: string): void {
  for (const name of directories) mkdirSync(path.join(top, name), { recursive: true });
  const busybox = requireProgram('busybox', 'busybox-static');
  if (spawnSync('ldd', [busybox]).status === 0) {
    throw new Unavailable(`${busybox} needs libraries (Debian package busybox-static)`);
  }
  copyFileSync(busybox, path.join(top, 'bin/busybox'));
  for (const applet of command(busybox, ['--list']).trim().split('\n')) {
    if (applet !== 'busybox') symlinkSync('busybox', path.join(top, 'bin', applet));
  }
  writeFileSync(path.join(top, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  const source = path.join(import.meta.dirname, 'pause.c');
  command('cc', ['-std=c11', '-D_GNU_SOURCE', '-O2', '-static', '-o', `${top}/pause`, source]);
}

/** A file among the blobs, as others name it. */
interface Blob {
  readonly digest: string;
  readonly size: number;
}

function addBlob(layout: string, content: Buffer): Blob {
  const hash = createHash('sha256').update(content).digest('hex');
  writeFileSync(path.join(layout, 'blobs/sha256', hash), content);
  return { digest: `sha256:${hash}`, size: content.length };
}

const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));

/** https://github.com/opencontainers/image-spec says what all of this is called. */
function fillLayout(layout: string, layer: Buffer): void {
  mkdirSync(path.join(layout, 'blobs/sha256'), { recursive: true });
  const type = 'application/vnd.oci.image';
  const content = addBlob(layout, layer);
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const config = addBlob(
    layout,
    json({
      ...{ architecture, os: 'linux', rootfs: { type: 'layers', diff_ids: [content.digest] } },
      config: { Entrypoint: ['/pause'], Env: ['PATH=/bin'], WorkingDir: '/' },
    }),
  );
  const manifest = addBlob(
    layout,
    json({
      ...{ schemaVersion: 2, mediaType: `${type}.manifest.v1+json` },
      config: { mediaType: `${type}.config.v1+json`, ...config },
      layers: [{ mediaType: `${type}.layer.v1.tar`, ...content }],
    }),
  );
  const annotations = {
    'io.containerd.image.name': image,
    'org.opencontainers.image.ref.name': '1',
  };
  const named = { mediaType: `${type}.manifest.v1+json`, ...manifest, annotations };
  writeFileSync(
    path.join(layout, 'index.json'),
    json({ schemaVersion: 2, mediaType: `${type}.index.v1+json`, manifests: [named] }),
  );
  writeFileSync(path.join(layout, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
}

/** Makes the archive and says where it is; throws Unavailable. */
export function makeImage(): string {
  const cache = path.join(testBuild, 'k3s');
  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(path.join(cache, 'image-'));
  try {
    const [top, layout] = [path.join(scratch, 'root'), path.join(scratch, 'layout')];
    fillRoot(top);
    archive(top, path.join(scratch, 'layer.tar'), ['.']);
    fillLayout(layout, readFileSync(path.join(scratch, 'layer.tar')));
    const made = path.join(scratch, 'pods.tar');
    archive(layout, made, ['oci-layout', 'index.json', 'blobs']);
    const file = path.join(cache, 'pods.tar');
    renameSync(made, file);
    return file;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
