// The table of the runs over the pairs, for people. A run of some pairs replaces their lines and leaves the others.

import { type SystemName, systemNames } from './durable-system.ts';
import type { Outcome } from './kill-loop.ts';

export interface Row extends Outcome {
  readonly source: SystemName;
  readonly sink: SystemName;
  readonly seed: number;
  /** Of the source's server and the sink's. */
  readonly versions: readonly [string, string];
}

export interface Measured {
  readonly commit: string;
  readonly date: string;
  readonly rows: readonly Row[];
  /** What an earlier run has written: its lines of other pairs are kept. */
  readonly before?: string;
}

const titles = [
  ...['source', 'sink', 'killed: araldo', 'source', 'sink', 'at a named point', 'attempted', 'acknowledged'],
  ...['delivered', 'lost', 'duplicated', 'bound', 'unexpected', 'messages/s', 's', 'seed', 'commit', 'date'],
];

/** Each to each other one, as they are called in the table. */
const names = systemNames.flatMap((source) =>
  systemNames.filter((sink) => sink !== source).map((sink) => `${source} to ${sink}`),
);

/** Whether nothing is lost, nothing is unexpected, and no more came twice than may. */
export function holds({ lost, unexpected, duplicated, bound }: Row): boolean {
  return lost === 0 && unexpected === 0 && duplicated <= bound;
}

/** Markdown. */
export function tableOf({ commit, date, rows, before = '' }: Measured): string {
  const lines = linesIn(before);
  for (const row of rows) lines.set(`${row.source} to ${row.sink}`, lineOf(row, commit, date));
  const missing = names.filter((name) => !lines.has(name));
  return [
    '# Every durable system to every other one, with kills',
    `Written by \`npm run test:deep -- --pairs …\`; ${lines.size} of ${names.length} pairs are measured.`,
    ...(missing.length > 0 ? [`Not measured: ${missing.join(', ')}.`] : []),
    '',
    'Each line is a process of araldo between two real servers, while araldo, the server of the source and that of the sink',
    'are killed (SIGKILL) in turn, under load. `attempted` and `acknowledged` is what the producer sent and what the server of',
    'the source has confirmed to it; `delivered` is what an independent reader found at the sink, each message counted once.',
    '`lost` was acknowledged and never came. `bound` is max-in-flight × kills. The time includes all restarts. araldo is killed',
    'at a random moment, and at each of these points: published and not confirmed, confirmed and not acknowledged, on its disk and',
    'not acknowledged, during a reload, and, with Kafka as the source, during a rebalance.',
    '',
    'What is not araldo’s doing is left out: mosquitto confirms before it saves, so it is killed when it has saved, while its',
    'connections are silent; what RabbitMQ hands to the reader again, and says so, is counted once. JetStream as a sink keeps',
    'once what comes twice under one id.',
    '',
    `| ${titles.join(' | ')} |`,
    `|${titles.map(() => '---').join('|')}|`,
    ...names.flatMap((name) => lines.get(name) ?? []),
    '',
  ].join('\n');
}

function lineOf(row: Row, commit: string, date: string): string {
  const { killed, versions } = row;
  const named = killed.araldo - killed.any;
  const cells = [
    ...[`${row.source} ${versions[0]}`, `${row.sink} ${versions[1]}`],
    ...[killed.araldo, killed.source, killed.sink, named],
    ...[row.attempted, row.acknowledged, row.delivered, row.lost, row.duplicated, row.bound, row.unexpected],
    ...[Math.round(row.delivered / row.seconds), row.seconds.toFixed(1), row.seed, commit, date],
  ];
  return `| ${cells.join(' | ')} |`;
}

/** The lines of a table by their pairs. */
function linesIn(text: string): Map<string, string> {
  const lines = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, source, sink] = line.split('|').map((cell) => cell.trim().split(' ')[0]);
    const name = `${source} to ${sink}`;
    if (names.includes(name)) lines.set(name, line);
  }
  return lines;
}
