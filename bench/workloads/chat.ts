/** Everybody sends, and everybody hears the others: each sender needs a slightly different stream. */
import type { Running } from '../peers/system.ts';
import { type Contender, compare } from './compare.ts';
import { contendersFor } from './contenders.ts';
import { cpuPerDelivery, find, ratioOf, throughputRemarks, throughputTable } from './throughput.ts';
import { type Bench, PAYLOAD, type Workload } from './workload.ts';

const PEERS = 100;
const MANY = `araldo, ${PEERS} publishers to ${PEERS - 1}`;
const TITLE = `Chat ${PEERS} → ${PEERS}, without echo`;

export const chat: Workload = {
  name: 'chat',
  title: TITLE,
  async run(bench) {
    const all = await compare(bench, [
      ...contendersFor(bench, 'chat', ['plain ws', 'nats-server'], ({ publish, subscribe }) => ({
        publishers: { wire: publish, count: PEERS },
        subscribers: { wire: subscribe, count: PEERS },
        isChat: true,
        payload: PAYLOAD,
        load: { kind: 'saturate' },
      })),
      broadcastTo(bench, PEERS - 1),
      fromMany(bench),
    ]);
    return {
      workload: 'chat',
      title: TITLE,
      about: `${PEERS} peers send texts of 125 bytes in turn; each gets what the ${PEERS - 1} others say.`,
      tables: [throughputTable(all)],
      remarks: throughputRemarks(all),
      figures: [
        {
          work: TITLE,
          what: `CPU per delivery, chat ÷ a broadcast to ${PEERS - 1}`,
          target: { atMost: 1.2, unit: '×' },
          value: ratioOf(cpuPerDelivery, find(all, 'araldo'), find(all, broadcastLabel(PEERS - 1))),
        },
      ],
      data: all,
    };
  },
};

/** The same senders and readers as in the chat, but not the same peers: what is left is what leaving out costs. */
function fromMany(bench: Bench): Contender {
  return {
    label: MANY,
    start: () => bench.araldo.start('broadcast'),
    scenario: ({ publish, subscribe }: Running) => ({
      publishers: { wire: publish, count: PEERS },
      subscribers: { wire: subscribe, count: PEERS - 1 },
      payload: PAYLOAD,
      load: { kind: 'saturate' },
    }),
  };
}

/** araldo with one publisher whose messages have as many deliveries: what others are measured by. */
export function broadcastTo(bench: Bench, peers: number, windowBytes?: number): Contender {
  return {
    label: broadcastLabel(peers),
    start: () => bench.araldo.start('broadcast'),
    scenario: ({ publish, subscribe }: Running) => ({
      publishers: { wire: publish, count: 1 },
      subscribers: { wire: subscribe, count: peers },
      payload: PAYLOAD,
      load: { kind: 'saturate', ...(windowBytes === undefined ? {} : { windowBytes }) },
    }),
  };
}

export function broadcastLabel(peers: number): string {
  return `araldo, one broadcast to ${peers}`;
}
