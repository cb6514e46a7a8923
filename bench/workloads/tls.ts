/** 1 → 100 over TLS. araldo has no listener for it yet, and a proxy in front would measure the proxy. */
import type { Workload } from './workload.ts';

const TITLE = 'WebSocket 1 → 100 over TLS';

export const tls: Workload = {
  name: 'tls',
  title: TITLE,
  run: async () => ({
    workload: 'tls',
    title: TITLE,
    about: 'The same over wss.',
    tables: [
      { columns: ['system', 'deliveries/s'], rows: [['araldo', 'not available: it has no TLS listener']] },
    ],
    remarks: [],
    figures: [
      {
        work: TITLE,
        what: 'CPU per delivery, araldo ÷ the best peer',
        target: { atMost: 1.05, unit: '×' },
        value: undefined,
        reason: 'not available: no TLS listener',
      },
    ],
    data: [],
  }),
};
