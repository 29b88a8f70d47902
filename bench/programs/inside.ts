// Runs inside the sandbox: takes tasks as JSON, prints the times as JSON. See gvisor.ts.
import type { Size } from './program.js';
import { timeProgram, type Task, type Timed } from './rounds.js';

/** What inside.js is told. */
export interface Order {
  readonly tasks: readonly (Task & { readonly tree?: string | undefined })[];
  readonly rounds: number;
  readonly size: Size;
}

const order = JSON.parse(process.argv[2] ?? '') as Order;
const timed: Timed[] = [];
for (const task of order.tasks)
  timed.push(await timeProgram(task, order.rounds, order.size, task.tree));
console.log(JSON.stringify(timed));
