import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AraldoError } from '../../src/core/errors.ts';
import { defineOperator } from '../../src/core/operator.ts';
import { type AnyPlugin, defineEndpoint } from '../../src/core/plugin.ts';
import { backoff } from '../../src/runtime/backoff.ts';
import { backoffLaw, compilePurityLaw, secretsLaw } from '../../src/testing/index.ts';
import { runs } from '../runs.ts';

const yaml = `
server-port: 8081
plugins:
  - { name: json, id: marshal-json }
  - { name: orders, id: endpoint-redis, url: 'redis://:\${PASSWORD}@host', channel: orders }
  - { name: browsers, id: endpoint-websocket, path: /ws }
  - { name: archive, id: endpoint-mock }
operators:
  clean:
    - filter: has(payload.id) && payload.qty > 0
routes:
  orders:
    via: [clean, { map: '{"id": payload.id, "token": "\${TOKEN}"}' }]
    to:
      - { to: browsers, overflow: latest, key: payload.id }
      - archive
`;
const env = { PASSWORD: 'hushhush', TOKEN: 'secret-token' };

const found = (thrown: unknown): string => String((thrown as Error).cause ?? thrown);

describe('law 19 (compile purity)', () => {
  it('holds for a configuration with all that there is', () =>
    compilePurityLaw({ yaml, env }, runs({ share: 0.025 })));

  it('sees a plugin that listens when it is asked what it can do', async () => {
    const hasty: AnyPlugin = defineEndpoint({
      kind: 'endpoint',
      id: 'endpoint-hasty',
      summary: 'Cannot wait.',
      options: z.strictObject({}),
      capabilities() {
        createServer().listen(0, '127.0.0.1').close();
        return {};
      },
      create() {
        throw new AraldoError('plugin-failed', 'never');
      },
    });
    await expect(
      compilePurityLaw({
        yaml: 'plugins: [{ name: a, id: endpoint-hasty }]',
        plugins: { 'endpoint-hasty': hasty },
      }),
    ).rejects.toThrow('opened 1 sockets');
  });

  it('sees a plugin whose plan changes each time', async () => {
    let count = 0;
    const moody: AnyPlugin = defineEndpoint({
      kind: 'endpoint',
      id: 'endpoint-moody',
      summary: 'Changes its mind.',
      options: z.strictObject({}),
      capabilities() {
        count += 1;
        const canPause = count % 2 === 0;
        return {
          source: {
            canPause,
            acks: false,
            redelivers: false,
            ordered: 'all',
            scope: 'local',
            carries: 'values',
          },
          sink: { confirms: 'handed', reaches: 'system', carries: 'values' },
        };
      },
      create() {
        throw new AraldoError('plugin-failed', 'never');
      },
    });
    const text =
      'plugins: [{ name: a, id: endpoint-moody }, { name: b, id: endpoint-mock }]\nroutes: { a: [b] }';
    await expect(compilePurityLaw({ yaml: text, plugins: { 'endpoint-moody': moody } })).rejects.toThrow(
      'the same text gives another plan',
    );
  });

  it('takes a schema that throws for a problem of the configuration', async () => {
    const rude: AnyPlugin = {
      kind: 'marshaller',
      id: 'marshal-rude',
      summary: 'Throws what it likes at options that it does not know.',
      options: {
        '~standard': {
          version: 1,
          vendor: 'test',
          validate(value) {
            if (Object.keys(value as object).length > 0) throw new TypeError('boom');
            return { value };
          },
        },
      },
      create() {
        throw new AraldoError('plugin-failed', 'never');
      },
    };
    const text = 'plugins: [{ name: a, id: marshal-rude }, { name: b, id: endpoint-mock, marshal: a }]';
    await compilePurityLaw({ yaml: text, plugins: { 'marshal-rude': rude } }, { numRuns: 40, seed: 1 });
  });
});

describe('law 21 (backoff)', () => {
  it.each([
    ['has no jitter', (next: number) => next, { random: () => 1 }, 'full jitter'],
    ['is longer than its longest', (next: number) => next + 1e6, {}, 'a pause of'],
  ])('sees one that %s', async (_flaw, change, options, text) => {
    const thrown = await backoffLaw((given) => {
      const pauses = backoff({ ...given, ...options });
      return { ...pauses, next: () => change(pauses.next()) };
    }).catch(found);
    expect(thrown).toContain(text);
  });

  it('sees one that begins anew after any success', async () => {
    const thrown = await backoffLaw((given) => {
      let pauses = backoff(given);
      return {
        next: () => pauses.next(),
        stop: () => pauses.stop(),
        succeeded() {
          pauses = backoff(given);
        },
      };
    }).catch(found);
    expect(thrown).toContain('full jitter');
  });
});

describe('law 22 (secrets)', () => {
  it('holds for passwords and tokens', () => secretsLaw({ yaml }, runs({ share: 0.05 })));

  it('sees a step that logs one', async () => {
    const text = `
plugins: [{ name: a, id: endpoint-mock }, { name: b, id: endpoint-mock }]
routes: { a: { via: [{ chatty: '\${TOKEN}' }], to: [b] } }
`;
    // The log hides what it knows, and half of it is something else.
    const step = (say: (secret: string) => string) =>
      defineOperator({
        kind: 'fn',
        name: 'chatty',
        summary: 'Says what it is told.',
        options: z.string(),
        create(options, { log }) {
          log.info({ said: say(options) }, 'made');
          return () => null;
        },
      });
    const thrown = await secretsLaw(
      { yaml: text, operators: { chatty: step((secret) => secret.slice(0, 8)) } },
      { numRuns: 50, seed: 1 },
    ).catch(found);
    expect(thrown).toContain('the value of TOKEN is in');
    await secretsLaw(
      { yaml: text, operators: { chatty: step((secret) => secret) } },
      { numRuns: 20, seed: 1 },
    );
  });

  it('says so when there is nothing to hide', async () => {
    await expect(secretsLaw({ yaml: 'plugins: []' })).rejects.toThrow(
      'expected a configuration with variables',
    );
  });
});
