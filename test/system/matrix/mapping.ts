// Where each system keeps what is known of a message: the table of docs/meta.md as data. What stands on the wire of a
// system is computed from it, and a test compares it with the table, so that neither drifts.

/** A message as all systems are to know it. */
export interface Parcel {
  readonly payload: Buffer;
  readonly id?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly contentType?: string;
  readonly correlationId?: string;
  readonly replyTo?: string;
  readonly timestamp?: number;
}

/** A message as it stands on the wire of one system: the fields that it has for it, and headers. */
export interface Raw {
  readonly payload: Buffer;
  readonly fields: Readonly<Record<string, string | number>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** The words of meta in the order of the table, beside `headers`. */
export const words = ['id', 'key', 'contentType', 'correlationId', 'replyTo', 'timestamp'] as const;
export type Word = (typeof words)[number];

export interface Place {
  /** `field`: the system has a place of its own for it. `derived`: made of it, and not read back. */
  readonly kind: 'field' | 'header' | 'envelope' | 'derived';
  readonly name: string;
  /** Of a time. */
  readonly unit?: 'seconds';
}

/** What a header may have that a system cannot carry. */
export type Oddity = 'a line break' | 'a blank in its name';

export interface System {
  /** As the table and the reports of tests call it. */
  readonly title: string;
  /** Its page in docs/endpoints. */
  readonly page: string;
  readonly places: Readonly<Record<Word, readonly Place[]>>;
  /** What `meta.headers` are there. */
  readonly headers: string;
  /** Whether a message without an id has its position for one. */
  readonly hasPositions?: true;
  /** Headers beside those of messages. */
  readonly ownHeaders?: readonly string[];
  /** What it says of a message that says nothing of it: as a source, and as a sink. */
  readonly tells?: readonly Word[];
  readonly makesUp?: readonly Word[];
  /** Names of headers have no case there, and arrive in lower case. */
  readonly isLowerCase?: true;
  readonly refuses?: readonly Oddity[];
}

const field = (name: string, unit?: 'seconds'): Place => ({
  kind: 'field',
  name,
  ...(unit !== undefined && { unit }),
});
const header = (name: string): Place => ({ kind: 'header', name });
const derived = (name: string): Place => ({ kind: 'derived', name });

/** Under the names that most systems know them by. */
const standard = {
  id: [header('araldo-id')],
  key: [header('araldo-key')],
  contentType: [header('content-type')],
  correlationId: [header('correlation-id')],
  replyTo: [header('reply-to')],
  timestamp: [header('araldo-timestamp')],
} as const;

const enveloped: Pick<System, 'places' | 'headers'> = {
  places: Object.fromEntries(words.map((word) => [word, [{ kind: 'envelope', name: word }]])) as never,
  headers: 'envelope',
};

export const systems = {
  websocket: { title: 'WebSocket', page: 'endpoint-websocket', ...enveloped },
  redis: { title: 'Redis Pub/Sub', page: 'endpoint-redis', ...enveloped },
  'redis-stream': {
    title: 'Redis Streams',
    page: 'endpoint-redis-stream',
    places: standard,
    headers: 'fields',
    hasPositions: true,
  },
  mqtt: {
    title: 'MQTT 5',
    page: 'endpoint-mqtt',
    places: {
      ...standard,
      contentType: [field('content type')],
      correlationId: [field('correlation data')],
      replyTo: [field('response topic')],
    },
    headers: 'user properties',
    refuses: ['a line break'],
  },
  nats: {
    title: 'NATS',
    page: 'endpoint-nats',
    places: { ...standard, replyTo: [field('reply')] },
    headers: 'headers',
    refuses: ['a line break', 'a blank in its name'],
  },
  jetstream: {
    title: 'JetStream',
    page: 'endpoint-jetstream',
    places: { ...standard, id: [header('araldo-id'), derived('Nats-Msg-Id')] },
    headers: 'headers',
    hasPositions: true,
    tells: ['timestamp'],
    ownHeaders: ['Nats-Expected-Stream'],
    refuses: ['a line break', 'a blank in its name'],
  },
  amqp: {
    title: 'RabbitMQ',
    page: 'endpoint-amqp',
    places: {
      id: [field('message-id')],
      key: [header('araldo-key')],
      contentType: [field('content-type')],
      correlationId: [field('correlation-id')],
      replyTo: [field('reply-to')],
      timestamp: [field('timestamp', 'seconds'), header('araldo-timestamp')],
    },
    headers: 'headers',
  },
  kafka: {
    title: 'Kafka',
    page: 'endpoint-kafka',
    places: { ...standard, key: [field('key')], timestamp: [field('timestamp')] },
    headers: 'headers',
    hasPositions: true,
    tells: ['timestamp'],
    makesUp: ['timestamp'],
  },
  http: {
    title: 'HTTP',
    page: 'endpoint-http',
    places: { ...standard, id: [header('idempotency-key')] },
    headers: 'headers',
    isLowerCase: true,
    makesUp: ['contentType'],
    refuses: ['a line break', 'a blank in its name'],
  },
  stdio: { title: 'lines', page: 'endpoint-stdio', ...enveloped },
  file: { title: 'files', page: 'endpoint-file', ...enveloped, hasPositions: true },
  sse: { title: 'events', page: 'endpoint-sse', ...enveloped },
} as const satisfies Readonly<Record<string, System>>;

export type SystemName = keyof typeof systems;

export const systemNames = Object.keys(systems) as readonly SystemName[];

/** What a message is on the wire of a system. */
export function rawOf(system: System, parcel: Parcel): Raw {
  const fields: Record<string, string | number> = {};
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(parcel.headers ?? {}))
    headers[system.isLowerCase === true ? name.toLowerCase() : name] = value;
  for (const word of words) {
    const value = parcel[word];
    if (value === undefined) continue;
    for (const { kind, name, unit } of system.places[word]) {
      if (kind === 'header') headers[name] = String(value);
      else if (kind !== 'derived')
        fields[name] = unit === 'seconds' ? Math.floor(Number(value) / 1_000) : value;
    }
  }
  return { payload: parcel.payload, fields, headers };
}

/** The other way: what a message on the wire of a system says of a word. */
export function saidOf(system: System, raw: Raw, word: Word): string | undefined {
  for (const { kind, name } of system.places[word]) {
    const value = kind === 'header' ? raw.headers[name] : raw.fields[name];
    if (kind !== 'derived' && value !== undefined) return String(value);
  }
  return undefined;
}
