/** A whole run, as Markdown and JSON. */
import { type Figure, figureColumns, figureRow } from './figure.ts';
import type { Commit, Machine } from './machine.ts';
import type { Section } from './section.ts';
import { renderMarkdown } from './table.ts';

export interface Report {
  readonly startedAt: string;
  readonly seconds: number;
  readonly runs: number;
  readonly commit: Commit;
  readonly machine: Machine;
  /** Of everything that was measured, by name; or why it was left out. */
  readonly versions: Readonly<Record<string, string>>;
  readonly sections: readonly Section[];
}

/** The name that the files of a run share: its date and what it measured. */
export function nameOf({ startedAt, commit }: Report): string {
  return `${startedAt.slice(0, 10)}-${commit.id}${commit.isDirty ? '-dirty' : ''}`;
}

export function figuresOf({ sections }: Pick<Report, 'sections'>): readonly Figure[] {
  return sections.flatMap((section) => section.figures);
}

/** @param plot the file name of the plot, if there is one */
export function renderReport(report: Report, plot?: string): string {
  const { commit, machine, versions, sections } = report;
  const figures = figuresOf(report);
  const about = [
    `- commit ${commit.id}${commit.isDirty ? ', with changes' : ''}, ${report.startedAt}`,
    `- ${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}`,
    machine.isPinned
      ? '- server and generator on a core each'
      : '- server and generator share the cores: these figures are not worth much',
    `- ${report.runs} alternating runs of ${report.seconds} s; medians`,
    ...Object.entries(versions).map(([name, version]) => `- ${name}: ${version}`),
  ];
  const parts = [
    '# Bench',
    about.join('\n'),
    ...(figures.length > 0 ? ['## Figures', figureTable(figures)] : []),
    ...sections.flatMap((section) => sectionParts(section)),
    ...(plot === undefined ? [] : [`![cost per delivery as things grow](${plot})`]),
  ];
  return `${parts.join('\n\n')}\n`;
}

function figureTable(figures: readonly Figure[]): string {
  return renderMarkdown({ columns: figureColumns, rows: figures.map(figureRow) });
}

function sectionParts({ title, workload, about, tables, remarks }: Section): readonly string[] {
  return [
    `## ${title} (\`${workload}\`)`,
    about,
    ...tables.map(renderMarkdown),
    ...(remarks.length > 0 ? [remarks.map((remark) => `- ${remark}`).join('\n')] : []),
  ];
}
