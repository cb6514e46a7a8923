/** Which consumer of the group we are: the same one after a restart, and never one that another process is now. */
import { hostname } from 'node:os';
import type { Link } from '../../src/redis/link.ts';
import { isReply } from '../../src/redis/link.ts';

/** More instances of one configuration on one host need names of their own in it. */
const MOST_INSTANCES = 64;

export interface ConsumerOptions {
  readonly link: Link;
  readonly stream: string;
  readonly group: string;
  /** The name of the endpoint. */
  readonly endpoint: string;
  /** The id of this run of the server. */
  readonly instance: string;
}

/**
 * `host.endpoint`, so that a process which comes back finds what it left. Where another process has that name, which
 * shows by the name of its connection, `host.endpoint.2` and so on: two with one name would each take the other's
 * unsettled entries for its own. Of two that come at once the older connection has it. Users who may not list the
 * connections get the plain name: `consumer` is there to give them others.
 */
export async function findConsumer(options: ConsumerOptions): Promise<string> {
  const { redis } = options.link;
  const base = `${hostname()}.${options.endpoint}`;
  try {
    const own = Number(await redis.call('CLIENT', 'ID'));
    for (let place = 1; place <= MOST_INSTANCES; place += 1) {
      const name = place === 1 ? base : `${base}.${place}`;
      const mark = `araldo:${encode(options.stream)}:${encode(options.group)}:${encode(name)}:`;
      await redis.call('CLIENT', 'SETNAME', `${mark}${encode(options.instance)}`);
      const others = namesIn(String(await redis.call('CLIENT', 'LIST'))).filter(
        ({ id, is }) => id < own && is.startsWith(mark) && is !== `${mark}${encode(options.instance)}`,
      );
      if (others.length === 0) return name;
    }
  } catch (thrown) {
    if (!isReply(thrown)) throw thrown;
  }
  return base;
}

/** The names of connections have neither blanks nor, here, a colon. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (mark) => `%${mark.codePointAt(0)?.toString(16)}`);
}

function namesIn(list: string): readonly { readonly id: number; readonly is: string }[] {
  return list.split('\n').flatMap((line) => {
    const [, id, is] = /^id=(\d+) .* name=(\S*) /.exec(line) ?? [];
    return id === undefined || is === undefined ? [] : [{ id: Number(id), is }];
  });
}
