/** A WebSocket to a server as an endpoint: one lane, kept over reconnects. */
import { deadline } from '../../src/core/deadline.ts';
import { AraldoError } from '../../src/core/errors.ts';
import { type Heartbeat, heartbeat } from '../../src/core/heartbeat.ts';
import { outgoingWire } from '../../src/core/outgoing.ts';
import type { EndpointContext } from '../../src/core/plugin.ts';
import type { Port, Transport } from '../../src/core/transport.ts';
import { Wire } from '../../src/core/wire.ts';
import { formatDuration } from '../../src/options/duration.ts';
import { type Connection, type ConnectOptions, connectWebSocket, nameOf } from './connection.ts';
import { createWriter, type FrameKind, type Writer } from './writer.ts';

export type Settings = Pick<ConnectOptions, 'url' | 'headers' | 'subprotocols' | 'maxPayload' | 'tls'> & {
  readonly frames: FrameKind;
  readonly pingMs: number;
  readonly pongMs: number;
};

/** How long the other side may take to answer that we close. */
const FAREWELL_MS = 1_000;

const NORMAL_CLOSURE = 1000;

interface Session {
  readonly connection: Connection;
  readonly writer: Writer;
  readonly beat: Heartbeat;
}

export function createTransport(
  port: Port,
  settings: Settings,
  { name, scheduler }: Pick<EndpointContext, 'name' | 'scheduler'>,
): Transport {
  const { pingMs, pongMs, frames } = settings;
  const lane = port.source.lane({ name, meta: { endpoint: name, lane: name } });
  let session: Session | undefined;

  return {
    async open(signal) {
      let own: Session | undefined;
      await connectWebSocket({
        ...settings,
        signal,
        onOpen(connection) {
          own = begin(connection);
        },
        onMessage(bytes, isText) {
          own?.beat.heard();
          if (own !== undefined && own === session) lane.receiveBytes(Wire.of(bytes, isText));
        },
        onPong: () => own?.beat.heard(),
        onLost(error) {
          own?.beat.stop();
          if (own === session) lost(error);
        },
      });
    },
    pause() {
      session?.connection.webSocket.pause();
      session?.beat.hold();
    },
    resume() {
      session?.connection.webSocket.resume();
      session?.beat.release();
    },
    isWritable: () => session?.writer.isWritable ?? false,
    write(message, ticket, sender) {
      session?.writer.send(outgoingWire(message), ticket, sender);
      return false;
    },
    flush: () => session?.writer.flushed(),
    close,
  };

  function begin(connection: Connection): Session {
    const { webSocket } = connection;
    const begun: Session = {
      connection,
      writer: createWriter({ connection, frames, scheduler, onWritable: () => port.writable() }),
      beat: heartbeat({
        scheduler,
        everyMs: pingMs,
        withinMs: pongMs,
        ping: () => webSocket.ping(),
        dead() {
          const text = `${nameOf(settings.url)} did not answer a ping within ${formatDuration(pongMs)}`;
          webSocket.terminate();
          if (begun === session) lost(new AraldoError('connection-lost', text));
        },
      }),
    };
    session = begun;
    // The gate may have shut on the connection before this one, or while there was none.
    if (lane.isPaused) {
      webSocket.pause();
      begun.beat.hold();
    }
    return begun;
  }

  function lost(error: AraldoError): void {
    session = undefined;
    port.broken(error);
  }

  /** Says goodbye, waits a moment for the answer, then hangs up. */
  async function close(): Promise<void> {
    if (session === undefined) return;
    const { connection, beat } = session;
    const { webSocket } = connection;
    session = undefined;
    beat.stop();
    if (webSocket.readyState === webSocket.CLOSED) return;
    await new Promise<void>((resolve) => {
      const patience = deadline(scheduler, FAREWELL_MS, () => webSocket.terminate());
      webSocket.once('close', () => {
        patience.unsubscribe();
        resolve();
      });
      // A paused socket would not see the answer; what else it brings is for nobody any more.
      webSocket.resume();
      webSocket.close(NORMAL_CLOSURE);
    });
  }
}
