// The table of a run over the pairs, for people.

import type { SystemName } from './durable-system.ts';
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
  readonly command: string;
  readonly rows: readonly Row[];
}

/** Whether nothing is lost, nothing is unexpected, and no more came twice than may. */
export function holds({ lost, unexpected, duplicated, bound }: Row): boolean {
  return lost === 0 && unexpected === 0 && duplicated <= bound;
}

/** Markdown. */
export function tableOf({ commit, date, command, rows }: Measured): string {
  const versions = new Map(
    rows.flatMap(({ source, sink, versions: [ofSource, ofSink] }) => [
      [source, ofSource] as const,
      [sink, ofSink] as const,
    ]),
  );
  const servers = [...versions].map(([name, version]) => `${name} ${version}`).join(', ');
  const titles = [
    ...[
      'source',
      'sink',
      'killed: araldo',
      'source',
      'sink',
      'at a named point',
      'attempted',
      'acknowledged',
    ],
    ...['delivered', 'lost', 'duplicated', 'bound', 'unexpected', 'messages/s', 's', 'seed'],
  ];
  const lines = rows.map((row) => {
    const { killed } = row;
    const named = killed.unconfirmed + killed.unacked + killed.rebalance;
    const cells = [
      ...[row.source, row.sink, killed.araldo, killed.source, killed.sink, named],
      ...[
        row.attempted,
        row.acknowledged,
        row.delivered,
        row.lost,
        row.duplicated,
        row.bound,
        row.unexpected,
      ],
      ...[Math.round(row.delivered / row.seconds), row.seconds.toFixed(1), row.seed],
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '# Every durable system to every other one, with kills',
    `Written by \`${command}\`, ${date}, at commit ${commit}. Servers: ${servers}.`,
    '',
    'Each line is a process of araldo between two real servers, while araldo, the server of the source and that of the sink',
    'are killed (SIGKILL) in turn, under load. `attempted` and `acknowledged` is what the producer sent and what the server of',
    'the source has confirmed to it; `delivered` is what an independent reader found at the sink, each message counted once.',
    '`lost` was acknowledged and never came. `bound` is max-in-flight × kills. The time includes all restarts.',
    '',
    `| ${titles.join(' | ')} |`,
    `|${titles.map(() => '---').join('|')}|`,
    ...lines,
    '',
  ].join('\n');
}
