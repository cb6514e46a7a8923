/** How fast a server takes new connections: opened, upgraded and cut, as fast as it can. */
import { cpuMicrosecondsOf } from '../process/cpu.ts';
import { cutLink, openLink } from './link.ts';
import { protocolOf } from './protocol.ts';
import type { ConnectMeasurement, ConnectOptions } from './scenario.ts';

export async function measureConnecting(options: ConnectOptions): Promise<ConnectMeasurement> {
  const { wire, ms, atOnce, pid } = options;
  const protocol = protocolOf(wire);
  const startedAt = performance.now();
  const cpu = cpuMicrosecondsOf(pid);
  const own = process.cpuUsage();
  let connected = 0;

  const line = async (): Promise<void> => {
    while (performance.now() - startedAt < ms) {
      cutLink(await openLink({ wire, protocol, role: 'subscribe', room: 0 }));
      connected += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, line));

  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(own);
  return {
    seconds,
    connected,
    serverCpuUs: cpuMicrosecondsOf(pid) - cpu,
    generatorLoad: (user + system) / 1e6 / seconds,
  };
}
