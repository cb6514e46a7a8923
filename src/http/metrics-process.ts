/** What the process itself costs: memory, time, and how late the event loop is. Names as other tools expect. */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from '@prometheus-io/client';

const RESOLUTION_MS = 20;
const NANOSECONDS = 1e9;
const MICROSECONDS = 1e6;

/** The event loop is watched from the first scrape on, so that a server without scrapes does not pay for it. */
export function registerProcess(registry: Registry): void {
  const registers = [registry];
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let utilization = performance.eventLoopUtilization();

  const cpu: Counter = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Time that the process has spent on processors, its own and in the kernel.',
    registers,
    collect: () => {
      const { user, system } = process.cpuUsage();
      cpu.reset();
      cpu.inc((user + system) / MICROSECONDS);
    },
  });
  gauge('process_resident_memory_bytes', 'Resident memory, buffers outside the heap included.', () =>
    process.memoryUsage.rss(),
  );
  gauge('process_start_time_seconds', 'When the process started, in seconds since 1970.', () =>
    Math.round(performance.timeOrigin / 1_000),
  );
  gauge('nodejs_heap_used_bytes', 'Memory that JavaScript values use.', () => process.memoryUsage().heapUsed);
  gauge('nodejs_external_memory_bytes', 'Memory of buffers outside the heap.', () => {
    const { external } = process.memoryUsage();
    return external;
  });
  gauge('nodejs_eventloop_utilization', 'Busy part of the event loop since the last scrape, 0 to 1.', () => {
    const now = performance.eventLoopUtilization();
    const since = performance.eventLoopUtilization(now, utilization);
    utilization = now;
    return since.utilization;
  });
  const lag: Gauge<'quantile'> = new Gauge({
    name: 'nodejs_eventloop_lag_seconds',
    help: 'How late the event loop was since the last scrape; quantile 1 is the worst.',
    labelNames: ['quantile'],
    registers,
    collect: () => {
      for (const quantile of [0.5, 0.99, 1]) {
        // What is measured includes the time between two looks, which is no lag.
        const lateMs = delay.percentile(quantile * 100) / MICROSECONDS - RESOLUTION_MS;
        lag.set({ quantile: String(quantile) }, Math.max(0, (lateMs * MICROSECONDS) / NANOSECONDS));
      }
      delay.reset();
    },
  });

  function gauge(name: string, help: string, read: () => number): void {
    const metric: Gauge = new Gauge({ name, help, registers, collect: () => metric.set(read()) });
  }
}
