// Pictures of panels, each of bars or of lines with their spread, by echarts without a browser. They
// need nothing but themselves, have a background of their own, and are the same each time.
import * as echarts from 'echarts';
import type { EChartsOption, CustomSeriesRenderItem, SeriesOption } from 'echarts';
import type { Spread } from '../model.js';
import { ratio, short } from './numbers.js';

export interface Bar {
  readonly label: string;
  readonly colour: string;
  readonly spread: Spread;
}

export interface Line {
  readonly label: string;
  readonly colour: string;
  readonly points: readonly (readonly [number, Spread])[];
}

export type Panel = { readonly title: string } & (
  { readonly bars: readonly Bar[] } | { readonly lines: readonly Line[]; readonly axis: string }
);

export interface Picture {
  readonly title: string;
  /** What the bars are, and where they come from. */
  readonly notes: readonly string[];
  readonly columns: number;
  readonly panels: readonly Panel[];
}

export const ink = { strong: '#1f2328', weak: '#59636e', grid: '#d8dee4', paper: '#ffffff' };
export const WIDTH = 880;
const MARGIN = 20;
const BAR = 17;
const LINES = 170;
const LABELS = 62;
const VALUES = 46;
const PANEL_HEAD = 26;
const PANEL_FOOT = 26;

const heightOf = (panel: Panel): number => ('bars' in panel ? panel.bars.length * BAR : LINES);

type Place = Readonly<Record<'left' | 'top' | 'width' | 'height', number>>;
type Range = readonly [number, number];

/** A fair end for a logarithmic axis: 1, 2 or 5 times a power of ten. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5].find((step) => step * power >= value) ?? 10);
}

function spreads(panel: Panel): Spread[] {
  if ('bars' in panel) return panel.bars.map(({ spread }) => spread);
  return panel.lines.flatMap(({ points }) => points.map(([, spread]) => spread));
}

/** From the first value to the second, with the ends marked; values are [at, low, high]. */
const whisker =
  (upright: boolean): CustomSeriesRenderItem =>
  (_params, api) => {
    const [at, low, high] = [0, 1, 2].map((i) => Number(api.value(i))) as [number, number, number];
    const end = (value: number): number[] => api.coord(upright ? [at, value] : [value, at]);
    const [[x1 = 0, y1 = 0], [x2 = 0, y2 = 0]] = [end(low), end(high)];
    const line = (a: number, b: number, c: number, d: number) => ({
      type: 'line' as const,
      shape: { x1: a, y1: b, x2: c, y2: d },
      style: { stroke: ink.strong, lineWidth: 1, opacity: 0.75 },
    });
    const cap = 3;
    return {
      type: 'group',
      children: [
        line(x1, y1, x2, y2),
        ...(upright ? [] : [x1, x2].map((x) => line(x, y1 - cap, x, y1 + cap))),
      ],
    };
  };

interface Parts {
  readonly grid: object;
  readonly xAxis: object;
  readonly yAxis: object;
  readonly series: SeriesOption[];
}

const quiet = { silent: true, animation: false } as const;
export const plainAxis = { axisTick: { show: false }, axisLine: { show: false } };
export const small = { color: ink.weak, fontSize: 10 };

function bars(list: readonly Bar[], place: Place, [from, to]: Range, at: number): Parts {
  const axes = { xAxisIndex: at, yAxisIndex: at };
  return {
    grid: { ...place },
    xAxis: {
      ...{ type: 'log', gridIndex: at, min: from, max: to, ...plainAxis },
      axisLabel: { ...small, formatter: (value: number) => ratio(value) },
      splitLine: { lineStyle: { color: ink.grid } },
    },
    yAxis: {
      ...{ type: 'category', gridIndex: at, inverse: true, ...plainAxis },
      data: list.map(({ label }) => label),
      axisLabel: { color: ink.strong, fontSize: 11, interval: 0 },
    },
    series: [
      {
        ...{ type: 'bar', ...axes, ...quiet, barWidth: BAR - 6 },
        data: list.map(({ spread, colour }) => ({
          // A bar shorter than its axis begins must not go to the left of it.
          value: Math.max(spread.median, from),
          itemStyle: { color: colour },
        })),
      },
      {
        ...{ type: 'custom', ...axes, ...quiet, renderItem: whisker(false) },
        data: list.map(({ spread }, i) => [
          i,
          Math.max(spread.p10, from),
          Math.min(Math.max(spread.p90, from), to),
        ]),
      },
    ],
  };
}

function lines(
  list: readonly Line[],
  axis: string,
  place: Place,
  [from, to]: Range,
  at: number,
): Parts {
  const axes = { xAxisIndex: at, yAxisIndex: at };
  const places = list.flatMap(({ points }) => points.map(([x]) => x));
  return {
    grid: { ...place },
    xAxis: {
      ...{ type: 'log', gridIndex: at, min: Math.min(...places), max: Math.max(...places) },
      ...{ ...plainAxis, name: axis, nameLocation: 'middle', nameGap: 22, nameTextStyle: small },
      axisLabel: { ...small, formatter: (value: number) => short(value) },
      splitLine: { show: false },
    },
    yAxis: {
      ...{ type: 'log', gridIndex: at, min: from, max: to, ...plainAxis },
      axisLabel: { ...small, formatter: (value: number) => ratio(value) },
      splitLine: { lineStyle: { color: ink.grid } },
    },
    series: list.flatMap(({ colour, points }): SeriesOption[] => [
      {
        ...{ type: 'line', ...axes, ...quiet, clip: false, symbol: 'circle', symbolSize: 6 },
        ...{ lineStyle: { color: colour, width: 2 }, itemStyle: { color: colour } },
        data: points.map(([x, { median }]) => [x, median]),
      },
      {
        ...{ type: 'custom', ...axes, ...quiet, renderItem: whisker(true) },
        data: points.map(([x, { p10, p90 }]) => [x, Math.max(p10, from), Math.min(p90, to)]),
      },
    ]),
  };
}

/** Words at a place of the picture. */
export const text = (words: string, left: number, top: number, style: object): object => ({
  ...{ type: 'text', left, top, silent: true },
  style: { text: words, fill: ink.strong, fontSize: 12, ...style },
});

/** The values of bars, right of the picture's bars: they would hide spreads. */
const valuesOf = (list: readonly Bar[], place: Place): object[] =>
  list.map(({ spread }, i) =>
    text(ratio(spread.median), place.left + place.width + 8, place.top + i * BAR + 3, {
      fontSize: 11,
    }),
  );

/** The names of lines, at their ends; one below the other where lines end at the same place. */
function namesOf(list: readonly Line[], place: Place, [from, to]: Range): object[] {
  const ends = list
    .flatMap(({ label, colour, points }) => {
      const last = points.at(-1)?.[1].median;
      const share = Math.log((last ?? from) / from) / Math.log(to / from);
      return [{ label, colour, top: place.top + place.height * (1 - share) - 6 }];
    })
    .sort((a, b) => a.top - b.top);
  let free = -Infinity;
  return ends.map(({ label, colour, top }) => {
    const at = Math.max(top, free);
    free = at + 12;
    return text(label, place.left + place.width + 8, at, { fill: colour, fontSize: 11 });
  });
}

function lay(picture: Picture): { places: Place[]; height: number } {
  const column = (WIDTH - 2 * MARGIN) / picture.columns;
  let top = MARGIN + 28 + picture.notes.length * 16;
  const places: Place[] = [];
  for (let first = 0; first < picture.panels.length; first += picture.columns) {
    const row = picture.panels.slice(first, first + picture.columns);
    row.forEach((panel, at) =>
      places.push({
        left: MARGIN + at * column + LABELS,
        top: top + PANEL_HEAD,
        width: column - LABELS - VALUES - 8,
        height: heightOf(panel),
      }),
    );
    top += PANEL_HEAD + Math.max(...row.map(heightOf)) + PANEL_FOOT + 8;
  }
  return { places, height: top + MARGIN - 8 };
}

/** One for all bars, so that they can be compared across panels, and one for each panel of lines. */
function rangeOf(panels: readonly Panel[], panel: Panel): Range {
  const among = 'bars' in panel ? panels.filter((other) => 'bars' in other) : [panel];
  const all = among.flatMap(spreads);
  const highest = Math.max(...all.map(({ p90 }) => p90), 'bars' in panel ? 2 : 1.9);
  const lowest = 'bars' in panel ? 1 : Math.min(0.5, ...all.map(({ p10 }) => p10));
  return [lowest > 0 ? 1 / roundUp(1 / lowest) : 0.1, roundUp(highest)];
}

export function drawSvg(picture: Picture): string {
  const { places, height } = lay(picture);
  const graphic: object[] = [
    text(picture.title, MARGIN, MARGIN, { fontSize: 16, fontWeight: 'bold' }),
    ...picture.notes.map((note, i) =>
      text(note, MARGIN, MARGIN + 24 + i * 16, { fill: ink.weak, fontSize: 11 }),
    ),
  ];
  const parts = picture.panels.flatMap((panel, at): Parts[] => {
    const place = places[at];
    if (place === undefined) return [];
    const range = rangeOf(picture.panels, panel);
    graphic.push(
      text(panel.title, place.left, place.top - 18, { fontWeight: 'bold', fontSize: 12 }),
    );
    if ('lines' in panel) {
      graphic.push(...namesOf(panel.lines, place, range));
      return [lines(panel.lines, panel.axis, place, range, at)];
    }
    graphic.push(...valuesOf(panel.bars, place));
    return [bars(panel.bars, place, range, at)];
  });
  const shown = {
    graphic,
    grid: parts.map(({ grid }) => grid),
    xAxis: parts.map(({ xAxis }) => xAxis),
    yAxis: parts.map(({ yAxis }) => yAxis),
    series: parts.flatMap(({ series }) => series),
  };
  return render(shown, height);
}

/** A file of a picture, of the width, the ground and the letters that all have. */
export function render(shown: object, height: number): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  const option: EChartsOption = {
    animation: false,
    backgroundColor: ink.paper,
    textStyle: { fontFamily: 'system-ui, sans-serif' },
    ...shown,
  };
  try {
    chart.setOption(option);
    return `${plain(chart.renderToSVGString())}\n`;
  } finally {
    chart.dispose();
  }
}

/** Without what is there for a mouse, and numbered through all pictures of a process. */
const plain = (svg: string): string =>
  svg
    .replace(/<style[^>]*>.*?<\/style>\s*/su, '')
    .replace(/ (?:class="zr[^"]*"|ecmeta_\w+="[^"]*"|pointer-events="[^"]*")/gu, '')
    .replace(/\bzr\d+-/gu, 'zr-')
    .trim();
