// @ts-check
// Lines of text over TCP or a Unix-domain socket: each line that comes is a message, each message leaves as a line.
import { connect } from 'node:net';
import { defineEndpoint } from 'araldo';
import { z } from 'zod';
import { createTransport } from './transport.js';

const options = z.strictObject({
  url: z
    .string()
    .refine(isAddress, 'expected tcp://host:port or unix:///path')
    .transform((text) => new URL(text))
    .describe('tcp://host:port, or unix:///path of a socket.'),
  'max-line': z
    .int()
    .positive()
    .max(16 * 1024 * 1024)
    .default(64 * 1024)
    .describe('The longest line to take, in bytes; a longer one ends the connection.'),
});

export default defineEndpoint({
  kind: 'endpoint',
  id: 'endpoint-lines',
  summary: 'Lines of text over TCP or a Unix-domain socket.',
  options,
  // What the server reasons from, so no more than is true: a line that was read is read, nobody keeps it for us, and
  // one that the kernel has taken may still be lost on its way.
  capabilities: ({ 'max-line': refusesAbove }) => ({
    source: {
      canPause: true,
      acks: false,
      redelivers: false,
      ordered: 'all',
      scope: 'local',
      carries: 'bytes',
      refusesAbove,
    },
    sink: { confirms: 'flushed', reaches: 'system', carries: 'bytes' },
  }),
  create: ({ url, 'max-line': maxLine }, context) =>
    context.connect((port) =>
      createTransport(port, { name: context.name, maxLine, dial: (signal) => dial(url, signal) }),
    ),
});

/**
 * @param {URL} url
 * @param {AbortSignal} signal
 * @returns {Promise<import('node:net').Socket>}
 */
function dial({ protocol, hostname, port, pathname }, signal) {
  const socket = connect(
    protocol === 'unix:'
      ? { path: decodeURIComponent(pathname) }
      : { host: hostname, port: Number(port), noDelay: true },
  );
  return new Promise((resolve, reject) => {
    const abort = () => socket.destroy(new Error('it took too long'));
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** @param {string} text */
function isAddress(text) {
  const url = URL.parse(text);
  if (url?.protocol === 'unix:') return url.hostname === '' && url.pathname.length > 1;
  return url?.protocol === 'tcp:' && url.hostname !== '' && url.port !== '';
}
