// How long code takes, in time of its thread: what else a machine does, and how long it lets a thread wait, costs
// little of that.

/**
 * Begins to count.
 *
 * @returns says how many milliseconds this thread has worked since
 * @example
 * const worked = cpuTimer();
 * read(bomb);
 * expect(worked()).toBeLessThan(1_000);
 */
export function cpuTimer(): () => number {
  const before = process.threadCpuUsage();
  return () => {
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1_000;
  };
}
