/** Which Redis to connect to now: the one that is named, the master that sentinels know, or the node of a key's slot. */
import type { SchedulerLike } from 'rxjs';
import { deadline } from '../core/deadline.ts';
import { AraldoError } from '../core/errors.ts';
import type { TlsFiles } from '../options/tls.ts';
import { type Link, openLink, textOf } from './link.ts';
import type { Target } from './target.ts';

export interface Node {
  readonly host: string;
  readonly port: number;
}

export interface Sentinels {
  /** What the sentinels call the master. */
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** How Redis is deployed. With sentinels or a cluster, host and port of `target` are not used; the rest of it is. */
export interface Deployment {
  readonly target: Target;
  readonly sentinels: Sentinels | undefined;
  /** Nodes to ask for all others. */
  readonly cluster: readonly Node[] | undefined;
  /** As people read it, without a secret. */
  readonly address: string;
}

export interface LocateOptions {
  readonly plugin: string;
  readonly deployment: Deployment;
  /** The key that a cluster is asked about. */
  readonly key: string;
  readonly tls: TlsFiles;
  readonly scheduler: SchedulerLike;
  readonly signal: AbortSignal;
}

/** A node that does not answer must leave time for the next one. */
const NODE_MS = 2_000;

/**
 * Asked each time that an endpoint opens: after a failover the answer is another one. Rejects with an `AraldoError`
 * (`connect-failed`) when none of the nodes knows.
 */
export async function locate(options: LocateOptions): Promise<Target> {
  const { deployment } = options;
  const { target, sentinels, cluster } = deployment;
  if (sentinels !== undefined) {
    const { username, password } = sentinels;
    return await firstAnswer(
      options,
      sentinels.nodes,
      { username, password, database: 0 },
      async ({ redis }) => {
        const found = await redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', sentinels.name);
        if (!Array.isArray(found)) throw new Error(`it knows no master ${sentinels.name}`);
        return at(target, String(found[0]), Number(found[1]));
      },
    );
  }
  if (cluster === undefined) return target;
  return await firstAnswer(options, cluster, {}, async ({ redis }, asked) => {
    const slot = Number(await redis.call('CLUSTER', 'KEYSLOT', options.key));
    const ranges = (await redis.call('CLUSTER', 'SLOTS')) as readonly SlotRange[];
    const range = ranges.find(([first, last]) => Number(first) <= slot && slot <= Number(last));
    if (range === undefined) throw new Error(`no node has the slot ${slot} of ${options.key}`);
    const [host, port] = range[2];
    // A node that has not been told its own address is the one that we have asked.
    return at(target, host === null || host === '' ? asked.host : host, Number(port));
  });
}

type SlotRange = readonly [number, number, readonly [string | null, number, ...unknown[]], ...unknown[]];

async function firstAnswer(
  { plugin, deployment, tls, scheduler, signal }: LocateOptions,
  nodes: readonly Node[],
  login: Partial<Target>,
  ask: (link: Link, node: Node) => Promise<Target>,
): Promise<Target> {
  const failures: string[] = [];
  for (const node of nodes) {
    signal.throwIfAborted();
    const patience = new AbortController();
    const late = deadline(scheduler, NODE_MS, () => {
      patience.abort(new AraldoError('connect-failed', `no answer within ${NODE_MS / 1_000} s`));
    });
    const target = { ...at(deployment.target, node.host, node.port), ...login };
    let link: Link | undefined;
    try {
      const either = AbortSignal.any([signal, patience.signal]);
      link = await openLink({ plugin, target, tls, signal: either, onLost: () => undefined });
      either.addEventListener('abort', link.close, { once: true });
      return await ask(link, node);
    } catch (thrown) {
      if (thrown instanceof AraldoError && thrown.code === 'missing-package') throw thrown;
      failures.push(`${node.host}:${node.port}: ${textOf(thrown)}`);
    } finally {
      late.unsubscribe();
      link?.close();
    }
  }
  signal.throwIfAborted();
  throw new AraldoError(
    'connect-failed',
    `${deployment.address} is not to be found (${failures.join('; ')})`,
  );
}

function at(target: Target, host: string, port: number): Target {
  const name = host.includes(':') ? `[${host}]` : host;
  return { ...target, host, port, address: `${target.isTls ? 'rediss' : 'redis'}://${name}:${port}` };
}
