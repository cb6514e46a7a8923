// RFC 6455, sections 5 to 8, from the bytes that a client sends to what becomes of them: each case in one piece, frame
// by frame, byte by byte, and together with the request for the upgrade. The sections are in the titles.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Expected, NO_CODE, type Outcome, play, wanted, ways } from './support/exchange.ts';
import * as raw from './support/raw-peer.ts';
import { serve, type TestServer } from './support/server.ts';

const { BINARY, CONTINUATION, PING, PONG, TEXT, closeFrame, frame } = raw;

const NORMAL = 1000;
const GOING_AWAY = 1001;
const PROTOCOL_ERROR = 1002;
const INVALID_PAYLOAD = 1007;
const POLICY_VIOLATION = 1008;
const TOO_BIG = 1009;

/** More than a socket reads at once, and less. */
const MAX_PAYLOAD = 70_000;
const MAX_SHORT = 1_000;
const MAX_FRAGMENTS = 1_024;

let araldo: TestServer;

beforeAll(async () => {
  araldo = await serve({
    plugins: [
      { name: 'long', id: 'endpoint-websocket', path: '/long', reach: 'peer', 'max-payload': MAX_PAYLOAD },
      { name: 'short', id: 'endpoint-websocket', path: '/short', reach: 'peer', 'max-payload': MAX_SHORT },
      { name: 'out', id: 'endpoint-mock' },
    ],
    routes: { long: ['long', 'out'], short: ['short', 'out'] },
  });
});

afterAll(() => araldo[Symbol.asyncDispose]());

const start = (payload: string | Buffer, opcode = TEXT): Buffer => frame(opcode, payload, { isLast: false });
const middle = (payload: string | Buffer): Buffer => frame(CONTINUATION, payload, { isLast: false });
const end = (payload: string | Buffer): Buffer => frame(CONTINUATION, payload);
/** What comes after the end of a connection, and must not count. */
const tooLate = frame(TEXT, 'too late');
const hello = frame(TEXT, 'hello');

describe('a frame (5.2)', () => {
  const lengths = [0, 1, 125, 126, 127, 128, 65_535, 65_536, MAX_PAYLOAD];

  test.each(lengths)('may have a payload of %i bytes, text or binary', async (length) => {
    const text = 'x'.repeat(length);
    const bytes = Buffer.alloc(length, 0xfe);
    await check([frame(TEXT, text), frame(BINARY, bytes)], { messages: [text, bytes] });
  });

  test('is unmasked right at every length and offset (5.3)', async () => {
    const texts = Array.from({ length: 131 }, (_, length) =>
      'añ€😀'.repeat(20).slice(0, length).toWellFormed(),
    );
    await check(
      texts.map((text) => frame(TEXT, text)),
      { messages: texts },
    );
  });

  test('is not looked for within another', async () => {
    // Masked, this payload ends with the bytes of a whole frame, and they are read apart from the rest.
    const masked = Buffer.concat([Buffer.from('abc'), hello]);
    const disguised = frame(BINARY, masked).subarray(-masked.length);
    const bytes = frame(BINARY, disguised);
    const pieces = [bytes.subarray(0, -hello.length), bytes.subarray(-hello.length)];
    const expected = { messages: [disguised] };
    expect(pieces[1]).toEqual(hello);
    expect(await play(araldo, pieces, expected)).toEqual(wanted(expected));
  });

  test('may say its length with more bytes than it needs, as ws has it', async () => {
    const sent = [frame(TEXT, 'two', { lengthBytes: 2 }), frame(TEXT, 'eight', { lengthBytes: 8 })];
    await check(sent, { messages: ['two', 'eight'] });
  });

  test.each([1, 2, 4, 7])('with reserved bits (%i) ends the connection', async (reserved) => {
    for (const opcode of [TEXT, BINARY, PING]) {
      await fails([hello, frame(opcode, 'x', { reserved }), tooLate], PROTOCOL_ERROR, ['hello']);
    }
    await fails([start('a'), frame(CONTINUATION, 'b', { reserved })], PROTOCOL_ERROR);
  });

  test.each([0x3, 0x4, 0x5, 0x6, 0x7, 0xb, 0xc, 0xd, 0xe, 0xf])(
    'of the unknown kind %i ends the connection',
    async (opcode) => {
      await fails([hello, frame(opcode, 'x'), tooLate], PROTOCOL_ERROR, ['hello']);
    },
  );

  test('without a mask ends the connection (5.1)', async () => {
    for (const opcode of [TEXT, BINARY, PING]) {
      await fails([hello, frame(opcode, 'bare', { isMasked: false }), tooLate], PROTOCOL_ERROR, ['hello']);
    }
  });
});

describe('a message that is too big (7.4.1)', () => {
  const tooLong = 'x'.repeat(MAX_PAYLOAD + 1);

  test('ends the connection', () => fails([hello, frame(TEXT, tooLong), tooLate], TOO_BIG, ['hello']));

  test('ends it by its header alone', async () => {
    await fails([frame(BINARY, '', { length: BigInt(MAX_PAYLOAD + 1) })], TOO_BIG);
    await fails([frame(BINARY, '', { length: 2n ** 40n })], TOO_BIG);
    await fails([frame(BINARY, '', { length: 2n ** 64n - 1n })], TOO_BIG);
  });

  test('ends it where it is read as a whole', async () => {
    const most = 'x'.repeat(MAX_SHORT);
    await check([frame(TEXT, most), hello], { messages: [most, 'hello'], path: '/short' });
    const sent = [hello, frame(TEXT, `${most}x`), tooLate];
    await check(sent, { messages: ['hello'], code: TOO_BIG, path: '/short' });
  });

  test('counts all its fragments', () => fails([start(tooLong.slice(10)), end('0123456789')], TOO_BIG));

  test('does not count what other messages had', async () => {
    const long = tooLong.slice(10);
    await check([start(long), end('x'), start(long), end('x')], { messages: [`${long}x`, `${long}x`] });
  });

  test('may be one of too many fragments', async () => {
    const most = [start(''), ...Array.from({ length: MAX_FRAGMENTS - 2 }, () => middle('x'))];
    await check([...most, end('')], { messages: ['x'.repeat(MAX_FRAGMENTS - 2)] });
    await fails([...most, middle('x'), end('')], POLICY_VIOLATION);
  });
});

describe('fragments (5.4)', () => {
  test('make one message, of the kind of the first', async () => {
    const sent = [start('a'), middle('b'), end('c'), start('d', BINARY), end('e'), hello];
    await check(sent, { messages: ['abc', Buffer.from('de'), 'hello'] });
  });

  test('may be empty', () => check([start(''), middle(''), end('')], { messages: [''] }));

  test('may have pings and pongs between them (5.5)', async () => {
    const sent = [start('a'), frame(PING, 'now'), middle('b'), frame(PONG, 'x'), end('c'), hello];
    await check(sent, { messages: ['abc', 'hello'], pongs: ['now'] });
  });

  test('may have a close frame between them, and are then no message', () =>
    fails([start('a'), closeFrame(NORMAL), end('b')], NORMAL));

  test('must begin with one that is no continuation', async () => {
    await fails([end('nothing to continue'), tooLate], PROTOCOL_ERROR);
    await fails([middle('nothing to continue'), end('x')], PROTOCOL_ERROR);
    await fails([start('a'), end('b'), end('c')], PROTOCOL_ERROR, ['ab']);
    await fails([hello, end('c')], PROTOCOL_ERROR, ['hello']);
  });

  test('must be over before another message begins', async () => {
    await fails([start('a'), hello, end('b')], PROTOCOL_ERROR);
    await fails([start('a'), frame(BINARY, 'b'), end('c')], PROTOCOL_ERROR);
    await fails([start('a'), start('b'), end('c')], PROTOCOL_ERROR);
  });
});

describe('a ping (5.5.2)', () => {
  const longest = Buffer.alloc(125, 0xfe);

  test('is answered with its payload', () =>
    check([frame(PING), frame(PING, 'now'), frame(PING, longest)], { pongs: ['', 'now', longest] }));

  test('is answered between messages, each in its order', async () => {
    const sent = [hello, frame(PING, '1'), frame(TEXT, 'you'), frame(PING, '2'), frame(BINARY, 'there')];
    await check(sent, { messages: ['hello', 'you', Buffer.from('there')], pongs: ['1', '2'] });
  });

  test('has 125 bytes at most, and is no fragment (5.5)', async () => {
    await fails([hello, frame(PING, 'x'.repeat(126)), tooLate], PROTOCOL_ERROR, ['hello']);
    await fails([frame(PING, 'x', { isLast: false }), end('y')], PROTOCOL_ERROR);
  });
});

describe('a pong (5.5.3)', () => {
  test('that nobody asked for is ignored', () =>
    check([frame(PONG), frame(PONG, 'x'), hello, frame(PING, '1')], { messages: ['hello'], pongs: ['1'] }));

  test('has 125 bytes at most, and is no fragment (5.5)', async () => {
    await fails([frame(PONG, 'x'.repeat(126)), tooLate], PROTOCOL_ERROR);
    await fails([frame(PONG, 'x', { isLast: false }), end('y')], PROTOCOL_ERROR);
  });
});

describe('text (8.1)', () => {
  const valid = [
    'κόσμε',
    '\0',
    '\x7f',
    '\x80',
    '\u07ff\u0800',
    '\ud7ff\ue000',
    '\ufffd\ufffe\uffff',
    '\u{10000}\u{10ffff}',
  ];
  // A lone continuation, unfinished, overlong, a surrogate, beyond the last code point, no UTF-8 at all.
  const invalid = [
    '80',
    'bf41',
    'c3',
    'e282',
    'f09f92',
    'c0af',
    'c1bf',
    'e080af',
    'f08080af',
    'eda080',
    'edbfbf',
    'f4908080',
    'f888808080',
    'fe',
    'ff',
  ];

  test('is UTF-8, however it is cut into fragments', async () => {
    const texts = valid.flatMap((text) => [text, text.repeat(30)]);
    await check(
      texts.map((text) => frame(TEXT, text)),
      { messages: texts },
    );
    const cut = texts.flatMap((text) => {
      const bytes = Buffer.from(text);
      return [start(bytes.subarray(0, 1)), middle(bytes.subarray(1, 2)), end(bytes.subarray(2))];
    });
    await check(cut, { messages: texts });
  });

  test.each(invalid)('that is not UTF-8 (%s) ends the connection', async (hex) => {
    const bytes = Buffer.from(hex, 'hex');
    await fails([hello, frame(TEXT, bytes), tooLate], INVALID_PAYLOAD, ['hello']);
    const long = Buffer.concat([Buffer.alloc(201, 'x'), bytes, Buffer.alloc(20, 'x')]);
    await fails([frame(TEXT, long), tooLate], INVALID_PAYLOAD);
    await fails([start(bytes.subarray(0, 1)), end(bytes.subarray(1))], INVALID_PAYLOAD);
    await check([frame(BINARY, bytes), frame(BINARY, long)], { messages: [bytes, long] });
  });
});

describe('a close frame (5.5.1)', () => {
  test.each([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999])(
    'with %i is answered with the same',
    async (code) => {
      await fails([hello, closeFrame(code, 'so long'), tooLate], code, ['hello']);
    },
  );

  test('may have no code, and 123 bytes of reason', async () => {
    await fails([hello, closeFrame(), tooLate], NO_CODE, ['hello']);
    await fails([closeFrame(NORMAL, 'x'.repeat(123))], NORMAL);
    await fails([closeFrame(NORMAL), closeFrame(GOING_AWAY)], NORMAL);
  });

  test.each([0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535])(
    'with the code %i, which is none, ends the connection (7.4)',
    (code) => fails([hello, closeFrame(code), tooLate], PROTOCOL_ERROR, ['hello']),
  );

  test('with half a code, too long a reason, or no end ends the connection (5.5)', async () => {
    await fails([frame(raw.CLOSE, 'x')], PROTOCOL_ERROR);
    await fails([closeFrame(NORMAL, 'x'.repeat(124))], PROTOCOL_ERROR);
    await fails([frame(raw.CLOSE, '', { isLast: false })], PROTOCOL_ERROR);
  });

  test('that follows a message at once does not overtake the answer to it', async () => {
    const peer = await raw.connectRaw(araldo.port, '/short');
    await peer.write([Buffer.concat([hello, closeFrame(NORMAL)])]);
    await peer.ended;
    expect(peer.frames.map(({ opcode }) => opcode)).toEqual([TEXT, raw.CLOSE]);
    expect(peer.frames[0]?.payload.toString()).toBe('hello');
  });

  test('has a reason in UTF-8', () =>
    fails([closeFrame(NORMAL, Buffer.from([0xce, 0xba, 0xed, 0xa0, 0x80]))], INVALID_PAYLOAD));
});

function fails(sent: readonly Buffer[], code: number, messages: readonly string[] = []): Promise<void> {
  return check(sent, { code, messages });
}

async function check(sent: readonly Buffer[], expected: Expected): Promise<void> {
  const found: Record<string, Outcome> = {};
  for (const [way, cut] of Object.entries(ways)) found[way] = await play(araldo, cut(sent), expected);
  found['with the request'] = await play(araldo, [], expected, Buffer.concat(sent));
  const all = wanted(expected);
  expect(found).toEqual(Object.fromEntries(Object.keys(found).map((way) => [way, all])));
}
