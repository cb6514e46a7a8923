import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import {
  cpuMicrosecondsOf,
  parseStat,
  residentBytesOf,
  treeOf,
  userMicrosecondsOf,
} from '../../bench/process/cpu.ts';

describe('processor time', () => {
  it('is read behind a name that holds anything', () => {
    const after = ['S', '7', '1', '1', '0', '-1', '0', '0', '0', '0', '0', '120', '30', '0', '0'];
    expect(parseStat(`42 (a) b (c)) ${after.join(' ')}`)).toEqual({ parent: 7, userTicks: 120, ticks: 150 });
  });

  it('of this process rises as it works, and its memory is there', () => {
    const before = cpuMicrosecondsOf(process.pid);
    let sum = 0;
    while (cpuMicrosecondsOf(process.pid) === before) sum += Math.sqrt(sum + 1);
    expect(cpuMicrosecondsOf(process.pid)).toBeGreaterThan(before);
    expect(userMicrosecondsOf(process.pid)).toBeGreaterThan(0);
    expect(residentBytesOf(process.pid)).toBeGreaterThan(1_000_000);
  });

  it('covers the children of a process', () => {
    const child = spawn('sleep', ['10'], { stdio: 'ignore' });
    try {
      expect(treeOf(process.pid)).toContain(child.pid);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
