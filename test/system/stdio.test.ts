// araldo between other programs of a shell, as people use it.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serve, until } from './support/server.ts';

const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

describe('endpoint-stdio', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'araldo-stdio-'));
    write('pipe.yaml', 'routes:\n  shell: [shell]\n');
    write(
      'map.yaml',
      'routes:\n  shell:\n    via: [{ filter: payload.n % 2 == 0 }, { map: "{\\"even\\": payload.n}" }]\n    to: [shell]\n',
      '  - { name: json, id: marshal-json }\n',
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const write = (file: string, routes: string, more = ''): void =>
    writeFileSync(
      join(folder, file),
      `server-port: 0\nplugins:\n  - { name: shell, id: endpoint-stdio, max-line: 100KiB }\n${more}${routes}`,
    );

  /** Runs a line of a shell in which `araldo` is a command. */
  function shell(script: string): Promise<{ code: number | null; stdout: Buffer; stderr: string }> {
    const child = spawn('bash', ['-c', `set -o pipefail; araldo() { "$NODE" "$CLI" "$@"; }; ${script}`], {
      cwd: folder,
      env: { ...process.env, NODE: process.execPath, CLI: cli },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    });
    const out: Buffer[] = [];
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    return new Promise((resolve) => {
      child.once('close', (code) => resolve({ code, stdout: Buffer.concat(out), stderr }));
    });
  }

  test('carries what another program writes to the next one, and ends with it', async () => {
    const { code, stdout, stderr } = await shell(
      `seq 1 100000 | sed 's/.*/{"n":&}/' | araldo -c map.yaml | sed 's/[^0-9]//g' | sha1sum; seq 2 2 100000 | sha1sum`,
    );
    const [ours, theirs] = stdout.toString().trim().split('\n');
    expect(ours).toBe(theirs);
    expect(code).toBe(0);
    expect(stderr).toContain('standard input has ended');
  });

  test('carries any bytes, and the last line without an end; leaves out what is too long', async () => {
    const script = `{ printf 'a\\0\\377\\n\\nb\\r\\n'; head -c 200000 /dev/zero | tr '\\0' x; printf '\\nlast'; } > in; araldo -c pipe.yaml < in`;
    const { code, stdout, stderr } = await shell(script);
    expect(stdout).toEqual(Buffer.from('a\0\xff\nb\r\nlast\n', 'latin1'));
    expect(stderr).toContain('longer than max-line');
    expect(code).toBe(0);
  });

  test('waits for a slow reader, and ends when nobody reads any more', async () => {
    const slow = await shell(`seq 1 400000 | araldo -c pipe.yaml | { sleep 1; wc -l; }`);
    expect(slow.stdout.toString().trim()).toBe('400000');
    expect(slow.code).toBe(0);
    const gone = await shell(`yes | araldo -c pipe.yaml | head -n 3`);
    expect(gone.stdout.toString()).toBe('y\ny\ny\n');
    expect(gone.stderr).toContain('nobody reads standard output any more');
  });

  test('does not end a server that code has started', async () => {
    await using araldo = await serve({
      plugins: [{ name: 'shell', id: 'endpoint-stdio', exit: true }],
      routes: {},
    });
    await until('it is open', () => araldo.server.endpoint('shell').state === 'open');
    expect(araldo.server.status().state).toBe('running');
  });
});
