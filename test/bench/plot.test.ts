import { describe, expect, it } from 'vitest';
import { type Plot, renderPlots } from '../../bench/report/plot.ts';

const plot: Plot = {
  name: 'peers',
  title: 'Cost <by> peers',
  x: 'peers',
  y: 'µs',
  band: 0.2,
  points: [
    { x: 100, y: 1 },
    { x: 1_000, y: 1 },
    { x: 10_000, y: 2 },
  ],
};

function points(svg: string): number[][] {
  const line = /polyline points="([^"]+)"/.exec(svg)?.[1] ?? '';
  return line.split(' ').map((point) => point.split(',').map(Number));
}

describe('plot', () => {
  it('puts equal factors equally far apart, and more further up', () => {
    const [a, b, c] = points(renderPlots([plot])) as [number[], number[], number[]];
    expect((b[0] as number) - (a[0] as number)).toBeCloseTo((c[0] as number) - (b[0] as number), 0);
    expect(a[1]).toBe(b[1]);
    expect(c[1]).toBeLessThan(b[1] as number);
  });

  it('has a panel for each curve', () => {
    expect(renderPlots([plot, plot, plot]).match(/<polyline/g)).toHaveLength(3);
  });

  it('escapes what is said', () => {
    expect(renderPlots([plot])).toContain('Cost &lt;by&gt; peers');
  });

  it('draws nothing impossible for a single point or none', () => {
    expect(renderPlots([{ ...plot, points: plot.points.slice(0, 1) }])).not.toContain('NaN');
    expect(renderPlots([{ ...plot, points: [] }])).not.toMatch(/NaN|Infinity/);
  });
});
