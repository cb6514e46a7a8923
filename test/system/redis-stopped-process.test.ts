import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startRedis } from '../servers/redis.ts';
import { describeWith } from '../servers/requires.ts';

const root = new URL('../..', import.meta.url);

/**
 * A relay of its own, that tells how often it has reconnected when it is asked. It is busy, so that it is
 * stopped in the midst of work: then its timers run before it reads. An idle one would read first.
 */
const program = (url: string): string => `
  import { plugin } from './plugins/endpoint-redis/index.ts';
  import { mount } from './test/endpoint-bench.ts';
  const ping = { every: '100ms', timeout: '1s' };
  const it = await mount(plugin, { url: '${url}', channel: 'news', ping });
  await it.until(() => it.endpoint.state === 'open');
  console.log('open');
  setImmediate(function work() {
    for (const end = performance.now() + 20; performance.now() < end; );
    setImmediate(work);
  });
  process.stdin.on('data', () => console.log(it.endpoint.reconnects));
`;

describeWith(['redis-server'], 'endpoint-redis in a process that was stopped', () => {
  it('does not take Redis for dead when it goes on: the answer is there, only unread', async () => {
    await using redis = await startRedis({ appendfsync: 'no' });
    const relay = spawn(process.execPath, ['--input-type=module', '--eval', program(redis.url)], {
      cwd: root,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      const lines = createInterface(relay.stdout);
      expect(await once(lines, 'line')).toEqual(['open']);
      // A PING is on its way, unanswered, when the relay is stopped; the answer comes while it stands still.
      process.kill(redis.pid!, 'SIGSTOP');
      await sleep(300);
      relay.kill('SIGSTOP');
      process.kill(redis.pid!, 'SIGCONT');
      await sleep(1_500);
      relay.kill('SIGCONT');
      await sleep(700);
      relay.stdin.write('?\n');
      expect(await once(lines, 'line')).toEqual(['0']);
    } finally {
      relay.kill('SIGKILL');
    }
  });
});
