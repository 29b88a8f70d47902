// ... by trace, beside threads, too: the same as without it.
import t from 'tap';
import { missingGo } from '../support/go.js';
import * as programs from './programs.js';
import {
  ASKS,
  asking,
  countOf,
  FEW,
  filters,
  opening,
  opensStopped,
  statically,
} from './programs.js';

const { place, remove } = programs.makePlace();
t.teardown(remove);

const wrapped = (when: string, command: readonly string[]) =>
  programs.wrapped(['-m', 'trace', '--inline', when], command);
const by = (when: string, program: string, verb: string, about = place) =>
  wrapped(when, [program, verb, about]);

// [verb, calls that have to be stopped, at most]
const both = ['edges', 'fork', 'vfork', 'threads', 'strict'] as const;
const verbs = [
  ...both.map((verb) => [verb, 0, Infinity] as const),
  ['strict', 0, FEW],
  ['beside-thread', 0, FEW],
  ['beside-process', 0, FEW],
  ['cancels', 0, FEW],
  ['probes-filters', 0, FEW],
  ['beside-filter', 20, FEW],
  ['after-filter', 20, FEW],
  ['executes-beside-filter', 0, FEW],
  ['table', 0, Infinity],
  ['own-filter', ASKS, Infinity],
] as const;
const openings = [
  ...opensStopped,
  ['threads', 0, Infinity],
  ['beside-ended', 0, Infinity],
  ['table', 0, ASKS],
] as const;

for (const [what, list, kinds] of [
  ['asks', verbs, asking],
  ['opens', openings, opening],
] as const)
  for (const [kind, program] of kinds)
    for (const [verb, least, most] of list)
      void t.test(`${kind}, ${what}: ${verb}`, (t) => {
        const off = by('off', program, verb);
        const { status, signal, stdout, stderr, told } = by('always', program, verb);
        t.equal(status, off.status, `${signal} ${stderr}`);
        t.equal(stdout, off.stdout, 'the same is told');
        t.ok(told.stopped >= least && told.stopped <= most, `${told.stopped} calls were stopped`);
        t.ok(countOf(told, /^places/) > 0, JSON.stringify(told.inline));
        t.end();
      });

void t.test('calls are counted by program, not by thread', (t) => {
  const off = by('off', statically, 'brief-threads');
  const { status, stdout, stderr, told } = by('auto', statically, 'brief-threads');
  t.equal(status, off.status, stderr);
  t.equal(stdout, off.stdout);
  t.ok(off.told.stopped >= ASKS, `${off.told.stopped} calls`);
  t.ok(told.stopped >= 64 && told.stopped < ASKS, `${told.stopped} calls were stopped`);
  t.end();
});

void t.test('a filter for all threads, while another one gets places', (t) => {
  programs.checkFilterForAll(t, wrapped);
  t.end();
});

const skip = process.getuid?.() !== 0 && 'needs root';
void t.test('a program that only root can change has a filter', { skip }, (t) => {
  const { told } = by('always', statically, 'undumpable');
  t.ok(told.stopped < FEW, `${told.stopped} calls were stopped`);
  const { status, signal, stderr, told: then } = by('always', filters, 'unreadable', '0');
  t.equal(status, 0, `${signal} ${stderr}`);
  t.equal(countOf(then, /stopped by a filter/), 1, JSON.stringify(then.inline));
  t.end();
});

void t.test('a filter of somebody else who has the same memory', (t) => {
  for (const verb of ['beside', 'inherited']) {
    const { status, signal, stderr } = by('always', filters, verb, '0');
    t.equal(status, 0, `${verb}: ${signal} ${stderr}`);
  }
  t.end();
});

void t.test('Go, beside its threads', { skip: missingGo }, (t) => {
  programs.checkGo(t, (when, command) => wrapped(when, [...command, place]));
  t.end();
});
