#!/usr/bin/env node
/** The command: it reads arguments and calls what does the work. */
import { enableCompileCache } from 'node:module';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Server } from './server.ts';
import { version } from './version.ts';

/** sysexits.h: EX_CONFIG. */
const EXIT_CONFIGURATION = 78;
const EXIT_RUNTIME = 1;
const EXIT_USAGE = 2;

/** Until then all that was printed has left, also through a pipe. */
const LINGER_MS = 500;

const TEXT = 'text';
const JSON_FORMAT = 'json';
const JUNIT = 'junit';
const MERMAID = 'mermaid';
const DOT = 'dot';

enableCompileCache();
process.exitCode = await main(process.argv);
// What a file of the user's own keeps open, such as a timer, must not keep a command that is done.
setTimeout(() => process.exit(), LINGER_MS).unref();

async function main(argv: readonly string[]): Promise<number> {
  let exitCode = 0;
  /** What becomes of it when the configuration is wrong. */
  let outcome = 'nothing was started';
  const program = new Command('araldo')
    .description('A relay: messages from anywhere to anywhere, browsers included.')
    .version(version)
    .option('-c, --config <file>', 'path of the configuration', 'araldo.yaml')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .showHelpAfterError('(araldo --help says what there is)');
  const config = (): string => program.opts<{ config: string }>().config;

  program
    .command('run', { isDefault: true })
    .description('start the server (the default)')
    .option('--watch', 'reload whenever the file of the configuration changes', false)
    .allowExcessArguments()
    .action(async ({ watch }: { watch: boolean }, command: Command) => {
      await refuseWords(program, command.args);
      exitCode = await run(config(), watch);
    });
  program
    .command('reload')
    .description('ask the server that runs with this configuration to read it again')
    .option('--pid <pid>', 'its process id: it gets a SIGHUP, and its log says what came of it', wholeNumber)
    .option('--port <port>', 'where it listens, if the configuration says any free port', wholeNumber)
    .action(async (options: { pid?: number; port?: number }) => {
      outcome = 'nothing was reloaded';
      // What is wrong with the file is said here, with its lines; the server is not asked then.
      const { plan } = await load(config());
      const { reloadCommand } = await import('./runtime/reload-command.ts');
      const { stdout: out, stderr: err } = process;
      exitCode = await reloadCommand({ ...options, server: plan.server, out, err });
    });
  program
    .command('check')
    .description('say whether the configuration is valid, and start nothing')
    .action(async () => {
      const { plan, warnings } = await load(config());
      const { renderWarnings } = await import('./config/render.ts');
      process.stderr.write(renderWarnings(warnings));
      const endpoints = counted(Object.keys(plan.endpoints).length, 'endpoint');
      const routes = counted(Object.keys(plan.routes).length, 'route');
      const tests = plan.tests.length === 0 ? '' : `, ${counted(plan.tests.length, 'test')}`;
      process.stdout.write(`${config()} is valid: ${endpoints}, ${routes}${tests}\n`);
    });
  program
    .command('print')
    .description('print the configuration in its one normal form')
    .action(async () => {
      const configuration = await load(config());
      const { printPlan } = await import('./config/print.ts');
      process.stdout.write(printPlan(configuration));
    });
  program
    .command('graph')
    .description('print the routes as a graph')
    .addOption(
      new Option('--format <format>', 'the language of the graph').choices([MERMAID, DOT]).default(MERMAID),
    )
    .action(async ({ format }: { format: string }) => {
      const configuration = await load(config());
      const { graphOf, renderDot, renderMermaid } = await import('./config/graph.ts');
      const graph = graphOf(configuration);
      process.stdout.write(format === DOT ? renderDot(graph) : renderMermaid(graph));
    });
  program
    .command('explain')
    .description('say what each route does and what it promises, and why it is no more')
    .argument('[route]', 'the name of one route')
    .addOption(
      new Option('--format <format>', 'for people or programs').choices([TEXT, JSON_FORMAT]).default(TEXT),
    )
    .action(async (route: string | undefined, { format }: { format: string }) => {
      const configuration = await load(config());
      if (route !== undefined) await refuseRoute(program, route, configuration.routes.keys());
      const { explain } = await import('./config/explain.ts');
      const routes = explain(configuration, route);
      if (format === JSON_FORMAT) {
        process.stdout.write(`${JSON.stringify(routes, null, 2)}\n`);
        return;
      }
      const { renderExplain } = await import('./config/render-explain.ts');
      process.stdout.write(renderExplain(routes, { width: process.stdout.columns ?? 80 }));
    });
  program
    .command('test')
    .description('run the tests of the configuration, in virtual time and without any connection')
    .argument('[name...]', 'only what has one of these in its name')
    .option('--properties', 'also try the laws that hold for all routes, on random cases', false)
    .option('--runs <count>', 'how many cases for each law', wholeNumber, 100)
    .option('--seed <number>', 'the same random cases again', wholeNumber)
    .option('--path <path>', 'with a seed: the one case that broke a law')
    .addOption(
      new Option('--format <format>', 'for people, programs or CI servers')
        .choices([TEXT, JSON_FORMAT, JUNIT])
        .default(TEXT),
    )
    .action(async (names: readonly string[], options: TestFlags) => {
      const { test } = await import('./testing/command/command.ts');
      exitCode = await test({ ...options, file: config(), names, out: process.stdout, err: process.stderr });
    });

  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (thrown) {
    return report(thrown, outcome);
  }
}

interface TestFlags {
  readonly properties: boolean;
  readonly runs: number;
  readonly seed?: number;
  readonly path?: string;
  readonly format: 'text' | 'json' | 'junit';
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  throw new InvalidArgumentError('expected a whole number');
}

/** A word that is no command would otherwise start the server. */
async function refuseWords(program: Command, words: readonly string[]): Promise<void> {
  const [word] = words;
  if (word === undefined) return;
  const { didYouMean } = await import('./config/suggest.ts');
  const suggestion = didYouMean(
    word,
    program.commands.map((command) => command.name()),
  );
  program.error(`expected a command, found "${word}"${suggestion === undefined ? '' : `; ${suggestion}`}`);
}

async function refuseRoute(program: Command, name: string, names: Iterable<string>): Promise<void> {
  const known = [...names];
  if (known.includes(name)) return;
  const { didYouMean } = await import('./config/suggest.ts');
  const suggestion = didYouMean(name, known) ?? `there are: ${known.join(', ') || 'none'}`;
  program.error(`expected the name of a route, found "${name}"; ${suggestion}`);
}

async function load(file: string) {
  const [{ loadConfiguration }, { createRegistry }, { builtins }] = await Promise.all([
    import('./config/load.ts'),
    import('./runtime/registry.ts'),
    import('./builtins.ts'),
  ]);
  return loadConfiguration({ file }, { registry: createRegistry(builtins) });
}

/** Runs until a signal asks for the end; resolves with the exit code. */
async function run(file: string, watches: boolean): Promise<number> {
  const [{ startServer }, { onSignals }, { asyncScheduler, config }] = await Promise.all([
    import('./server.ts'),
    import('./runtime/signals.ts'),
    import('rxjs'),
  ]);
  const running: { server?: Server } = {};
  const { promise: ended, resolve: end } = Promise.withResolvers<End>();
  // What is wrong with it stands in the log, and the server goes on.
  const reload = (): void => {
    if (running.server === undefined)
      process.stderr.write('araldo: not reloaded: the server is still starting\n');
    else running.server.reload().catch(() => undefined);
  };
  const starting = startServer(file, {
    onEndRequested: (reason, { deadlineMs } = {}) => end({ fields: { reason }, deadlineMs }),
  });
  // Before it listens: whoever sees the port open may send a signal, and then it is to stop in order as well. They
  // stay to the end: a signal that comes once more while the process leaves must not kill it.
  const stopped = new Promise<number>((resolve) => {
    const stop = (end: End): void => {
      starting
        .then((started) => leave(started, end))
        // A start that fails says so itself.
        .then(resolve, () => undefined);
    };
    void ended.then(stop);
    onSignals({
      drain: (signal) => stop({ fields: { signal } }),
      abort(signal) {
        running.server?.log.warn(
          { signal },
          'stopped at once: what was here is lost, or will be delivered again',
        );
        process.exit(EXIT_RUNTIME);
      },
      reload,
    });
  });
  running.server = await starting;
  const { log, address } = running.server;
  // What a subscriber in a user's own file throws ends up here; it must not end the process.
  config.onUnhandledError = (error: unknown) => log.error({ err: error }, 'a subscriber threw');
  log.info({ version }, `araldo is running: open ${address.url}`);
  if (!watches) return stopped;
  const { watchFile } = await import('./runtime/watch-file.ts');
  const stopWatching = watchFile({ file, scheduler: asyncScheduler, onChange: reload });
  return stopped.finally(stopWatching);
}

/** Why the server is to stop, for its log, and how soon. */
interface End {
  readonly fields: Readonly<Record<string, string>>;
  readonly deadlineMs?: number | undefined;
}

/** Stops in order; returns the exit code. */
async function leave(server: Server, { fields, deadlineMs }: End): Promise<number> {
  const { log } = server;
  log.info(fields, 'stopping: carrying through what is here; again to stop now');
  try {
    await server.stop(deadlineMs === undefined ? {} : { deadlineMs });
  } catch (thrown) {
    log.error({ err: thrown }, 'could not stop in order');
    process.exit(EXIT_RUNTIME);
  }
  log.info({}, 'stopped');
  return 0;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Says what went wrong in words, and returns the exit code for it. */
async function report(thrown: unknown, outcome: string): Promise<number> {
  // Commander has written its sentence already; help and version end here too, with 0.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : EXIT_USAGE;
  const { ConfigurationError } = await import('./config/load.ts');
  if (thrown instanceof ConfigurationError) {
    const { renderProblems } = await import('./config/render.ts');
    const color = process.stderr.isTTY && process.stderr.hasColors();
    const width = process.stderr.columns ?? 100;
    process.stderr.write(`${renderProblems(thrown.problems, { color, width, outcome })}\n`);
    return EXIT_CONFIGURATION;
  }
  const { AraldoError } = await import('./core/errors.ts');
  const text =
    thrown instanceof AraldoError
      ? `${thrown.message} (${thrown.code})`
      : String((thrown as Error)?.stack ?? thrown);
  process.stderr.write(`araldo: ${text}\n`);
  return EXIT_RUNTIME;
}
