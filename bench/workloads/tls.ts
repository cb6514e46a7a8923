/** 1 → 100 over TLS: what a delivery costs when most of it is encryption. */
import { hasOpenssl, makeCertificate } from '../../test/certificate.ts';
import type { Section } from '../report/section.ts';
import { compare, type Measured } from './compare.ts';
import { contendersFor } from './contenders.ts';
import { cheapest, cpuPerDelivery, find, ratioOf, throughputRemarks, throughputTable } from './throughput.ts';
import { type Bench, PAYLOAD, type Workload } from './workload.ts';

const PEERS = 100;
/** What is compared lies far apart. */
const MOST_RUNS = 3;
const TITLE = `WebSocket 1 → ${PEERS} over TLS`;

export const tls: Workload = {
  name: 'tls',
  title: TITLE,
  run: async (bench) => sectionOf(hasOpenssl ? await measure(bench) : []),
};

async function measure(bench: Bench): Promise<readonly Measured[]> {
  using certificate = makeCertificate();
  const names = ['plain ws', 'nats-server', 'nginx + nchan'] as const;
  return await compare(
    bench,
    contendersFor(
      bench,
      'broadcast',
      names,
      ({ publish, subscribe }) => ({
        publishers: { wire: publish, count: 1 },
        subscribers: { wire: subscribe, count: PEERS },
        payload: PAYLOAD,
        load: { kind: 'saturate' },
      }),
      certificate,
    ),
    { runs: Math.min(MOST_RUNS, bench.runs) },
  );
}

function sectionOf(all: readonly Measured[]): Section {
  const araldo = find(all, 'araldo');
  const best = cheapest(all.filter((measured) => measured !== araldo));
  return {
    workload: 'tls',
    title: TITLE,
    about:
      `One publisher sends texts of 125 bytes as fast as ${PEERS} subscribers read them, all over TLS 1.3 with ` +
      'AES-128-GCM. The generator decrypts as much as the server encrypts.',
    tables: all.length === 0 ? [] : [throughputTable(all)],
    remarks: throughputRemarks(all),
    figures: [
      {
        work: TITLE,
        what: `CPU per delivery, araldo ÷ the best peer${best === undefined ? '' : ` (${best.label})`}`,
        target: { atMost: 1.05, unit: '×' },
        value: ratioOf(cpuPerDelivery, araldo, best),
        reason: hasOpenssl ? 'no peer is here that speaks TLS' : 'no certificate: openssl is not installed',
      },
    ],
    data: all,
  };
}
