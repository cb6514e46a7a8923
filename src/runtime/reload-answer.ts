/** What a reload that was asked for over HTTP has come to, as plain data for whoever asked. */
import { ConfigurationError, type Problem } from '../config/problem.ts';
import { AraldoError } from '../core/errors.ts';
import type { ReloadReport } from './reload.ts';

export type ReloadAnswer =
  | (Omit<ReloadReport, 'warnings'> & { readonly warnings: readonly string[] })
  | { readonly result: 'failed'; readonly code: string; readonly message: string }
  | { readonly result: 'failed'; readonly problems: readonly Omit<Problem, 'frame'>[] };

/** 200 with the report, 422 with the problems of the configuration, 409 with why it could not be now. Never rejects. */
export async function reloadAnswer(
  reloaded: Promise<ReloadReport>,
): Promise<{ readonly status: number; readonly body: ReloadAnswer }> {
  try {
    const { warnings, ...report } = await reloaded;
    return { status: 200, body: { ...report, warnings: warnings.map(({ text }) => text) } };
  } catch (thrown) {
    if (thrown instanceof ConfigurationError) {
      // The lines of the file are for who may read it.
      const problems = thrown.problems.map(({ frame: _, ...problem }) => problem);
      return { status: 422, body: { result: 'failed', problems } };
    }
    const { code, message } = AraldoError.from(thrown, 'plugin-failed');
    return { status: 409, body: { result: 'failed', code, message } };
  }
}
