import { describe, expect, it } from 'vitest';
import { AraldoError } from '../../src/core/errors.ts';
import { Message } from '../../src/core/message.ts';
import { deadLetterOf, type FailureReport } from '../../src/runtime/dead-letter.ts';
import { createLedger } from '../operators/ledger.ts';

const error = new AraldoError('step-failed', 'it broke');

function letterOf(
  payload: string | Uint8Array,
  change: (message: Message) => Message = (message) => message,
  options: Partial<Parameters<typeof deadLetterOf>[4]> = {},
) {
  const message = createLedger().claimedBytes(payload);
  const failed = change(message);
  const letter = deadLetterOf(failed, failed.original, options.route === 'long' ? long : error, undefined, {
    route: 'orders',
    maxOriginal: 1024,
    placeOf: () => undefined,
    ...options,
  });
  return { payload: letter.payload, meta: letter.meta, report: letter.meta['error'] as FailureReport };
}

const long = new AraldoError('step-failed', 'x'.repeat(5_000));

describe('a dead letter', () => {
  it('holds what a step made of the message, and beside it the bytes it came as', () => {
    const { payload, report } = letterOf('{"a": 1}', (message) => message.with({ a: 2 }));
    expect(payload).toEqual({ a: 2 });
    expect(report.original).toMatchObject({ size: 8, text: '{"a": 1}' });
  });

  it.each([
    ['text with a byte order mark', Buffer.from('\uFEFFgrüezi')],
    ['what is no text', Buffer.from([0xff, 0xfe, 0x00])],
    ['nothing', Buffer.alloc(0)],
    ['a part of a larger piece of memory', Buffer.from('abcdef').subarray(2, 4)],
  ])('gives back each byte of %s, through JSON', (_, bytes) => {
    const { report } = letterOf(bytes);
    const { text, base64 } = JSON.parse(JSON.stringify(report)).original;
    expect(text === undefined ? Buffer.from(base64, 'base64') : Buffer.from(text)).toEqual(
      Buffer.from(bytes),
    );
  });

  it.each([
    [1024, true],
    [1025, false],
  ])('has the bytes of an original of %d where at most 1024 are allowed: %s', (size, has) => {
    const { report } = letterOf('x'.repeat(size));
    expect([report.original?.size, report.original?.text !== undefined]).toEqual([size, has]);
  });

  it('keeps the id of a part, and that of the message it is a part of', () => {
    const { meta, report } = letterOf('x', (message) => message.with('y', { id: `${message.id}/3` }));
    expect(meta.id).toBe(`${report.original?.id}/3`);
  });

  it('has no original where the message was joined of several, and no more than 1,024 characters of an error', () => {
    const other = createLedger().claimed('b');
    const { report } = letterOf('a', (message) => Message.join([message, other], ['a', 'b']), {
      route: 'long',
    });
    expect(report).not.toHaveProperty('original');
    expect(report.message).toHaveLength(1_024);
  });

  it('says how often the message was delivered, and where the place stands in the configuration', () => {
    const { report } = letterOf('a', (message) => message.withMeta({ deliveries: 4 }), {
      placeOf: (at) => `araldo.yaml:1:1 for ${at}`,
    });
    expect([report.deliveries, report.place]).toEqual([4, 'araldo.yaml:1:1 for orders']);
  });
});
