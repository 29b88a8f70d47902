// `npm run stress`: mixed load for hours, below each mechanism, while what can go wrong does; memory and
// descriptors of the supervisors have to stay as they are.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parseDuration } from '../../bench/soak/duration.js';
import { writeReport } from './report.js';
import { Stress } from './stress.js';

const help = `npm run stress -- [OPTION]...
  --for TIME     so long (24h)
  --size N       processes, or calls, of an event (1000)
  --report FILE  where the figures go (none)`;

const { values } = parseArgs({
  options: {
    for: { type: 'string', default: '24h' },
    size: { type: 'string', default: '1000' },
    report: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

async function run(): Promise<number> {
  const [time, size] = [parseDuration(values.for), Number(values.size)];
  if (time === undefined || !Number.isSafeInteger(size) || size < 1) {
    console.error(`--for takes a time such as 10m, --size a number\n${help}`);
    return 2;
  }
  const place = mkdtempSync(path.join(tmpdir(), 'stress-'));
  const stress = new Stress(place, size);
  try {
    const until = Date.now() + time;
    await stress.begin();
    while (Date.now() < until) console.log(await stress.round());
    const result = await stress.end();
    console.log(JSON.stringify(result, undefined, 2));
    if (values.report !== undefined) writeReport(values.report, result);
    return result.growth.length === 0 ? 0 : 1;
  } finally {
    stress.kill();
    rmSync(place, { recursive: true, force: true });
  }
}

if (values.help) console.log(help);
else process.exitCode = await run();
