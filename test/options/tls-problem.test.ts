import { expect, it } from 'vitest';
import { tlsProblem } from '../../src/options/tls-problem.ts';

const error = (message: string, code?: string): Error => Object.assign(new Error(message), { code });

it.each([
  [
    '404D:error:0A000412:SSL routines:ssl3_read_bytes:ssl/tls alert bad certificate:x.c:918:SSL alert number 42\n',
    /tls\.cert$/,
  ],
  [
    '404D:error:0A00045C:SSL routines::tlsv13 alert certificate required:x.c:918:SSL alert number 116\n',
    /set tls\.cert/,
  ],
  ['404D:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:x.c:355:\n', /does not speak TLS/],
])('tls problem › puts into words what the other side has said: %s', (said, words) => {
  expect(tlsProblem(error(said))).toMatch(words);
});

it('tls problem › names the option that mends what Node has found', () => {
  expect(tlsProblem(error('self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT'))).toBe(
    'self-signed certificate; see tls.ca',
  );
  const altnames = "Hostname/IP does not match certificate's altnames";
  expect(tlsProblem(error(altnames, 'ERR_TLS_CERT_ALTNAME_INVALID'))).toBe(
    `${altnames}; see tls.server-name`,
  );
});

it('tls problem › has nothing to say of other errors', () => {
  expect(tlsProblem(error('connect ECONNREFUSED 127.0.0.1:1', 'ECONNREFUSED'))).toBeUndefined();
  expect(tlsProblem('no error')).toBeUndefined();
});
