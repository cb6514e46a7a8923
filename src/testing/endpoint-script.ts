/** What happens to a staged endpoint in one case of its laws: its other side sends, the route settles and holds. */
import fc from 'fast-check';
import type { Status } from '../core/message.ts';
import type { EndpointStage } from './endpoint-stage.ts';

export type EndpointAction =
  | { readonly do: 'send'; readonly count: number }
  | { readonly do: 'settle'; readonly which: number; readonly status: Status }
  | { readonly do: 'hold' | 'release' }
  | { readonly do: 'wait'; readonly ms: number };

export const endpointScripts: fc.Arbitrary<readonly EndpointAction[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('send' as const), count: fc.integer({ min: 1, max: 6 }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('settle' as const),
        which: fc.nat(5),
        status: fc.constantFrom<Status>('ack', 'ack', 'ack', 'nack', 'reject'),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('hold' as const, 'release' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 100) }) },
  ),
  { minLength: 1, maxLength: 20 },
);

/** Plays a script; returns what was sent, in order. */
export async function playScript(
  stage: EndpointStage,
  script: readonly EndpointAction[],
  payloads: readonly unknown[],
): Promise<readonly unknown[]> {
  const sent: unknown[] = [];
  for (const action of script) {
    switch (action.do) {
      case 'send':
        for (let copy = 0; copy < action.count && sent.length < payloads.length; copy += 1) {
          const payload = payloads[sent.length];
          sent.push(payload);
          stage.send(payload);
        }
        break;
      case 'settle':
        stage.settle(action.which, action.status);
        break;
      case 'hold':
        stage.hold();
        break;
      case 'release':
        stage.release();
        break;
      case 'wait':
        await stage.pass(action.ms);
        break;
      default:
        action satisfies never;
    }
    await stage.pass(0);
  }
  return sent;
}
