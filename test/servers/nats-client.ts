// A client of NATS in Python that speaks its protocol by hand: the other end of a test that should not be written with
// the library under test.

import { type PythonScript, runPython } from './python.ts';

/** What another client published: as it stood on the wire. */
export interface OutsideNatsMessage {
  readonly subject: string;
  readonly reply: string;
  readonly headers: Readonly<Record<string, string>>;
  /** In base64. */
  readonly payload: string;
}

export interface NatsClient extends AsyncDisposable {
  /** Resolves when the server has it. */
  subscribe(pattern: string): Promise<void>;
  /** Resolves when the server has it. */
  publish(message: Partial<OutsideNatsMessage> & { readonly subject: string }): Promise<void>;
  /** The next message of a subscription. */
  next(withinMs?: number): Promise<OutsideNatsMessage>;
}

export async function natsClient(port: number): Promise<NatsClient> {
  const python = runPython(script, { args: [String(port)] });
  const arrived: OutsideNatsMessage[] = [];
  const told = async (word: string, withinMs?: number): Promise<void> => {
    for (;;) {
      const line = JSON.parse(await python.line(withinMs)) as { is: string } & OutsideNatsMessage;
      if (line.is === 'message') arrived.push(line);
      if (line.is === word) return;
    }
  };
  await told('ready');
  return {
    async subscribe(pattern) {
      ask(python, { do: 'subscribe', pattern });
      await told('done');
    },
    async publish(message) {
      ask(python, { do: 'publish', ...message });
      await told('done');
    },
    async next(withinMs) {
      if (arrived.length === 0) await told('message', withinMs);
      return arrived.shift() as OutsideNatsMessage;
    },
    [Symbol.asyncDispose]: () => python.stop(),
  };
}

function ask(python: PythonScript, what: object): void {
  python.send(JSON.stringify(what));
}

const script = `
import base64, json, socket, sys, threading
sock = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
reader = sock.makefile('rb')
pongs = threading.Semaphore(0)
lock = threading.Lock()
sid = 0

def say(**what):
    with lock:
        print(json.dumps(what), flush=True)

def headers_of(block):
    lines = block.decode('utf-8', 'replace').split('\\r\\n')[1:]
    return dict((name, value.strip()) for name, _, value in (line.partition(':') for line in lines if line))

def read():
    while True:
        line = reader.readline()
        if not line:
            return
        words = line.decode('latin-1').split()
        if not words:
            continue
        if words[0] == 'PING':
            sock.sendall(b'PONG\\r\\n')
        elif words[0] == 'PONG':
            pongs.release()
        elif words[0] == '-ERR':
            say(**{'is': 'error', 'text': line.decode()})
        elif words[0] in ('MSG', 'HMSG'):
            size = int(words[-1])
            head = int(words[-2]) if words[0] == 'HMSG' else 0
            rest = words[3:-2] if words[0] == 'HMSG' else words[3:-1]
            data = reader.read(size + 2)[:size]
            say(**{'is': 'message', 'subject': words[1], 'reply': rest[0] if rest else '',
                   'headers': headers_of(data[:head]), 'payload': base64.b64encode(data[head:]).decode()})

info = reader.readline()
sock.sendall(b'CONNECT {"verbose":false,"headers":true,"no_responders":true,"protocol":1}\\r\\n')
threading.Thread(target=read, daemon=True).start()
say(**{'is': 'ready'})
for line in sys.stdin:
    asked = json.loads(line)
    if asked['do'] == 'subscribe':
        sid += 1
        sock.sendall(f"SUB {asked['pattern']} {sid}\\r\\n".encode())
    else:
        payload = base64.b64decode(asked.get('payload', ''))
        reply = asked.get('reply', '')
        reply = reply + ' ' if reply else ''
        headers = asked.get('headers')
        if headers is None:
            sock.sendall(f"PUB {asked['subject']} {reply}{len(payload)}\\r\\n".encode() + payload + b'\\r\\n')
        else:
            block = 'NATS/1.0\\r\\n' + ''.join(f'{name}: {value}\\r\\n' for name, value in headers.items()) + '\\r\\n'
            block = block.encode('latin-1')
            total = len(block) + len(payload)
            sock.sendall(f"HPUB {asked['subject']} {reply}{len(block)} {total}\\r\\n".encode() + block + payload + b'\\r\\n')
    sock.sendall(b'PING\\r\\n')
    pongs.acquire()
    say(**{'is': 'done'})
`;
