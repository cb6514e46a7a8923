/** Secrets never leave in text: whatever carries one gets this in its place. */

export const REDACTED = '[redacted]';

/** Shorter values would blot out ordinary words; nobody's secret is that short. */
export const SHORTEST_SECRET = 4;

/** Returns what replaces every secret in a text, also where JSON or a URL has escaped it. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < SHORTEST_SECRET) continue;
    forms.add(secret);
    forms.add(JSON.stringify(secret).slice(1, -1));
    forms.add(encodeURIComponent(secret.toWellFormed()));
  }
  // The longest first: one secret may be part of another.
  const ordered = [...forms].sort((a, b) => b.length - a.length);
  if (ordered.length === 0) return (text) => text;
  return (text) => ordered.reduce((clean, form) => clean.replaceAll(form, REDACTED), text);
}
