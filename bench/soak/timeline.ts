// One picture of a soak over time: what was up, what was answered, what was said, what was used.
import type { CustomSeriesRenderItem, SeriesOption } from 'echarts';
import { ink, plainAxis, render, small, text, WIDTH } from '../report/svg.js';
import { clock } from './duration.js';
import { questions, type Observation, type Soak, type Usage } from './model.js';

const colours = { good: '#2da44e', bad: '#cf222e', unknown: '#d8dee4' };
const shades: readonly string[] = Object.values(colours);
const LEFT = 130;
const RIGHT = 70;
const BAND = 20;
const CURVE = 80;

interface Band {
  readonly name: string;
  readonly state: (observation: Observation, before?: Observation) => keyof typeof colours;
}

interface Curve {
  readonly name: string;
  readonly colour: string;
  readonly values: readonly (readonly [number, number])[];
}

interface Chart {
  readonly title: string;
  readonly curves: readonly Curve[];
}

/** What is known at each look, without what was never asked. */
function bandsOf({ observations }: Soak): Band[] {
  const asked = questions.filter((name) => observations.some(({ answers }) => answers[name]));
  return [
    {
      name: 'up',
      state: ({ alive, restarts }, before) =>
        alive && restarts === (before?.restarts ?? 0) ? 'good' : 'bad',
    },
    ...asked.map((name): Band => ({
      name,
      state: ({ answers }) => {
        const answer = answers[name];
        if (answer === undefined) return 'unknown';
        return answer.ok ? 'good' : 'bad';
      },
    })),
  ];
}

type Value = (observation: Observation) => number | null | undefined;

const valuesOf = (observations: readonly Observation[], value: Value): Curve['values'] =>
  observations.flatMap((observation) => {
    const found = value(observation);
    return typeof found === 'number' ? [[observation.at, found] as const] : [];
  });

/** By how much a value that only grows has grown in a second. */
const ratesOf = (observations: readonly Observation[], value: Value): Curve['values'] => {
  const values = valuesOf(observations, value);
  return values.slice(1).map(([at, now], i) => {
    const [before, then] = values[i] ?? [at, now];
    return [at, Math.max(0, (now - then) / ((at - before) / 1000))] as const;
  });
};

function chartsOf({ observations }: Soak): Chart[] {
  const [ours, theirs] = ['#0550ae', '#bc4c00'];
  const errors = valuesOf(observations, ({ matches }) =>
    Object.values(matches).reduce((sum, count) => sum + count, 0),
  );
  const stopped = ratesOf(observations, ({ counters }) => counters?.stopped);
  const used = (values: typeof valuesOf, of: (usage: Usage) => number): Curve[] => [
    { name: 'command', colour: theirs, values: values(observations, (at) => at.command && of(at.command)) }, // prettier-ignore
    { name: 'supervisor', colour: ours, values: values(observations, (at) => at.supervisor && of(at.supervisor)) }, // prettier-ignore
  ];
  const charts: Chart[] = [
    {
      title: 'bad lines, so far',
      curves: [{ name: 'log', colour: '#cf222e', values: errors }],
    },
    { title: 'memory, MB', curves: used(valuesOf, ({ memory }) => memory / 1024) },
    { title: '% of one CPU', curves: used(ratesOf, ({ cpu }) => cpu * 100) },
    {
      title: 'calls stopped in a second',
      curves: [{ name: 'calls', colour: ours, values: stopped }],
    },
  ];
  return charts
    .map((chart) => ({ ...chart, curves: chart.curves.filter(({ values }) => values.length > 0) }))
    .filter(({ curves }) => curves.length > 0);
}

/** From one look to the next, in the colour of the first. */
const bandItem: CustomSeriesRenderItem = (_params, api) => {
  const [from = 0, y = 0] = api.coord([api.value(0), api.value(2)]);
  const [to = 0] = api.coord([api.value(1), api.value(2)]);
  return {
    type: 'rect',
    shape: { x: from, y: y - BAND / 2 + 2, width: Math.max(1, to - from), height: BAND - 4 },
    style: { fill: shades[api.value(3) as number] ?? colours.unknown },
  };
};

export function drawTimeline(soak: Soak): string {
  const { observations, lasted, planned } = soak;
  const [bands, charts] = [bandsOf(soak), chartsOf(soak)];
  const end = Math.max(lasted, ...observations.map(({ at }) => at), 1);
  const width = WIDTH - LEFT - RIGHT;
  const top = 64;
  const below = top + bands.length * BAND;
  const tops = charts.map((_, i) => below + 34 + i * (CURVE + 34));
  const height = below + charts.length * (CURVE + 34) + 40;
  const time = (gridIndex: number, labels: boolean): object => ({
    ...{ type: 'value', gridIndex, min: 0, max: end, ...plainAxis, splitLine: { show: false } },
    axisLabel: { ...small, show: labels, formatter: (value: number) => clock(value) },
  });
  const bandSeries: SeriesOption = {
    ...{ type: 'custom', xAxisIndex: 0, yAxisIndex: 0, silent: true, animation: false },
    renderItem: bandItem,
    data: bands.flatMap(({ state }, row) =>
      observations.map((observation, i) => ({
        value: [
          observation.at,
          observations[i + 1]?.at ?? end,
          row,
          shades.indexOf(colours[state(observation, observations[i - 1])]),
        ],
      })),
    ),
  };
  const series = charts.flatMap(({ curves }, i) =>
    curves.map(({ name, colour, values }): SeriesOption => ({
      ...{ type: 'line', name, xAxisIndex: i + 1, yAxisIndex: i + 1, symbol: 'none' },
      ...{ animation: false, silent: true, labelLayout: { moveOverlap: 'shiftY' } },
      endLabel: { show: true, formatter: name, color: colour },
      lineStyle: { color: colour, width: 1.5 },
      data: values.map((value) => [...value]),
    })),
  );
  const shown = {
    graphic: [
      text(`Soak of ${soak.command.join(' ')}`.slice(0, 110), 20, 14, { fontWeight: 'bold' }),
      text(
        `${clock(lasted)} of ${clock(planned)}; ${soak.policy?.join(', ') ?? 'without seccomp-spoof'}; ` +
          `Linux ${soak.machine.kernel}; ${soak.date.slice(0, 10)}; green: right, red: not`,
        20,
        36,
        { fill: ink.weak, fontSize: 11 },
      ),
      ...charts.map(({ title }, i) =>
        text(title, LEFT, (tops[i] ?? 0) - 18, { fontWeight: 'bold', fontSize: 11 }),
      ),
    ],
    grid: [
      { left: LEFT, top, width, height: bands.length * BAND },
      ...tops.map((each) => ({ left: LEFT, top: each, width, height: CURVE })),
    ],
    xAxis: [time(0, false), ...charts.map((_, i) => time(i + 1, i === charts.length - 1))],
    yAxis: [
      {
        ...{ type: 'category', gridIndex: 0, inverse: true, ...plainAxis },
        data: bands.map(({ name }) => name),
        axisLabel: { color: ink.strong, fontSize: 11, interval: 0 },
      },
      ...charts.map((_, i) => ({
        ...{ type: 'value', gridIndex: i + 1, min: 0, splitNumber: 3, ...plainAxis },
        axisLabel: small,
        splitLine: { lineStyle: { color: ink.grid } },
      })),
    ],
    series: [bandSeries, ...series],
  };
  return render(shown, height);
}
