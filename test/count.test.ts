import { describe, expect, it } from 'vitest';
import { add, countOf, none, type Report, summary } from './count.ts';

function report(facts: Partial<Report>): Report {
  return {
    numPassedTests: 0,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: [],
    ...facts,
  };
}

describe('countOf', () => {
  it('takes over what passed, failed and was skipped', () => {
    const mixed = report({ numPassedTests: 5, numFailedTests: 2, numPendingTests: 1, numTodoTests: 1 });
    expect(countOf(mixed, 1)).toEqual({ passed: 5, failed: 2, skipped: 2 });
  });

  it('counts a file that could not be loaded as one failure', () => {
    const file = { status: 'failed', assertionResults: [] };
    expect(countOf(report({ numPassedTests: 5, testResults: [file] }), 1).failed).toBe(1);
  });

  it('does not count a file again whose tests failed', () => {
    const file = { status: 'failed', assertionResults: [{ status: 'failed' }, { status: 'passed' }] };
    expect(countOf(report({ numFailedTests: 1, testResults: [file] }), 1).failed).toBe(1);
  });

  it('counts a failure that no test owns up to, as an unhandled rejection', () => {
    expect(countOf(report({ numPassedTests: 5 }), 1).failed).toBe(1);
  });

  it('counts a crash without a report as a failure', () => {
    expect(countOf(undefined, 0).failed).toBe(1);
  });
});

describe('summary', () => {
  it('is the line that ends a run', () => {
    expect(summary(add({ passed: 1, failed: 2, skipped: 3 }, none))).toBe('1 passed, 2 failed, 3 skipped');
  });
});
