import { describe, expect, it } from 'vitest';
import { encodeEvent, eventId, numberOf } from '../../../plugins/endpoint-sse/event.ts';
import { createHistory } from '../../../plugins/endpoint-sse/history.ts';
import { plugin } from '../../../plugins/endpoint-sse/index.ts';

function parse(options: object): { value?: unknown; issues?: readonly { message: string }[] } {
  return plugin.options['~standard'].validate(options) as never;
}

describe('the options of endpoint-sse', () => {
  it.each([
    [{}, 'expected a path to serve, or a url to read'],
    [{ path: '/a', url: 'http://a/' }, 'for both, declare two endpoints'],
    [{ url: 'ws://a/' }, 'expected a URL such as https://host/path'],
    [{ path: '/a', event: 'a\nb' }, 'on one line'],
    [{ url: 'http://a/', tls: { ca: 'ca.pem' } }, 'begins with https://'],
  ])('refuse %j', (options, reason) => {
    expect(
      parse(options)
        .issues?.map(({ message }) => message)
        .join(),
    ).toContain(reason);
  });

  it('tell what it can do', () => {
    const can = (options: object) => plugin.capabilities(parse(options).value);
    expect(can({ path: '/news' })).toMatchObject({ sink: { reaches: 'peers' }, listensOn: ['/news'] });
    expect(can({ path: '/news' })).not.toHaveProperty('source');
    expect(can({ url: 'https://me:secret@there/x?token=secret' })).toMatchObject({
      source: { canPause: true, scope: 'copy' },
      readsFrom: ['https://there/x'],
    });
  });
});

describe('an event', () => {
  it('has a line of data for each line of its payload', () => {
    const text = (payload: string, type?: string) =>
      encodeEvent(Buffer.from(payload), 'i-1', type).toString();
    expect(text('a')).toBe('id: i-1\ndata: a\n\n');
    expect(text('a\r\nb\rc\n', 'news')).toBe('id: i-1\nevent: news\ndata: a\ndata: b\ndata: c\ndata: \n\n');
    expect(text('')).toBe('id: i-1\ndata: \n\n');
  });

  it('carries no bytes that are not text', () => {
    expect(() => encodeEvent(Buffer.from([0xff]), 'i-1', undefined)).toThrow('expected text for an event');
  });

  it('is numbered within its run of the server', () => {
    expect(numberOf(eventId('ab', 7), 'ab')).toBe(7);
    for (const id of ['ac-7', 'ab-', 'ab-x', 'ab-7-7', 'ab', 'ab--1'])
      expect(numberOf(id, 'ab')).toBeUndefined();
  });
});

describe('the history', () => {
  const filled = (messages: number, bytes: number) => {
    const history = createHistory({ messages, bytes });
    for (let number = 1; number <= 10; number += 1) {
      history.add({ number, room: number % 2 === 0 ? 'even' : 'odd', bytes: Buffer.alloc(10) });
    }
    return history;
  };
  const numbers = (history: ReturnType<typeof filled>, after: number, room = 'even') =>
    history.after(after, room).events.map(({ number }) => number);

  it('has what a room missed, and says what it has forgotten', () => {
    const history = filled(6, 1_000);
    expect(numbers(history, 6)).toEqual([8, 10]);
    expect(numbers(history, 0)).toEqual([6, 8, 10]);
    expect(history.after(6, 'even').forgotten).toBe(0);
    expect(history.after(1, 'even').forgotten).toBe(3);
  });

  it('is bounded in bytes as well, and may be nothing', () => {
    expect(numbers(filled(100, 35), 0, 'odd')).toEqual([9]);
    expect(filled(0, 100).after(4, 'odd')).toEqual({ events: [], forgotten: 6 });
  });
});
