/**
 * `npm run picture`: docs/before-and-after.svg, a terminal in which programs are asked for a filesystem,
 * first natively and then below `exec`. What they say is what they have just said here.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dist, giveUp, root } from './steps.mjs';

const COMMANDS = [
  'df --output=fstype /dev/shm',
  'stat -f -c %T /dev/shm',
  'findmnt -f -n -o FSTYPE /dev/shm',
];
const EXEC = 'exec --fstype tmpfs=ext4';

const COLOURS = {
  ground: '#0d1117',
  bar: '#21262d',
  prompt: '#8b949e',
  command: '#e6edf3',
  said: '#8b949e',
  before: '#ffa198',
  after: '#7ee787',
};
const LINE = 20;
const MARGIN = 20;
const BAR = 28;
const WIDTH = 680;

/** The lines that a command prints, whatever the language and the variables of who runs this. */
function ask(line) {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
  const { status, stdout, stderr } = spawnSync('sh', ['-c', line], { env, encoding: 'utf8' });
  if (status !== 0) giveUp(`"${line}" ended with ${status}: ${stderr}`);
  return stdout.trimEnd().split('\n');
}

const escape = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A command as it is typed, and what it says: in a colour of its own what the other way does not say. */
function lines(typed, said, other, colour) {
  return [
    [
      ['$ ', 'prompt'],
      [typed, 'command'],
    ],
    ...said.map((text, i) => [[text, text === other[i] ? 'said' : colour]]),
  ];
}

function draw(all) {
  const height = BAR + all.length * LINE + 2 * MARGIN - 4;
  const text = all.map((parts, i) => {
    const words = parts.map(([word, colour]) => {
      const fill = `fill="${COLOURS[colour]}"`;
      return `<tspan ${fill}>${escape(word)}</tspan>`;
    });
    const y = BAR + MARGIN + 10 + i * LINE;
    return `<text x="${MARGIN}" y="${y}" xml:space="preserve">${words.join('')}</text>`;
  });
  const lights = ['#ff5f57', '#febc2e', '#28c840'].map(
    (fill, i) => `<circle cx="${MARGIN + i * 20}" cy="${BAR / 2}" r="6" fill="${fill}"/>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    '<title>Programs asked for a filesystem, natively and below seccomp-spoof</title>',
    `<rect width="${WIDTH}" height="${height}" rx="8" fill="${COLOURS.ground}"/>`,
    `<path d="M0 ${BAR}V8a8 8 0 0 1 8-8H${WIDTH - 8}a8 8 0 0 1 8 8V${BAR}z" fill="${COLOURS.bar}"/>`,
    ...lights,
    '<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13.5">',
    ...text,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

const answers = COMMANDS.map((command) => ({
  command,
  before: ask(command),
  after: ask(`${join(dist, 'seccomp-spoof')} ${EXEC} ${command}`),
}));
if (!answers.every(({ before }) => before.includes('tmpfs')))
  giveUp('/dev/shm is no tmpfs here, which the picture is about');

const to = process.argv[2] ?? join(root, 'docs/before-and-after.svg');
writeFileSync(
  to,
  draw([
    ...answers.flatMap(({ command, before, after }) => lines(command, before, after, 'before')),
    [],
    ...answers.flatMap(({ command, before, after }) =>
      lines(`seccomp-spoof ${EXEC} ${command}`, after, before, 'after'),
    ),
  ]),
);
