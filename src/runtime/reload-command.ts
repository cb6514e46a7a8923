/** `araldo reload`: asks the server that runs with a configuration to read it again, and says what came of it. */
import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { ServerPlan } from '../config/plan.ts';
import { renderProblems } from '../config/render.ts';
import { AraldoError } from '../core/errors.ts';
import { isLoopback } from '../http/address.ts';
import { ASKED_BY } from '../http/admin-reload.ts';
import { reportText } from './reload.ts';
import type { ReloadAnswer } from './reload-answer.ts';

export interface ReloadCommandOptions {
  /** Where it listens, as its configuration says. */
  readonly server: ServerPlan;
  /** That of the server: it gets a SIGHUP instead, and its log says what came of it. */
  readonly pid?: number | undefined;
  /** Where it listens, where the configuration says any free port. */
  readonly port?: number | undefined;
  readonly out: { write(text: string): unknown };
  readonly err: { write(text: string): unknown };
}

/** sysexits.h: EX_CONFIG. */
const EXIT_CONFIGURATION = 78;
const EXIT_RUNTIME = 1;

/** What a reload before this one takes out of use may take so long to end, and a little more. */
const ANSWER_WITHIN_MS = 60_000;

/** More is no answer of ours. */
const MAX_ANSWER = 4 * 1024 * 1024;

/** Resolves with the exit code. Rejects with an `AraldoError` (`reload-refused`) when there is nobody to ask. */
export async function reloadCommand(options: ReloadCommandOptions): Promise<number> {
  const { server, pid, out, err } = options;
  if (pid !== undefined) {
    signal(pid);
    out.write(`asked process ${pid} to reload; its log says what came of it\n`);
    return 0;
  }
  const answer = await ask(server, options.port ?? server.port);
  if ('problems' in answer) {
    err.write(`${renderProblems(answer.problems, { outcome: 'nothing was reloaded' })}\n`);
    return EXIT_CONFIGURATION;
  }
  if (answer.result === 'failed') {
    err.write(`araldo: not reloaded: ${answer.message} (${answer.code})\n`);
    return EXIT_RUNTIME;
  }
  for (const warning of answer.warnings) err.write(`warning: ${warning}\n`);
  out.write(
    answer.result === 'unchanged' ? 'reloaded: nothing changed\n' : `reloaded: ${reportText(answer)}\n`,
  );
  return 0;
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGHUP');
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new AraldoError('reload-refused', `expected a server that runs as process ${pid}: ${reason}`, {
      cause: thrown,
    });
  }
}

async function ask({ host, tls }: ServerPlan, port: number): Promise<ReloadAnswer> {
  const cure = 'send it a SIGHUP: araldo reload --pid <its process id>';
  if (!isLoopback(host)) {
    throw new AraldoError(
      'reload-refused',
      `a server that listens on ${host} takes no requests to reload; ${cure}`,
    );
  }
  if (port === 0) {
    throw new AraldoError('reload-refused', `its port is any free one: say which with --port, or ${cure}`);
  }
  const { status, text } = await post(host, port, tls !== undefined);
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === 'object' && answer !== null && 'result' in answer) return answer as ReloadAnswer;
  } catch {
    // No JSON: then it was not the server that answered, or not one that can reload.
  }
  throw new AraldoError(
    'reload-refused',
    `expected the answer of araldo at ${host}:${port}, found HTTP status ${status}; ${cure}`,
  );
}

function post(host: string, port: number, isSecure: boolean): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const fail = (thrown: Error): void =>
      reject(
        new AraldoError(
          'reload-refused',
          `expected a server that runs at ${host}:${port}: ${thrown.message}`,
          {
            cause: thrown,
          },
        ),
      );
    const asking = (isSecure ? secureRequest : request)(
      {
        host,
        port,
        method: 'POST',
        path: '/admin/reload',
        headers: { [ASKED_BY.name]: ASKED_BY.value, host: 'localhost', 'content-length': 0 },
        timeout: ANSWER_WITHIN_MS,
        // On this machine, and nothing secret is sent: its certificate names others.
        ...(isSecure && { rejectUnauthorized: false }),
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          text += part;
          if (text.length > MAX_ANSWER) response.destroy(new Error('the answer is too large'));
        });
        response.on('error', fail);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    asking.on('timeout', () => asking.destroy(new Error(`no answer in ${ANSWER_WITHIN_MS / 1_000} s`)));
    asking.on('error', fail);
    asking.end();
  });
}
