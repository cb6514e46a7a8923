/** Payloads in a few words, for timelines and errors of tests. */

const LONGEST = 80;

/** JSON where there is one, and short in any case. */
export function shown(payload: unknown): string {
  if (payload instanceof Uint8Array) return shorten(`bytes ${Buffer.from(payload).toString('latin1')}`);
  let text: string | undefined;
  try {
    text = JSON.stringify(payload, (_key, value: unknown) =>
      typeof value === 'bigint' ? `${value}n` : value,
    );
  } catch {
    text = 'a payload that cannot be shown';
  }
  return shorten(text ?? String(payload));
}

function shorten(text: string): string {
  const line = text.replaceAll(/\p{Cc}/gu, '·');
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 1)}…`;
}
