// The calls that are measured, and how the drivers call them.

export interface Shape {
  /** As the drivers know it. */
  readonly name: string;
  /** As the report calls it. */
  readonly row: string;
  /** Does a policy with rules of every kind stop it? */
  readonly stopped: boolean;
  /** Also measured with more threads than one. */
  readonly threaded?: true;
}

export const shapes: readonly Shape[] = [
  { name: 'getppid', row: 'getppid', stopped: false, threaded: true },
  { name: 'read0', row: 'read of 0 bytes', stopped: false },
  { name: 'statfs', row: 'statfs', stopped: true, threaded: true },
  { name: 'fstatfs', row: 'fstatfs', stopped: true },
  {
    name: 'existing-absolute',
    row: 'open, unmatched, existing, absolute',
    stopped: true,
    threaded: true,
  },
  { name: 'existing-relative', row: 'open, unmatched, existing, relative', stopped: true },
  { name: 'missing-absolute', row: 'open, unmatched, missing, absolute', stopped: true },
  { name: 'missing-relative', row: 'open, unmatched, missing, relative', stopped: true },
  { name: 'existing-stat', row: 'stat, unmatched', stopped: true },
  { name: 'virtual-open', row: 'open, virtual', stopped: true, threaded: true },
  { name: 'virtual-stat', row: 'stat, virtual', stopped: true },
];

/** Measured where there are so many mounts. */
export const crowds = [30, 3000] as const;

/** Of a mount table, however long it is. */
export const anyTable: readonly Shape[] = [
  { name: 'mountinfo-open', row: 'open, mountinfo', stopped: true },
  { name: 'mountinfo-read', row: 'read, mountinfo', stopped: true },
];

export const tableShapes = (mounts: number): readonly Shape[] =>
  anyTable.map((shape) => ({ ...shape, row: `${shape.row} of ${mounts} mounts` }));
