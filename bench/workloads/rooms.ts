/** Many small rooms at once: what is shared is shared by ten. */
import { broadcastLabel, broadcastTo } from './chat.ts';
import { compare } from './compare.ts';
import { contendersFor } from './contenders.ts';
import { cpuPerDelivery, find, ratioOf, throughputRemarks, throughputTable } from './throughput.ts';
import { PAYLOAD, type Workload } from './workload.ts';

const ROOMS = 1_000;
const PEERS = 10;
/** The same for all: as much as the generator allows each of so many peers, or batches would differ in size. */
const WINDOW_BYTES = 12 * 1024;
const TITLE = `${ROOMS.toLocaleString('en')} rooms × ${PEERS} peers`;

export const rooms: Workload = {
  name: 'rooms',
  title: TITLE,
  async run(bench) {
    const all = await compare(bench, [
      ...contendersFor(bench, 'rooms', ['plain ws', 'nats-server'], ({ publish, subscribe }) => ({
        publishers: { wire: publish, count: ROOMS },
        subscribers: { wire: subscribe, count: ROOMS * PEERS },
        rooms: ROOMS,
        payload: PAYLOAD,
        load: { kind: 'saturate', windowBytes: WINDOW_BYTES },
      })),
      broadcastTo(bench, PEERS, WINDOW_BYTES),
    ]);
    return {
      workload: 'rooms',
      title: TITLE,
      about:
        `A publisher for each of ${ROOMS} rooms; what it says reaches the ${PEERS} peers of its room. ` +
        `${WINDOW_BYTES / 1024} KiB are under way to each peer, of a room and of the broadcast.`,
      tables: [throughputTable(all)],
      remarks: throughputRemarks(all),
      figures: [
        {
          work: TITLE,
          what: `CPU per delivery, rooms ÷ a broadcast to ${PEERS}`,
          target: { atMost: 1.2, unit: '×' },
          value: ratioOf(cpuPerDelivery, find(all, 'araldo'), find(all, broadcastLabel(PEERS))),
        },
      ],
      data: all,
    };
  },
};
