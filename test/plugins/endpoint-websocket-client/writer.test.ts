import { VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import type { Connection } from '../../../plugins/endpoint-websocket-client/connection.ts';
import { createWriter, type FrameKind } from '../../../plugins/endpoint-websocket-client/writer.ts';
import { AraldoError } from '../../../src/core/errors.ts';
import type { Sender } from '../../../src/core/sink.ts';
import { Wire } from '../../../src/core/wire.ts';
import { pass } from '../../virtual-time.ts';

/** A socket that takes what it is told to. */
function writing(frames: FrameKind = 'auto') {
  const scheduler = new VirtualTimeScheduler();
  const sent: { bytes: Uint8Array; binary: boolean; done: (error?: Error) => void }[] = [];
  const socket = { cork: vi.fn(), uncork: vi.fn() };
  const webSocket = {
    OPEN: 1,
    readyState: 1,
    bufferedAmount: 0,
    send(bytes: Uint8Array, { binary }: { binary: boolean }, done: (error?: Error) => void) {
      webSocket.bufferedAmount += bytes.byteLength;
      sent.push({
        bytes,
        binary,
        done(error) {
          webSocket.bufferedAmount -= bytes.byteLength;
          done(error);
        },
      });
    },
  };
  const onWritable = vi.fn();
  const connection = { webSocket, socket } as unknown as Connection;
  const writer = createWriter({ connection, frames, scheduler, onWritable });
  const sender = { confirm: vi.fn(), fail: vi.fn() };
  let tickets = 0;
  const send = (bytes: Uint8Array | string, isText?: boolean): void => {
    writer.send(Wire.of(Buffer.from(bytes as string), isText), tickets++, sender as unknown as Sender);
  };
  return { scheduler, sent, socket, webSocket, writer, sender, onWritable, send };
}

describe('endpoint-websocket-client › writer', () => {
  it('sends what a turn brings in one piece', () => {
    const { scheduler, socket, send, sent } = writing();
    send('a');
    send('b');
    expect(sent).toHaveLength(2);
    expect(socket.cork).toHaveBeenCalledTimes(1);
    expect(socket.uncork).not.toHaveBeenCalled();
    pass(scheduler, 1);
    expect(socket.uncork).toHaveBeenCalledTimes(1);
    send('c');
    pass(scheduler, 1);
    expect(socket.cork).toHaveBeenCalledTimes(2);
    expect(socket.uncork).toHaveBeenCalledTimes(2);
  });

  it('confirms what the kernel has, and not what it refused', () => {
    const { send, sent, sender } = writing();
    send('a');
    send('b');
    expect(sender.confirm).not.toHaveBeenCalled();
    sent[0]?.done();
    sent[1]?.done(new Error('write EPIPE'));
    expect(sender.confirm.mock.calls).toEqual([[0]]);
    expect(sender.fail).not.toHaveBeenCalled();
  });

  it('takes no more than 1 MiB that the kernel has not, and takes more at half of it', () => {
    const { send, sent, writer, onWritable } = writing();
    const quarter = Buffer.alloc(256 * 1024);
    for (let n = 0; n < 4; n += 1) {
      expect(writer.isWritable).toBe(true);
      send(quarter);
    }
    expect(writer.isWritable).toBe(false);
    sent[0]?.done();
    expect(onWritable).not.toHaveBeenCalled();
    sent[1]?.done();
    expect(onWritable).toHaveBeenCalledOnce();
    expect(writer.isWritable).toBe(true);
  });

  it('does not say that it takes more to whoever was never refused', () => {
    const { send, sent, onWritable } = writing();
    send('a');
    sent[0]?.done();
    expect(onWritable).not.toHaveBeenCalled();
  });

  it('takes nothing when the connection is not open', () => {
    const { webSocket, writer } = writing();
    webSocket.readyState = 2;
    expect(writer.isWritable).toBe(false);
  });

  it('is flushed when the kernel has all, or the connection is lost', async () => {
    const { writer, send, sent } = writing();
    await writer.flushed();
    send('a');
    send('b');
    const flushed = vi.fn();
    const waiting = writer.flushed().then(flushed);
    sent[0]?.done();
    await Promise.resolve();
    expect(flushed).not.toHaveBeenCalled();
    sent[1]?.done(new Error('gone'));
    await waiting;
    expect(flushed).toHaveBeenCalledOnce();
  });

  it.each([
    ['auto', 'text', true, false],
    ['auto', 'text', false, true],
    ['auto', 'text', undefined, false],
    ['auto', Buffer.from([0xff]), undefined, true],
    ['text', 'text', false, false],
    ['text', 'text', undefined, false],
    ['binary', 'text', true, true],
  ] as const)('frames: %s sends %s with text flag %s as binary: %s', (frames, bytes, isText, binary) => {
    const { send, sent } = writing(frames);
    send(bytes, isText);
    expect(sent[0]?.binary).toBe(binary);
  });

  it('refuses bytes that are no text where all must be text', () => {
    const { send, sent } = writing('text');
    expect(() => send(Buffer.from([0xff]), false)).toThrow(AraldoError);
    expect(sent).toEqual([]);
  });
});
