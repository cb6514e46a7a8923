/** Law 22: no value of a variable appears in anything that is written; every record of the log is a line of JSON. */
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import type { Configuration } from '../../config/configuration.ts';
import { explain } from '../../config/explain.ts';
import { graphOf, renderDot, renderMermaid } from '../../config/graph.ts';
import { printPlan } from '../../config/print.ts';
import { ConfigurationError, renderProblems, renderWarnings } from '../../config/render.ts';
import { renderExplain } from '../../config/render-explain.ts';
import { createLog } from '../../runtime/log.ts';
import { endpointStatus, routeStatus } from '../../runtime/status.ts';
import { scenarios } from '../arbitraries/scenario.ts';
import { loadRelay, type RelaySource } from '../load-relay.ts';
import type { LawSettings } from '../operator-laws.ts';
import { virtualRelay } from '../relay.ts';
import { play } from '../scenario.ts';

export interface SecretsSettings extends LawSettings {
  /** Variables that are no secrets, such as a port or a host: their values may be printed. */
  readonly public?: readonly string[];
}

/** With what has to be escaped in JSON, in URLs and in YAML. */
const secrets = fc.string({
  unit: fc.constantFrom('q', 'Q', 'z', '7', '"', '\\', '{', ' ', 'é', '/', '%', "'"),
  minLength: 8,
  maxLength: 60,
});

/** How many characters of a secret are a part of it that tells something. */
const TELLING = 8;

/**
 * Gives the variables of a configuration random values, reads it, prints, draws and explains it, and lets its relay
 * run with faults. Rejects when eight characters of a value stand in what was written (problems, prints, drawings,
 * the log, the status that metrics are made of), or when a record of the log is not one line of JSON.
 *
 * @example
 * test('no secret gets out', () => secretsLaw({ file: 'araldo.yaml' }, { public: ['PORT'] }));
 */
export async function secretsLaw(source: RelaySource, settings: SecretsSettings = {}): Promise<void> {
  const { public: known = [], ...parameters } = settings;
  const text = await textOf(source);
  const names = variablesIn(text).filter((name) => !known.includes(name));
  if (names.length === 0)
    throw new TypeError('expected a configuration with variables such as ${PASSWORD}, found none');

  await fc.assert(
    fc.asyncProperty(
      fc.array(secrets, { minLength: names.length, maxLength: names.length }),
      fc.nat(),
      async (values, seed) => {
        const env = {
          ...source.env,
          ...Object.fromEntries(names.map((name, place) => [name, values[place] ?? ''])),
        };
        const written = await everythingWritten({ ...source, env }, seed);
        for (const [place, value] of values.entries()) {
          for (const form of [value, JSON.stringify(value).slice(1, -1), value.slice(0, TELLING)]) {
            if (written.includes(form))
              throw broken(`the value of ${names[place]} is in:\n${around(written, form)}`);
          }
        }
      },
    ),
    parameters,
  );
}

async function textOf({ file, yaml, value }: RelaySource): Promise<string> {
  if (file !== undefined) return readFile(file, 'utf8');
  return yaml ?? JSON.stringify(value ?? {});
}

function variablesIn(text: string): readonly string[] {
  return [...new Set([...text.matchAll(/\$\{([A-Za-z_]\w*)[:}]/g)].map(([, name = '']) => name))].filter(
    (name) => name !== 'file',
  );
}

async function everythingWritten(source: RelaySource, seed: number): Promise<string> {
  let configuration: Configuration;
  try {
    configuration = await loadRelay(source);
  } catch (thrown) {
    if (!(thrown instanceof ConfigurationError)) throw thrown;
    return [thrown.message, JSON.stringify(thrown.problems), renderProblems(thrown.problems)].join('\n');
  }
  const graph = graphOf(configuration);
  const lines: string[] = [];
  const log = await createLog({
    level: 'debug',
    secrets: configuration.secrets,
    write: (line) => lines.push(line),
  });
  const relay = await virtualRelay({ configuration, log });
  if (configuration.routes.size > 0) {
    const [scenario = []] = fc.sample(scenarios(configuration), { numRuns: 1, seed });
    await play(relay, scenario);
    await relay.settle();
  }
  const status = {
    endpoints: [...configuration.endpoints.keys()].map((name) =>
      endpointStatus(relay.endpoint(name), configuration),
    ),
    routes: relay.routes.map((running) => routeStatus(running, configuration)),
  };
  relay.stop();
  for (const line of lines) expectRecord(line);
  return [
    printPlan(configuration),
    renderMermaid(graph),
    renderDot(graph),
    renderWarnings(configuration.warnings),
    renderExplain(explain(configuration)),
    ...lines,
    JSON.stringify(status),
  ].join('\n');
}

function expectRecord(line: string): void {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    throw broken(`a record of the log is no JSON: ${line}`);
  }
  if (typeof record !== 'object' || record === null || line.trimEnd().includes('\n')) {
    throw broken(`a record of the log is not one line: ${line}`);
  }
}

function around(text: string, form: string): string {
  const at = text.indexOf(form);
  return text.slice(Math.max(0, at - 80), at + form.length + 80);
}

function broken(text: string): Error {
  return new Error(`law 22 (secrets) is broken: ${text}`);
}
