import { inspect } from 'node:util';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection, nkeys } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { plugin as jetstream } from '../../plugins/endpoint-jetstream/index.ts';
import { plugin } from '../../plugins/endpoint-nats/index.ts';
import { type Log, silentLog } from '../../src/core/log.ts';
import { Message } from '../../src/core/message.ts';
import type { BatteryWorld } from '../../src/testing/index.ts';
import { type Certificate, hasOpenssl, makeCertificate } from '../certificate.ts';
import { type Mounted, mount } from '../endpoint-bench.ts';
import { type NatsServer, startNats } from '../servers/nats.ts';
import { describeWith } from '../servers/requires.ts';
import { isDeep, killLoop, killLoopMs } from './support/kill-loop.ts';

const kills = { messages: 40_000, kills: 4 };

type KeyPair = ReturnType<typeof nkeys.createUser>;

const text = ({ payload }: Message): string => Buffer.from(payload as Uint8Array).toString();

async function opened(options: object, of = plugin): Promise<Mounted> {
  const it = await mount(of, options);
  await it.until(() => it.endpoint.state === 'open');
  return it;
}

/** What an endpoint says while it cannot open: one line, however often it tries, and never a secret. */
async function refusedWith(options: object, secrets: readonly string[]): Promise<string> {
  const lines: string[] = [];
  const note = (fields: object, line: string): void => {
    lines.push(`${inspect(fields, { depth: 10 })} ${line}`);
  };
  const log: Log = { ...silentLog, warn: note, error: note };
  await using it = await mount(plugin, { subscribe: 'a', ...options }, { log });
  await it.until(() => it.endpoint.lastError !== undefined);
  // Long enough for several attempts.
  await new Promise((resolve) => setTimeout(resolve, 250));
  const error = it.endpoint.lastError;
  expect(error?.code).toBe('connect-failed');
  expect(lines).toHaveLength(1);
  const said = `${lines.join()} ${inspect(error, { depth: 10 })}`;
  for (const secret of secrets) expect(said).not.toContain(secret);
  return error?.message ?? '';
}

/** A token of NATS: who signs it says of `subject` what `nats` says. */
function jwt(signer: KeyPair, subject: KeyPair, name: string, nats: object): string {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const head = encode({ typ: 'JWT', alg: 'ed25519-nkey' });
  const claims = {
    jti: name,
    iat: Math.floor(Date.now() / 1_000),
    iss: signer.getPublicKey(),
    name,
    sub: subject.getPublicKey(),
    nats: { ...nats, version: 2 },
  };
  const body = `${head}.${encode(claims)}`;
  return `${body}.${Buffer.from(signer.sign(Buffer.from(body))).toString('base64url')}`;
}

const seedOf = (pair: KeyPair): string => Buffer.from(pair.getSeed()).toString();

/** A credentials file, as nsc writes it. */
function credsOf(token: string, user: KeyPair): string {
  return [
    '-----BEGIN NATS USER JWT-----',
    token,
    '------END NATS USER JWT------',
    '',
    '-----BEGIN USER NKEY SEED-----',
    seedOf(user),
    '------END USER NKEY SEED------',
    '',
  ].join('\n');
}

describeWith(['nats-server'], 'endpoint-nats › as it is deployed', () => {
  const running: NatsServer[] = [];
  afterEach(async () => {
    for (const nats of running.splice(0)) await nats.stop();
  });
  async function start(config: string): Promise<NatsServer> {
    const nats = await startNats({ config });
    running.push(nats);
    return nats;
  }

  it('logs in to an operator by a credentials file, and not by one that another account has signed', async () => {
    const [operator, account, system, other, user] = [
      nkeys.createOperator(),
      nkeys.createAccount(),
      nkeys.createAccount(),
      nkeys.createAccount(),
      nkeys.createUser(),
    ];
    const all = { subs: -1, data: -1, payload: -1 };
    const limits = { ...all, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
    const accountToken = (one: KeyPair, name: string): string =>
      jwt(operator, one, name, { type: 'account', limits });
    const nats = await start(`
      operator: ${jwt(operator, operator, 'operator', { type: 'operator' })}
      system_account: ${system.getPublicKey()}
      resolver: MEMORY
      resolver_preload: {
        ${account.getPublicKey()}: ${accountToken(account, 'account')}
        ${system.getPublicKey()}: ${accountToken(system, 'system')}
      }`);
    const tokenBy = (signer: KeyPair): string => jwt(signer, user, 'user', { ...all, type: 'user' });
    const good = credsOf(tokenBy(account), user);
    await using it = await opened({ url: nats.url, creds: good, subscribe: 'a', publish: 'a' });
    it.send(Message.of('hello'));
    await it.until(() => it.received.length === 1);
    const secrets = [seedOf(user), tokenBy(account), tokenBy(other)];
    for (const creds of [
      credsOf(tokenBy(other), user),
      credsOf(tokenBy(account), nkeys.createUser()),
      credsOf(`${tokenBy(account).slice(0, -4)}AAAA`, user),
    ])
      expect(await refusedWith({ url: nats.url, creds }, secrets)).toMatch(/Authorization.*check creds/i);
  });

  it('says what is wrong with a token, an nkey, a password, and a server that is not there', async () => {
    const user = nkeys.createUser();
    const nats = await start(
      `authorization { users: [ { nkey: ${user.getPublicKey()} }, { user: a, password: "right-password" } ] }`,
    );
    const wrong = seedOf(nkeys.createUser());
    expect(await refusedWith({ url: nats.url, nkey: wrong }, [wrong])).toMatch(/Authorization.*check nkey/i);
    expect(await refusedWith({ url: nats.url, token: 'wrong-token' }, ['wrong-token'])).toMatch(
      /Authorization.*check the token/i,
    );
    const url = nats.url.replace('//', '//a:wrong-password@');
    expect(await refusedWith({ url }, ['wrong-password'])).toMatch(/check the user and the password in url/);
    expect(await refusedWith({ url: ['nats://127.0.0.1:1', 'nats://127.0.0.1:2'] }, [])).toMatch(
      /ECONNREFUSED/,
    );
  });

  it('fails a message whose subject is not allowed, and none of those beside it', async () => {
    const nats = await start(
      'authorization { users: [ { user: guest, password: guest, permissions: { publish: "open.>", subscribe: "open.>" } } ] }',
    );
    const url = nats.url.replace('//', '//guest:guest@');
    await using it = await opened({ url, 'subject-from': 'meta.key', subjects: ['>'], subscribe: 'open.>' });
    for (let n = 0; n < 60; n += 1) {
      it.send(Message.of(String(n), { key: n % 10 === 3 ? `closed.${n}` : `open.${n}` }));
    }
    await it.until(() => it.leg.held === 0 && it.received.length === 54);
    expect([it.leg.delivered, it.leg.failed, it.endpoint.state]).toEqual([54, 6, 'open']);
    expect(it.received.map(text)).toEqual(
      Array.from({ length: 60 }, (_, n) => String(n)).filter((n) => Number(n) % 10 !== 3),
    );
  });

  it('goes to another server when its own is about to stop, and loses nothing that it sends', async () => {
    const [one, two] = [
      await start('lame_duck_duration: "30s"\nlame_duck_grace_period: "100ms"'),
      await start(''),
    ];
    await using it = await opened({ url: one.url, subscribe: 'a' });
    await using both = await opened({ url: [one.url, two.url], publish: 'a' });
    process.kill(one.pid!, 'SIGUSR2');
    await it.until(() => it.endpoint.lastError !== undefined);
    expect(it.endpoint.lastError?.code).toMatch(/connection-lost|connect-failed/);
    for (let n = 0; n < 50; n += 1) both.send(Message.of(String(n)));
    await both.until(() => both.leg.held === 0 && both.endpoint.state === 'open');
    expect([both.leg.delivered, both.leg.failed]).toEqual([50, 0]);
  });
});

describe.skipIf(!hasOpenssl)('with certificates', () => {
  describeWith(['nats-server'], 'endpoint-nats › is known by its certificate', () => {
    let nats: NatsServer;
    let certificate: Certificate;
    beforeAll(async () => {
      certificate = makeCertificate();
      const { cert, key } = certificate;
      nats = await startNats({
        config: `tls { cert_file: "${cert}", key_file: "${key}", ca_file: "${cert}", verify_and_map: true }
          authorization { users: [ { user: "CN=araldo", permissions: { publish: "mine", subscribe: "mine" } } ] }`,
      });
    });
    afterAll(async () => {
      await nats?.stop();
      certificate?.[Symbol.dispose]();
    });

    it('has the rights of the user that its certificate names, and others are not let in', async () => {
      using araldo = makeCertificate({ authority: certificate, name: 'araldo' });
      using stranger = makeCertificate({ authority: certificate, name: 'stranger' });
      using self = makeCertificate({ name: 'araldo' });
      const { cert: ca } = certificate;
      const url = nats.url.replace('nats:', 'tls:');
      const tlsOf = ({ cert, key }: Certificate): object => ({ ca, cert, key });
      await using it = await opened({ url, tls: tlsOf(araldo), subscribe: 'mine', publish: 'mine' });
      it.send(Message.of('hello'));
      await it.until(() => it.received.length === 1);
      expect(await refusedWith({ url, tls: tlsOf(stranger) }, [])).toMatch(/Authorization/i);
      expect(await refusedWith({ url, tls: tlsOf(self) }, [])).toMatch(/tls\.cert/);
      expect(await refusedWith({ url, tls: { ca } }, [])).toMatch(/tls\.cert/);
      expect(await refusedWith({ url, tls: { ...tlsOf(araldo), ca: self.cert } }, [])).toMatch(/tls\.ca/);
    });
  });
});

describeWith(['nats-server'], 'endpoint-jetstream › as it is deployed', () => {
  let nats: NatsServer;
  let client: NatsConnection;
  let streams = 0;
  beforeAll(async () => {
    nats = await startNats();
    client = await connect({ servers: `127.0.0.1:${nats.port}` });
  });
  afterAll(async () => {
    await client?.close();
    await nats?.stop();
  });
  function fresh() {
    streams += 1;
    return { url: nats.url, stream: `S${streams}`, create: { subjects: [`s${streams}.>`] } };
  }

  it('keeps what it holds for many times the ack-wait, and is given it once', async () => {
    const at = fresh();
    const kept: Message[] = [];
    const it = await mount(jetstream, { ...at, durable: 'd', 'ack-wait': '1s' });
    try {
      it.endpoint.messages.subscribe((root) => kept.push(root.claim()));
      await it.until(() => it.endpoint.state === 'open');
      client.publish(`s${streams}.a`, 'hold me');
      await it.until(() => kept.length === 1);
      await new Promise((resolve) => setTimeout(resolve, isDeep ? 5_200 : 1_700));
      expect(kept).toHaveLength(1);
      kept[0]?.ack();
      const manager = await jetstreamManager(client);
      let left = 1;
      await it.until(() => {
        void manager.consumers.info(at.stream, 'd').then((info) => {
          left = info.num_ack_pending;
          expect(info.num_redelivered).toBe(0);
        });
        return left === 0;
      });
    } finally {
      await it.supervisor.stop();
    }
  });

  it('reads through a consumer that gives up and waits longer each time, and counts its deliveries', async () => {
    const at = fresh();
    const manager = await jetstreamManager(client);
    await manager.streams.add({ name: at.stream, subjects: at.create.subjects });
    const nanos = 1_000_000;
    await manager.consumers.add(at.stream, {
      durable_name: 'd',
      ack_policy: 'explicit',
      max_deliver: 3,
      backoff: [300 * nanos, 600 * nanos],
    });
    const lines: string[] = [];
    const log: Log = { ...silentLog, warn: (_fields, line) => void lines.push(line) };
    await using it = await mount(jetstream, { ...at, durable: 'd' }, { log });
    const deliveries: unknown[] = [];
    it.endpoint.messages.subscribe((root) => {
      const message = root.claim();
      deliveries.push(message.meta.deliveries ?? 1);
      message.nack();
    });
    await it.until(() => it.endpoint.state === 'open');
    client.publish(`s${streams}.a`, 'again and again');
    await it.until(() => deliveries.length === 3);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(deliveries).toEqual([1, 2, 3]);
    expect(lines.join()).toContain('gives up after 3 deliveries');
  });

  it('says that its stream is missing, once, and flows when somebody makes it', async () => {
    const { url, stream, create } = fresh();
    const subject = `s${streams}.a`;
    await using it = await mount(jetstream, { url, stream, durable: 'd', publish: subject });
    it.send(Message.of('patient'));
    await it.until(() => it.endpoint.lastError !== undefined);
    expect(it.endpoint.lastError?.message).toMatch(
      new RegExp(`has no stream ${stream}: make it, or state create`),
    );
    const manager = await jetstreamManager(client);
    await manager.streams.add({ name: stream, subjects: create.subjects });
    await it.until(() => it.received.map(text).includes('patient') && it.leg.held === 0);
    expect(it.leg.failed).toBe(0);
  });

  it.skipIf(!isDeep)(
    'stores a message once, though araldo is killed between publishing and acking',
    {
      timeout: killLoopMs(kills),
    },
    async () => {
      const [input, output] = [fresh(), fresh()];
      const [from] = input.create.subjects;
      const to = output.create.subjects[0]?.replace('>', 'a');
      const manager = await jetstreamManager(client);
      for (const { stream, create } of [input, output])
        await manager.streams.add({ name: stream, subjects: create.subjects });
      const { url } = nats;
      await using reader = await opened({ url, stream: output.stream, durable: 'reader' }, jetstream);
      const world: BatteryWorld = {
        plugin: jetstream,
        server: {} as never,
        source: () => ({ url, stream: input.stream, durable: 'killed' }),
        sink: () => ({ url, stream: output.stream, publish: to }),
        async put(messages) {
          for (const { payload } of messages) client.publish(from?.replace('>', 'a') ?? '', payload);
          await client.flush();
        },
        taken: async () => reader.received.map(({ payload }) => ({ payload: payload as Uint8Array })),
      };
      const { duplicated } = await killLoop({ world, ...kills });
      expect(duplicated).toBe(0);
      expect((await manager.streams.info(output.stream)).state.messages).toBe(kills.messages);
    },
  );

  it('asks for nothing that nobody reads, and begins when code subscribes', async () => {
    const at = fresh();
    await using it = await mount(
      jetstream,
      { ...at, durable: 'd', publish: `s${streams}.a` },
      { isUnread: true },
    );
    await it.until(() => it.endpoint.state === 'open');
    it.send(Message.of('later'));
    await it.until(() => it.leg.held === 0);
    const manager = await jetstreamManager(client);
    const { delivered, num_waiting: waiting } = await manager.consumers.info(at.stream, 'd');
    expect([delivered.consumer_seq, waiting]).toEqual([0, 0]);
    const seen: string[] = [];
    it.endpoint.subscribe((message) => seen.push(text(message)));
    await it.until(() => seen.includes('later'));
  });
});
