/** What `explain` says of a configuration, as data and on a terminal. */
import { describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/config/columns.ts';
import { explain } from '../../src/config/explain.ts';
import { renderExplain } from '../../src/config/render-explain.ts';
import { load } from './fakes.ts';

const text = `
plugins:
  - { name: json, id: marshal-a }
  - { name: queue, id: endpoint-queue, url: x }
  - { name: radio, id: endpoint-radio }
  - { name: echo, id: endpoint-echo }
routes:
  queue:
    via: [{ filter: 'payload.a == "x"' }, pass]
    to:
      - { to: radio, when: payload.n > 1, retry: { attempts: 3, backoff: 1s..1m } }
      - { to: echo, overflow: latest, key: payload.id, buffer: { messages: 5, bytes: 1KiB } }
    on-error: { dead-letter: radio }
  radio: [queue]
`;

describe('explain', () => {
  it('has the pipeline of a route in the order in which a message passes it', async () => {
    const [queue] = explain(await load(text), 'queue');
    expect(queue?.pipeline.map(({ kind, name, detail }) => [kind, name, detail])).toEqual([
      ['source', 'queue', 'endpoint-queue, max-in-flight 1024'],
      ['step', 'claim', 'max-deliveries 5'],
      ['step', 'unmarshal', 'json'],
      ['step', 'filter', 'payload.a == "x"'],
      ['step', 'pass', ''],
      [
        'leg',
        'radio',
        'when payload.n > 1; marshal json; pause; buffer 1024 messages, 16MiB; retry 3 attempts, 1s..1m',
      ],
      ['leg', 'echo', 'latest by payload.id; buffer 5 messages, 1KiB'],
      ['dead-letter', 'radio', 'what fails (on-error)'],
    ]);
  });

  it('has a guarantee for each pair, and the memory of the whole route', async () => {
    const routes = explain(await load(text));
    expect(routes.map(({ name }) => name)).toEqual(['queue', 'radio']);
    expect(routes[0]?.guarantees.map(({ source, sink }) => [source, sink])).toEqual([
      ['queue', 'radio'],
      ['queue', 'echo'],
    ]);
    expect(routes[0]?.memory.parts.map(({ name }) => name)).toEqual([
      'in flight from queue',
      'waiting at the gate of queue',
      'in the leg to radio',
      'in the leg to echo',
      'of dead letters to radio',
    ]);
  });

  it('hides what came from variables', async () => {
    const configuration = await load(
      'plugins: [{ name: one, id: endpoint-socket }]\nroutes:\n  one: { via: [{ tag: { with: "${S}" } }], to: [{ to: one, when: "payload == \'${S}\'" }] }',
      { env: { S: 'hush-hush' } },
    );
    const explained = JSON.stringify(explain(configuration)) + renderExplain(explain(configuration));
    expect(explained).not.toContain('hush');
    expect(explained).toContain('[redacted]');
  });
});

describe('renderExplain', () => {
  it.each([80, 60, 120])('keeps to %i columns', async (width) => {
    const lines = renderExplain(explain(await load(text)), { width }).split('\n');
    expect(lines.filter((line) => displayWidth(line) > width)).toEqual([]);
  });

  it('says what a route does, what it promises and why it is no more', async () => {
    expect(renderExplain(explain(await load(text), 'radio'))).toBe(`route radio
  from        radio: endpoint-radio, max-in-flight 1024
  claim       max-deliveries 5
  unmarshal   json
  to          queue: marshal json; drop-oldest; buffer 65536 messages, 16MiB

  radio → queue: at most once, in order
  lost        radio keeps no message for araldo: when araldo stops hard, what it
              had read is gone
              → read from a source that keeps messages until they are
              acknowledged; endpoint-radio does not
  lost        radio cannot be held back: what comes while araldo is away or slow
              is lost before it is read
              → read from a source that keeps messages until they are
              acknowledged; endpoint-radio does not
  lost        the leg to queue acknowledges what it accepts, and full, gives up
              the oldest
              → write overflow: pause, or spill
  lost        queue confirms a message when its client library has it, not when
              the other side does
              → send to a sink whose other side confirms what it has
  lost        a message that fails is counted, acknowledged and gone (on-error:
              discard)
              → write on-error: hold, or { dead-letter: … } to a sink whose
              other side confirms
  memory      no bound in bytes: 1024 messages of any size in flight from radio
              + 16MiB waiting at the gate of radio + 2×16MiB in the leg to queue
`);
  });
});
