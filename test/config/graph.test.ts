import { describe, expect, it } from 'vitest';
import { graphOf, renderDot, renderMermaid } from '../../src/config/graph.ts';
import { load } from './fakes.ts';

const text = `
plugins:
  - { name: one, id: endpoint-socket }
  - { name: 'a "b" \\ <c>', id: endpoint-radio }
  - { name: dead, id: endpoint-printer }
routes:
  one:
    via: [{ filter: 'payload.a == "x"' }, pass]
    to: [{ to: 'a "b" \\ <c>', when: payload.n > 1 }, one]
    on-error: { dead-letter: dead }
  'a "b" \\ <c>': [one]
`;

describe('graphOf', () => {
  it('has the endpoints, the steps in their order, the legs and the dead letters', async () => {
    const graph = graphOf((await load(text)).plan);
    const name = new Map(graph.nodes.map(({ id, label }) => [id, label]));
    expect(graph.nodes.map(({ kind, label, detail }) => [kind, label, detail])).toEqual([
      ['endpoint', 'one', 'endpoint-socket'],
      ['endpoint', 'a "b" \\ <c>', 'endpoint-radio'],
      ['endpoint', 'dead', 'endpoint-printer'],
      ['step', 'filter', 'payload.a == "x"'],
      ['step', 'pass', ''],
    ]);
    expect(
      graph.edges.map(({ from, to, kind, label }) => [name.get(from), name.get(to), kind, label]),
    ).toEqual([
      ['a "b" \\ <c>', 'one', 'leg', 'drop-oldest'],
      ['one', 'filter', 'flow', ''],
      ['filter', 'pass', 'flow', ''],
      ['pass', 'a "b" \\ <c>', 'leg', 'pause, when payload.n > 1'],
      ['pass', 'one', 'leg', 'pause'],
      ['pass', 'dead', 'dead-letter', 'dead letter'],
    ]);
  });

  it('hides what came from variables when it is given the whole configuration', async () => {
    const configuration = await load(
      'plugins: [{ name: one, id: endpoint-socket }]\nroutes:\n  one: { via: [{ tag: { with: "${S}" } }], to: [{ to: one, when: "payload == \'${S}\'" }] }',
      { env: { S: 'hush-hush' } },
    );
    for (const render of [renderMermaid, renderDot]) {
      expect(render(graphOf(configuration))).not.toContain('hush');
    }
    expect(renderDot(graphOf(configuration))).toContain('[redacted]');
  });
});

describe('renderMermaid', () => {
  it('escapes names', async () => {
    expect(renderMermaid(graphOf((await load(text)).plan))).toBe(`flowchart LR
  n0(["one<br>endpoint-socket"])
  n1(["a #34;b#34; #92; #60;c#62;<br>endpoint-radio"])
  n2(["dead<br>endpoint-printer"])
  n3["filter<br>payload.a == #34;x#34;"]
  n4["pass"]
  n1 -->|"drop-oldest"| n0
  n0 --> n3
  n3 --> n4
  n4 -->|"pause, when payload.n #62; 1"| n1
  n4 -->|"pause"| n0
  n4 -.->|"dead letter"| n2
`);
  });
});

describe('renderDot', () => {
  it('escapes names', async () => {
    expect(renderDot(graphOf((await load(text)).plan))).toBe(String.raw`digraph araldo {
  rankdir=LR;
  node [fontname="Helvetica"];
  edge [fontname="Helvetica"];
  n0 [label="one\nendpoint-socket", shape=box, style=rounded];
  n1 [label="a \"b\" \\ <c>\nendpoint-radio", shape=box, style=rounded];
  n2 [label="dead\nendpoint-printer", shape=box, style=rounded];
  n3 [label="filter\npayload.a == \"x\"", shape=box];
  n4 [label="pass", shape=box];
  n1 -> n0 [label="drop-oldest"];
  n0 -> n3;
  n3 -> n4;
  n4 -> n1 [label="pause, when payload.n > 1"];
  n4 -> n0 [label="pause"];
  n4 -> n2 [label="dead letter", style=dashed];
}
`);
  });
});
