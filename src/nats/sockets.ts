/**
 * The sockets that a client library opens while it connects. It has no way to be told to give up: when its time is
 * over it forgets a server that accepts and says nothing, with the socket still open. We end that.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

const opening = new AsyncLocalStorage<Set<Socket>>();

export interface Sockets {
  /** Ends them all at once. */
  destroy(): void;
}

/** Calls `connect`; `sockets` are those that it opens, now and in all that it leads to. */
export async function watchSockets<T>(connect: (sockets: Sockets) => Promise<T>): Promise<T> {
  /** As many as a server has addresses. */
  const own = new Set<Socket>();
  const opened = (message: unknown): void => {
    if (opening.getStore() !== own) return;
    const { socket } = message as { readonly socket: Socket };
    own.add(socket);
    socket.once('close', () => own.delete(socket));
  };
  const sockets: Sockets = {
    destroy() {
      for (const socket of own) socket.destroy();
    },
  };
  subscribe('net.client.socket', opened);
  try {
    return await opening.run(own, () => connect(sockets));
  } catch (thrown) {
    sockets.destroy();
    throw thrown;
  } finally {
    unsubscribe('net.client.socket', opened);
  }
}
