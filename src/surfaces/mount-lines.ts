/** Lines of mount tables: proc_pid_mountinfo(5), proc_pid_mounts(5), proc_pid_mountstats(5). */

/** The forms of a mount table. */
export type TableForm = 'mountinfo' | 'mounts' | 'mountstats';

export interface MountLine {
  /** The whole line. */
  readonly text: string;
  /** Mount point, decoded. */
  readonly point: string;
  /** The type column, decoded. */
  readonly fstype: string;
  /** mountinfo: the number of the mount. */
  readonly id?: number;
  /** mountinfo: `major:minor`. */
  readonly device?: string;
}

/** What is known of a path, to find its mount. */
export interface Place {
  /** The number of its mount (STATX_MNT_ID), or null. */
  readonly mount: number | null;
  /** `major:minor` of st_dev, or null. */
  readonly device: string | null;
  /** The path without links, or null. */
  readonly resolved: string | null;
}

/** Blanks, tabs, newlines and backslashes stand in tables as three octal digits. */
function decode(word: string): string {
  return word.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

function mountinfoLine(text: string): MountLine | undefined {
  const [fields = '', rest] = text.split(/ - (.*)/s);
  const [id, , device, , point] = fields.split(' ');
  const fstype = rest?.split(' ')[0];
  if (point === undefined || fstype === undefined || device === undefined) return undefined;
  return { text, point: decode(point), fstype: decode(fstype), id: Number(id), device };
}

function plainLine(form: 'mounts' | 'mountstats', text: string): MountLine | undefined {
  const pattern =
    form === 'mounts'
      ? /^\S* (\S+) (\S+)/
      : /^(?:device \S*|no device) mounted on (\S+) with fstype (\S+)/;
  const [, point, fstype] = pattern.exec(text) ?? [];
  if (point === undefined || fstype === undefined) return undefined;
  return { text, point: decode(point), fstype: decode(fstype) };
}

/** The lines of a table that tell of a mount, in its order. */
export function mountLines(form: TableForm, table: string): MountLine[] {
  return table.split('\n').flatMap((text) => {
    const line = form === 'mountinfo' ? mountinfoLine(text) : plainLine(form, text);
    return line?.point.startsWith('/') === true ? [line] : [];
  });
}

function covers(point: string, path: string): boolean {
  return point === '/' || path === point || path.startsWith(`${point}/`);
}

/**
 * The line of the mount that a path lies on: by its number, else by the longest mount point (of
 * several mounts on one point the one with the path's device, else the last).
 */
export function coveringLine(lines: readonly MountLine[], place: Place): MountLine | undefined {
  const { mount, device, resolved } = place;
  const numbered = mount === null ? undefined : lines.find(({ id }) => id === mount);
  if (numbered !== undefined || resolved === null) return numbered;
  const above = lines.filter(({ point }) => covers(point, resolved));
  const longest = Math.max(...above.map(({ point }) => point.length));
  const nearest = above.filter(({ point }) => point.length === longest);
  return nearest.findLast((line) => line.device === device) ?? nearest.at(-1);
}

/**
 * The line of another table for the same mount as `like`, which is one of `all`. Without numbers,
 * mounts on one point are told apart by their order, which is the same in every table.
 */
export function sameMount(
  lines: readonly MountLine[],
  like: MountLine,
  all: readonly MountLine[],
): MountLine | undefined {
  const here = lines.filter(({ point }) => point === like.point);
  const there = all.filter(({ point }) => point === like.point);
  return here.length === there.length ? here[there.indexOf(like)] : here.at(-1);
}
