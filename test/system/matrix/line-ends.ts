// Lines: of the standard input and output of araldo, and of files.

import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type End, envelopeText, rawOfEnvelope } from './end.ts';
import type { Raw } from './mapping.ts';
import type { Relay } from './relay.ts';

/** @param relay the process, once it runs */
export function stdioEnd(relay: () => Relay): End {
  return {
    source: { id: 'endpoint-stdio', exit: false, marshal: 'enveloped' },
    sink: { id: 'endpoint-stdio', exit: false, marshal: 'enveloped' },
    open: async () => undefined,
    put: async (raw) => relay().write(`${envelopeText(raw)}\n`),
    taken: () => parsed(relay().printed()),
    close: async () => undefined,
  };
}

export function fileEnd(folder: string): End {
  const [into, out] = [join(folder, 'in.ndjson'), join(folder, 'out.ndjson')];
  return {
    source: { id: 'endpoint-file', path: into, poll: '20ms', marshal: 'enveloped' },
    sink: { id: 'endpoint-file', path: out, marshal: 'enveloped' },
    open: async () => undefined,
    put: async (raw) => appendFileSync(into, `${envelopeText(raw)}\n`),
    taken: () => (existsSync(out) ? parsed(readFileSync(out, 'utf8')) : []),
    close: async () => undefined,
  };
}

/** The lines that are whole. */
function parsed(text: string): readonly Raw[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => rawOfEnvelope(JSON.parse(line)));
}
