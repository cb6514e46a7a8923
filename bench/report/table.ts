/** A table, for the terminal and as Markdown. The first column is text, the others are figures. */

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function renderText({ columns, rows }: Table): string {
  const widths = columns.map((column, place) =>
    Math.max(column.length, ...rows.map((row) => (row[place] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map((_, place) => {
        const cell = cells[place] ?? '';
        const width = widths[place] as number;
        return place === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('──');
  return [line(columns), rule, ...rows.map(line)].join('\n');
}

export function renderMarkdown({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string =>
    `| ${columns.map((_, place) => escaped(cells[place] ?? '')).join(' | ')} |`;
  const rule = `| ${columns.map((_, place) => (place === 0 ? '---' : '---:')).join(' | ')} |`;
  return [line(columns), rule, ...rows.map(line)].join('\n');
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
