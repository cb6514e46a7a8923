// @ts-check
// What the endpoint does over one connection at a time. It gets the connection from outside, so that tests can be the
// other side of it.
import { AraldoError, Wire } from 'araldo';

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
/** @type {Buffer} */
const nothing = Buffer.alloc(0);

/**
 * @typedef {object} Settings
 * @property {string} name
 * @property {number} maxLine in bytes
 * @property {(signal: AbortSignal) => Promise<import('node:stream').Duplex>} dial
 */

/**
 * @param {import('araldo').Port} port
 * @param {Settings} settings
 * @returns {import('araldo').Transport}
 */
export function createTransport(port, { name, maxLine, dial }) {
  const lane = port.source.lane({ name, meta: { endpoint: name, lane: name } });
  /** @type {import('node:stream').Duplex | undefined} */
  let socket;
  /** Read and not handed over: `maxLine` and what is read at once, at most, since nothing is read on meanwhile. */
  let pending = nothing;

  return {
    async open(signal) {
      const opened = await dial(signal);
      /** @type {Error | undefined} */
      let cause;
      socket = opened;
      opened.on('data', (/** @type {Buffer} */ chunk) => {
        pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
        handOver();
        if (!lane.isPaused && pending.length > maxLine) {
          opened.destroy(new Error(`a line is longer than max-line, ${maxLine} bytes`));
        }
      });
      opened.on('drain', () => port.writable());
      opened.on('error', (error) => {
        cause = error;
      });
      opened.once('end', () => opened.destroy());
      opened.once('close', () => {
        // Lines that are whole stay for when the gate opens; one that was cut off is none.
        pending = pending.subarray(0, pending.lastIndexOf(LINE_FEED) + 1);
        if (opened !== socket) return;
        socket = undefined;
        const why = cause?.message ?? 'the other side ended it';
        port.broken(new AraldoError('connection-lost', `lost the connection of ${name}: ${why}`, { cause }));
      });
      // The gate may have shut while there was no connection.
      if (lane.isPaused) opened.pause();
    },
    pause() {
      socket?.pause();
    },
    resume() {
      // What was read before comes before what is read now, and may shut the gate again.
      handOver();
      if (!lane.isPaused) socket?.resume();
    },
    isWritable: () => socket !== undefined && !socket.writableNeedDrain,
    write(message, ticket, sender) {
      // A sink that carries bytes is given them: `wire` is there.
      const { bytes } = /** @type {Wire} */ (message.wire);
      if (bytes.includes(LINE_FEED)) {
        throw new AraldoError('sink-rejected', `expected one line for ${name}, found a line break in it`);
      }
      socket?.write(Buffer.concat([bytes, Buffer.of(LINE_FEED)]), (error) => {
        // Confirmed when the kernel has it. What a lost connection refuses did not fail: it is sent again.
        if (!error) sender.confirm(ticket);
      });
      return false;
    },
    flush: () => new Promise((resolve) => (socket ? socket.write('', () => resolve()) : resolve())),
    async close() {
      const closing = socket;
      socket = undefined;
      if (closing === undefined || closing.closed) return;
      await new Promise((resolve) => closing.once('close', resolve).destroy());
    },
  };

  /** Emits line by line, and stops within what was read at once when the gate shuts. */
  function handOver() {
    for (let start = 0; ; ) {
      const end = lane.isPaused ? -1 : pending.indexOf(LINE_FEED, start);
      if (end < 0) {
        pending = pending.subarray(start);
        return;
      }
      const line = pending.subarray(
        start,
        pending[end - 1] === CARRIAGE_RETURN && end > start ? end - 1 : end,
      );
      start = end + 1;
      lane.receiveBytes(Wire.of(line, true));
    }
  }
}
