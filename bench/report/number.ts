/** Numbers as people read them: three digits that count, and a unit where they get long. */

const units = [
  [1e9, ' G'],
  [1e6, ' M'],
  [1e3, ' k'],
] as const;

export function short(value: number): string {
  if (!Number.isFinite(value)) return '–';
  for (const [size, unit] of units) {
    if (Math.abs(value) >= size) return `${digits(value / size)}${unit}`;
  }
  return digits(value);
}

/** Three significant digits, never as a power of ten. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const whole = Math.floor(Math.log10(Math.abs(value))) + 1;
  return value.toFixed(Math.min(6, Math.max(0, 3 - whole)));
}

export function percent(share: number): string {
  return Number.isFinite(share) ? `${Math.round(share * 100)} %` : '–';
}

export function times(ratio: number): string {
  return Number.isFinite(ratio) ? `${digits(ratio)} ×` : '–';
}
