import { describe, expect, it } from 'vitest';
import { type Figure, figureRow, verdict } from '../../bench/report/figure.ts';
import { median, medianRatio } from '../../bench/report/median.ts';
import { digits, percent, short } from '../../bench/report/number.ts';
import { nameOf, type Report, renderReport } from '../../bench/report/report.ts';
import { renderMarkdown, renderText } from '../../bench/report/table.ts';

describe('median', () => {
  it('is the middle one, or the mean of the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  it('leaves the order of what it is given alone', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it('of ratios pairs the runs that stood side by side', () => {
    // The machine was slow in the second run, for both.
    expect(medianRatio([10, 2, 11], [5, 1, 5])).toBe(2);
    expect(medianRatio([1], [])).toBeNaN();
  });
});

describe('numbers', () => {
  it('have three digits that count', () => {
    expect([0, 0.04567, 1.234, 45.67, 999.4].map(digits)).toEqual(['0', '0.0457', '1.23', '45.7', '999']);
    expect([999, 1_234, 21_000_000, 3.2e9].map(short)).toEqual(['999', '1.23 k', '21.0 M', '3.20 G']);
    expect(percent(0.987)).toBe('99 %');
  });

  it('say so when there is none', () => {
    expect([digits(Number.NaN), short(Number.POSITIVE_INFINITY), percent(Number.NaN)]).toEqual([
      '–',
      '–',
      '–',
    ]);
  });
});

describe('tables', () => {
  const table = {
    columns: ['system', 'rate'],
    rows: [
      ['araldo', '21 M'],
      ['a | b', '9'],
    ],
  };

  it('align names to the left and figures to the right', () => {
    expect(renderText(table)).toBe('system  rate\n────────────\naraldo  21 M\na | b      9');
  });

  it('escape what Markdown would take for a column', () => {
    expect(renderMarkdown(table)).toBe(
      '| system | rate |\n| --- | ---: |\n| araldo | 21 M |\n| a \\| b | 9 |',
    );
  });

  it('fill up short rows', () => {
    expect(renderMarkdown({ columns: ['a', 'b'], rows: [['only']] })).toContain('| only |  |');
  });
});

const figure: Figure = { work: 'w', what: 'f', target: { atLeast: 3, unit: '×' }, value: 3 };

describe('figures', () => {
  it('hold from their target on', () => {
    expect(verdict(figure)).toBe('holds');
    expect(verdict({ ...figure, value: 2.99 })).toBe('misses');
    expect(verdict({ ...figure, target: { atMost: 3 } })).toBe('holds');
    expect(verdict({ ...figure, target: { atMost: 2.99 } })).toBe('misses');
  });

  it('are not measured where there is no number, and say why', () => {
    for (const value of [undefined, Number.NaN, Number.POSITIVE_INFINITY]) {
      const missing = { ...figure, value, reason: 'not installed' };
      expect(verdict(missing)).toBe('not measured');
      expect(figureRow(missing)).toEqual(['w', 'f', '≥ 3 ×', 'not installed', 'not measured']);
    }
  });
});

describe('report', () => {
  const report: Report = {
    startedAt: '2026-11-22T10:00:00.000Z',
    seconds: 1,
    runs: 5,
    commit: { id: 'abc1234', isDirty: true },
    machine: { processor: 'P', cores: 2, memoryGiB: 4, system: 'linux', node: '24.0.0', isPinned: false },
    versions: { 'nats-server': 'left out: it does not run' },
    sections: [
      {
        workload: '1-1',
        title: 'One',
        about: 'About one.',
        tables: [{ columns: ['system'], rows: [['araldo']] }],
        remarks: ['a remark'],
        figures: [figure],
        data: [],
      },
    ],
  };

  it('is named by its date and what it measured', () => {
    expect(nameOf(report)).toBe('2026-11-22-abc1234-dirty');
    expect(nameOf({ ...report, commit: { id: 'abc1234', isDirty: false } })).toBe('2026-11-22-abc1234');
  });

  it('says where it was made, what holds, and what was left out', () => {
    const text = renderReport(report, 'plot.svg');
    for (const part of [
      'commit abc1234, with changes',
      'share the cores',
      'left out: it does not run',
      '| w | f | ≥ 3 × | 3.00 × | holds |',
      '## One (`1-1`)',
      '- a remark',
      '](plot.svg)',
    ]) {
      expect(text).toContain(part);
    }
  });
});
