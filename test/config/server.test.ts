import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { printPlan } from '../../src/config/print.ts';
import { type Certificate, hasOpenssl, makeCertificate } from '../certificate.ts';
import { brief, load, loadInput, problemsOf } from './fakes.ts';

describe('server-limits', () => {
  it('has the documented defaults, in the plan and in the printed form', async () => {
    const { plan } = await load('');
    expect(plan.server.limits).toEqual({
      connections: 16_384,
      connectionsPerAddress: 1_000,
      acceptsPerSecond: 500,
      acceptPatienceMs: 5_000,
      waiting: 2_500,
      handshakeTimeoutMs: 5_000,
      headersTimeoutMs: 5_000,
      requestTimeoutMs: 30_000,
      headerBytes: 8_192,
      headerCount: 64,
      drainMs: 10_000,
      closeMs: 5_000,
      watchdogMs: 30_000,
    });
    expect(printPlan(plan)).toContain('headers-timeout: 5s');
  });

  it('may be empty, and may come from a variable, which is nobody’s secret', async () => {
    expect((await load('server-limits:')).plan).toEqual((await load('')).plan);
    const loaded = await load('server-limits: { drain-timeout: "${DRAIN}" }', { env: { DRAIN: '1500ms' } });
    expect(loaded.plan.server.limits.drainMs).toBe(1_500);
    expect(loaded.secrets).toEqual([]);
  });

  it.each([
    ['connections: 1', 'connections: 0', 'expected a number of at least 1, found 0'],
    ['connections: 1048576', 'connections: 1048577', 'expected a number of at most 1048576, found 1048577'],
    [
      'headers-timeout: 100ms',
      'headers-timeout: 99ms',
      'expected a duration of at least 100ms, found "99ms"',
    ],
    ['handshake-timeout: 100ms', 'handshake-timeout: 5', 'expected a duration such as 250ms, found 5'],
    ['header-bytes: 1KiB', 'header-bytes: 1023', 'expected a size of at least 1KiB, found 1023'],
    ['header-count: 1000', 'header-count: 1.5', 'expected an integer, found 1.5'],
  ])('takes %s and not %s', async (good, bad, text) => {
    await expect(load(`server-limits:\n  ${good}`)).resolves.toBeDefined();
    const problems = await problemsOf(`server-limits:\n  ${bad}`);
    expect(problems.map(({ text }) => text)).toEqual([text]);
    expect(problems.map(brief)[0]).toMatch(/^invalid-value server-limits\.[a-z-]+ 2:/);
  });

  it('knows its keys, and what was meant', async () => {
    const [problem] = await problemsOf('server-limits: { conections: 5 }');
    expect(problem).toMatchObject({ code: 'unknown-key', suggestion: 'did you mean connections?' });
  });
});

describe('server-tls, without files', () => {
  it('needs a certificate and a key', async () => {
    const problems = await problemsOf('server-tls: {}');
    expect(problems.map(brief)).toEqual([
      'missing-key server-tls.cert 1:13',
      'missing-key server-tls.key 1:13',
    ]);
  });

  it('needs authorities to ask clients for certificates', async () => {
    const [problem] = await problemsOf('server-tls: { cert: a, key: b, client-certificates: require }');
    expect(problem?.text).toBe(
      'expected the authorities that sign the certificates of clients, found nothing',
    );
    expect(problem?.place.path).toBe('server-tls.ca');
  });

  it('knows its words', async () => {
    const [problem] = await problemsOf('server-tls: { cert: a, key: b, min-version: TLSv1.1 }');
    expect(problem).toMatchObject({ code: 'invalid-value', place: { path: 'server-tls.min-version' } });
    expect(problem?.text).toBe('expected TLSv1.2 or TLSv1.3, found "TLSv1.1"');
  });

  it('names every file that is not there, with the path that was looked at', async () => {
    const problems = await problemsOf('server-tls:\n  cert: tls/cert.pem\n  key: tls/key.pem', {
      directory: '/nowhere',
    });
    expect(problems.map(brief)).toEqual([
      'unreadable-file server-tls.cert 2:9',
      'unreadable-file server-tls.key 3:8',
    ]);
    expect(problems[0]?.text).toBe('expected a file in PEM, found no file at /nowhere/tls/cert.pem');
  });
});

describe.skipIf(!hasOpenssl)('server-tls (with openssl)', () => {
  const passphrase = 'open sesame';
  let folder: string;
  const made: Certificate[] = [];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'araldo-server-tls-'));
    for (const [name, options] of [
      ['own', {}],
      ['other', {}],
      ['locked', { passphrase }],
    ] as const) {
      const certificate = makeCertificate(options);
      made.push(certificate);
      copyFileSync(certificate.cert, join(folder, `${name}.pem`));
      copyFileSync(certificate.key, join(folder, `${name}.key`));
    }
    writeFileSync(join(folder, 'empty.pem'), '');
    writeFileSync(join(folder, 'passphrase'), `${passphrase}\n`);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
    for (const certificate of made) certificate[Symbol.dispose]();
  });

  const tls = (keys: string): string => `server-tls: { ${keys} }`;
  const from = (env: Record<string, string> = {}) => ({ directory: folder, env });

  it('keeps paths as they are written, and gives the server those from the root', async () => {
    const { plan, tls: resolved, warnings } = await load(tls('cert: own.pem, key: own.key'), from());
    expect(plan.server.tls).toEqual({
      cert: 'own.pem',
      key: 'own.key',
      clientCertificates: 'none',
      minVersion: 'TLSv1.2',
    });
    expect(resolved).toEqual({
      ...plan.server.tls,
      cert: join(folder, 'own.pem'),
      key: join(folder, 'own.key'),
    });
    expect(warnings).toEqual([]);
  });

  it('is the same again when it is printed and read', async () => {
    const text = tls('cert: own.pem, key: own.key, ca: other.pem, min-version: TLSv1.3');
    const { plan } = await load(text, from());
    expect(plan.server.tls?.clientCertificates).toBe('require');
    expect((await load(printPlan(plan), from())).plan).toEqual(plan);
  });

  it.each([
    ['a key of another certificate', 'cert: own.pem, key: other.key', 'mismatched-key server-tls.key 1:35'],
    [
      'an encrypted key without a passphrase',
      'cert: locked.pem, key: locked.key',
      'wrong-passphrase server-tls.passphrase 1:13',
    ],
    [
      'a wrong passphrase',
      'cert: locked.pem, key: locked.key, passphrase: abc',
      'wrong-passphrase server-tls.passphrase 1:62',
    ],
    ['a certificate in place of a key', 'cert: own.pem, key: own.pem', 'invalid-key server-tls.key 1:35'],
    [
      'a key in place of a certificate',
      'cert: own.key, key: own.key',
      'invalid-certificate server-tls.cert 1:21',
    ],
    ['an empty file', 'cert: empty.pem, key: own.key', 'invalid-certificate server-tls.cert 1:21'],
    [
      'authorities that are none',
      'cert: own.pem, key: own.key, ca: own.key',
      'invalid-certificate server-tls.ca 1:48',
    ],
    ['a folder', 'cert: ., key: own.key', 'unreadable-file server-tls.cert 1:21'],
  ])('refuses %s', async (_what, keys, expected) => {
    const problems = await problemsOf(tls(keys), from());
    expect(problems.map(brief)).toEqual([expected]);
    expect(problems[0]?.text).toMatch(/^expected .*(?:found|could not read)/);
  });

  it('says what stands where a certificate should', async () => {
    const [problem] = await problemsOf(tls('cert: own.key, key: own.key'), from());
    expect(problem?.text).toBe('expected a certificate in PEM, found PRIVATE KEY');
  });

  it('opens an encrypted key with a passphrase from a file, which nobody prints', async () => {
    const keys = 'cert: locked.pem, key: locked.key, passphrase: "${file:passphrase}"';
    const loaded = await load(tls(keys), from());
    expect(loaded.plan.server.tls?.passphrase).toBe(passphrase);
    expect(printPlan(loaded)).not.toContain(passphrase);
  });

  it('prints a passphrase as little when it stands in the file itself', async () => {
    const loaded = await load(tls(`cert: locked.pem, key: locked.key, passphrase: ${passphrase}`), from());
    expect(loaded.secrets).toContain(passphrase);
    expect(printPlan(loaded)).not.toContain(passphrase);
  });

  it('takes the text of a certificate and a key in place of paths', async () => {
    const env = { CERT: readFileSync(join(folder, 'own.pem'), 'utf8') };
    const loaded = await load(tls('cert: "${CERT}", key: "${file:own.key}"'), from(env));
    expect(loaded.warnings).toEqual([]);
    const key = readFileSync(join(folder, 'own.key'), 'utf8');
    expect(printPlan(loaded)).not.toContain(key.split('\n')[1]);
    const given = { 'server-tls': { cert: env.CERT, key } };
    expect((await loadInput({ value: given })).secrets).toContain(key);
  });

  it('warns of a certificate that has expired, and takes it', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * 24 * 3_600_000 });
    const { warnings } = await load(tls('cert: own.pem, key: own.key'), from()).finally(vi.useRealTimers);
    expect(warnings).toEqual([
      {
        text: expect.stringMatching(/expired on \d{4}-\d\d-\d\d: clients that verify it will not connect/),
        place: expect.objectContaining({ path: 'server-tls.cert', line: 1 }),
      },
    ]);
  });
});
