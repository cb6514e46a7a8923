/** What a configuration comes to, as a person reads it on a terminal of 80 columns. */
import { formatSize } from '../options/size.ts';
import { displayWidth, wrap } from './columns.ts';
import type { ExplainedRoute, Stage } from './explain.ts';
import type { Delivery, Guarantee } from './guarantee/guarantee.ts';
import type { Memory } from './guarantee/memory.ts';
import type { Kept } from './guarantee/order.ts';
import { printable } from './problem.ts';

export interface RenderExplainOptions {
  /** Columns of the terminal; 80 unless given. */
  readonly width?: number;
}

const NARROWEST = 40;

/** Where the text of a stage or a fact begins. */
const INDENT = 14;

const deliveries: Readonly<Record<Delivery, string>> = {
  'at-least-once': 'at least once',
  'at-most-once': 'at most once',
  'best-effort': 'best effort (some may be lost, some may come again)',
};

const orders: Readonly<Record<Kept, string>> = {
  all: 'in order',
  lane: 'in order by lane',
  key: 'in order by key',
  none: 'unordered',
};

/**
 * Routes one after the other, with a line end after the last.
 *
 * ```
 * route orders
 *   from        orders: endpoint-redis, max-in-flight 1024
 *   claim       max-deliveries 5, max-payload 1MiB
 *   filter      payload.qty > 0
 *   to          archive: pause; buffer 1024 messages, 16MiB
 *
 *   orders → archive: at most once, in order by lane
 *   lost        orders keeps no message for araldo: when araldo stops hard, what it
 *               had read is gone
 *               → read from a source that keeps messages until they are acknowledged
 *   memory      1072MiB at most: 1024×1MiB in flight from orders + …
 * ```
 */
export function renderExplain(routes: readonly ExplainedRoute[], options: RenderExplainOptions = {}): string {
  const columns = Math.max(NARROWEST, options.width ?? 80);
  return routes.map((route) => `${renderRoute(route, columns).join('\n')}\n`).join('\n');
}

function renderRoute(
  { name, pipeline, guarantees, memory }: ExplainedRoute,
  columns: number,
): readonly string[] {
  return [
    `route ${printable(name)}`,
    ...pipeline.flatMap((stage) => renderStage(stage, columns)),
    ...(guarantees.length > 1 ? fact('memory', memoryText(memory), columns) : []),
    ...guarantees.flatMap((guarantee) => ['', ...renderGuarantee(guarantee, columns)]),
  ];
}

function renderStage({ kind, name, detail }: Stage, columns: number): readonly string[] {
  switch (kind) {
    case 'source':
      return fact('from', `${name}: ${detail}`, columns);
    case 'step':
      return fact(name, detail, columns);
    case 'leg':
      return fact('to', `${name}: ${detail}`, columns);
    case 'dead-letter':
      return fact('on-error', `${name}: ${detail}`, columns);
    default:
      return kind satisfies never;
  }
}

function renderGuarantee(guarantee: Guarantee, columns: number): readonly string[] {
  const { source, sink, share, first, delivery, losses, keptBy, duplicates, order, coupling, memory } =
    guarantee;
  const title = `${source} → ${sink}: ${deliveries[delivery]}, ${orders[order.kept]}`;
  return [
    ...wrap(printable(title), columns - 4).map((line, place) => `${place === 0 ? '  ' : '    '}${line}`),
    ...(share === undefined ? [] : fact('share', share, columns)),
    ...(first === undefined ? [] : fact('first', first, columns)),
    ...keptBy.flatMap((text) => fact('kept', text, columns)),
    ...losses.flatMap(({ text, cure }) => [
      ...fact('lost', text, columns),
      ...fact('', `→ ${cure}`, columns),
    ]),
    ...duplicates.flatMap((text) => fact('again', text, columns)),
    ...order.reasons.flatMap((text) => fact('order', text, columns)),
    ...order.except.flatMap((text) => fact('order', `except: ${text}`, columns)),
    ...(coupling === undefined ? [] : fact('waits', coupling, columns)),
    ...fact('memory', memoryText(memory), columns),
  ];
}

function memoryText({ bytes, parts }: Memory): string {
  const sum = parts
    .map(({ name, count, bytes }) => {
      if (bytes === undefined) return `${count} ${count === 1 ? 'message' : 'messages'} of any size ${name}`;
      return `${count === 1 ? '' : `${count}×`}${formatSize(bytes)} ${name}`;
    })
    .join(' + ');
  const total = bytes === undefined ? 'no bound in bytes' : `${formatSize(bytes)} at most`;
  return `${total}: ${sum}`;
}

/** A word, and beside it a text in as many lines as it takes. */
function fact(word: string, text: string, columns: number): readonly string[] {
  const label = `  ${printable(word)}`;
  const room = INDENT - displayWidth(label);
  return hang(label + ' '.repeat(Math.max(1, room)), printable(text), columns);
}

function hang(start: string, text: string, columns: number): readonly string[] {
  const [first = '', ...more] = wrap(text, columns - Math.max(INDENT, displayWidth(start)));
  return [`${start}${first}`.trimEnd(), ...more.map((line) => `${' '.repeat(INDENT)}${line}`)];
}
