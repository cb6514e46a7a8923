// Reads the import arrows of the source and says which break the rules: who may import whom, what each part may take
// from npm and from Node, no cycles, no index in between, no file too long to have one subject.

import { dirname, join, normalize } from 'node:path/posix';

/** Paths from the project's root, with `/`, and what the files hold. */
export type Sources = ReadonlyMap<string, string>;

interface Rule {
  /** The parts whose modules it may import, besides its own. */
  readonly parts: readonly Part[];
  /** The packages of npm it may import; `any` for what is npm's business alone. */
  readonly packages: readonly string[] | 'any';
  /** Whether it may import `node:` modules. */
  readonly node: boolean;
  /** Whether it may import another module of the same part through that part's index. */
  readonly index?: true;
  /** The parts that it may import when they are needed, by `import()`, and in no other way. */
  readonly lazy?: readonly Part[];
}

type Part =
  | 'core'
  | 'options'
  | 'expression'
  | 'http host'
  | 'system'
  | 'operator'
  | 'operators/index.ts'
  | 'plugin'
  | 'config'
  | 'http'
  | 'runtime'
  | 'testing'
  | 'test command'
  | 'version'
  | 'boot'
  | 'builtins'
  | 'server'
  | 'cli'
  | 'index';

/** What the endpoints of one system, or the marshallers, share stands in src/<system>/, and is theirs alone. */
const systems: Readonly<Record<string, RegExp>> = {
  formats: /^marshal-/,
  newline: /^endpoint-(file|stdio)$/,
  nats: /^endpoint-(nats|jetstream)$/,
  redis: /^endpoint-redis(-|$)/,
  replies: /^endpoint-(amqp|http|nats|websocket)$/,
};

const leaves = ['core', 'options', 'expression', 'http host'] as const;

/** `core ← operators, plugins, config ← runtime ← server ← cli, index` */
const rules: Readonly<Record<Part, Rule>> = {
  core: { parts: [], packages: ['rxjs'], node: false },
  options: { parts: ['core'], packages: ['zod'], node: true },
  expression: { parts: ['core', 'options'], packages: ['@marcbachmann/cel-js', 'zod', 'ajv'], node: false },
  'http host': { parts: ['core', 'options'], packages: 'any', node: true },
  operator: {
    parts: ['core', 'options', 'expression'],
    packages: ['rxjs', 'zod', 'lru-cache'],
    node: false,
  },
  'operators/index.ts': { parts: ['core', 'operator'], packages: [], node: false },
  system: { parts: ['core', 'options', 'expression'], packages: 'any', node: true },
  plugin: { parts: [...leaves, 'system'], packages: 'any', node: true },
  config: { parts: ['core', 'options', 'expression'], packages: 'any', node: true },
  http: { parts: [...leaves, 'version'], packages: 'any', node: true },
  runtime: { parts: [...leaves, 'version', 'config', 'http', 'operator'], packages: 'any', node: true },
  testing: {
    parts: [...leaves, 'config', 'http', 'operator', 'runtime', 'server', 'builtins'],
    packages: 'any',
    node: true,
  },
  // `araldo test`: a part of its own, so that the command can have it without having all of testing.
  'test command': { parts: [...leaves, 'config', 'testing'], packages: 'any', node: true },
  boot: { parts: ['cli'], packages: [], node: true },
  version: { parts: [], packages: [], node: true },
  builtins: {
    parts: [...leaves, 'operator', 'operators/index.ts', 'plugin', 'runtime'],
    packages: ['rxjs', 'zod'],
    node: false,
    index: true,
  },
  server: {
    parts: [...leaves, 'version', 'config', 'http', 'operator', 'runtime', 'builtins'],
    packages: 'any',
    node: true,
    index: true,
  },
  // Production never imports testing: `araldo test` is loaded when somebody types it, and by nothing that runs a server.
  cli: {
    parts: [...leaves, 'version', 'config', 'http', 'operator', 'runtime', 'builtins', 'server'],
    lazy: ['test command'],
    packages: 'any',
    node: true,
    index: true,
  },
  index: {
    parts: [...leaves, 'version', 'config', 'http', 'operator', 'runtime', 'builtins', 'server'],
    packages: 'any',
    node: true,
    index: true,
  },
};

const longest = 400;

/** Every problem of the sources, one line each: `src/core/leg.ts: core must not import config (src/config/read.ts)`. */
export function problemsOf(sources: Sources): readonly string[] {
  const arrows = [...sources].map(([file, text]) => ({ file, imports: importsOf(text) }));
  return [
    ...arrows.flatMap(({ file, imports }) =>
      imports.flatMap((specifier) => problemOf(file, specifier, sources)),
    ),
    ...[...sources].flatMap(([file, text]) => tooEager(file, text)),
    ...[...sources.keys()].filter((file) => partOf(file) === undefined).map(unplaced),
    ...cyclesOf(arrows, sources),
    ...[...sources].flatMap(([file, text]) => tooLong(file, text)),
    ...idProblemsOf(sources),
  ];
}

/** What a module imports: static, re-exported, types, dynamic, for side effects, `import('…').Type`. */
export function importsOf(text: string): readonly string[] {
  return found(text, [
    ...staticImports,
    /\bimport\s*\(\s*['"`]([^'"`\n]+)['"`]/g,
    /\brequire\s*\(\s*['"]([^'"\n]+)['"]\s*\)/g,
  ]);
}

const staticImports = [
  /(?:^|[;}\n])\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"\n]+)['"]/g,
  /(?:^|[;}\n])\s*import\s*['"]([^'"\n]+)['"]/g,
];

function found(text: string, patterns: readonly RegExp[]): readonly string[] {
  const code = withoutComments(text);
  const all = patterns.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1] ?? ''));
  return [...new Set(all)];
}

/** What a module imports before it is needed, and must not. */
function tooEager(file: string, text: string): readonly string[] {
  const part = partOf(file);
  if (part === undefined) return [];
  return found(text, staticImports).flatMap((specifier) => {
    const target = normalize(join(dirname(file), specifier));
    const targetPart = specifier.startsWith('.') ? partOf(target) : undefined;
    if (targetPart === undefined || rules[part].lazy?.includes(targetPart) !== true) return [];
    return [`${file}: ${part} must not import ${targetPart} (${target}) but by import(), when it is needed`];
  });
}

/** Comments become blanks; strings stay, and what looks like a comment in them too. */
function withoutComments(text: string): string {
  const token = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
  return text.replace(token, (found) => (found.startsWith('/') ? ' ' : found));
}

function problemOf(file: string, specifier: string, sources: Sources): readonly string[] {
  const part = partOf(file);
  if (part === undefined) return [];
  const rule = rules[part];
  const no = (what: string): readonly string[] => [`${file}: ${part} must not import ${what}`];

  if (specifier.startsWith('node:')) return rule.node ? [] : no(specifier);
  if (!specifier.startsWith('.')) return packageProblem(specifier, rule, no);

  const target = normalize(join(dirname(file), specifier));
  if (/^(test|bench|examples|docs)\//.test(target)) return no(target);
  if (/\.(css|html|json|svg)$/.test(target)) return [];
  if (!sources.has(target)) return [`${file}: cannot find ${specifier} (write the whole file name)`];
  const targetPart = partOf(target);
  if (targetPart === undefined) return [];
  if (part === 'plugin' && targetPart === 'plugin' && pluginOf(file) !== pluginOf(target)) {
    return no(`another plugin (${target})`);
  }
  const system = targetPart === 'system' ? (target.split('/')[1] ?? '') : '';
  if (part === 'plugin' && system !== '' && systems[system]?.test(pluginOf(file)) !== true) {
    return no(`what is of another system (${target})`);
  }
  if (part === 'system' && system !== '' && system !== file.split('/')[1]) {
    return no(`what is of another system (${target})`);
  }
  const isAllowed = rule.parts.includes(targetPart) || rule.lazy?.includes(targetPart) === true;
  if (targetPart !== part && !isAllowed) return no(`${targetPart} (${target})`);
  if (isIndex(target) && rule.index === undefined) return no(`through an index (${target})`);
  return [];
}

function packageProblem(
  specifier: string,
  rule: Rule,
  no: (what: string) => readonly string[],
): readonly string[] {
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  if (name === 'araldo') return no(`${specifier}, which is this project through its index`);
  if (specifier.startsWith('rxjs/internal')) return no(`${specifier}, which RxJS keeps to itself`);
  return rule.packages === 'any' || rule.packages.includes(name) ? [] : no(specifier);
}

function partOf(file: string): Part | undefined {
  if (file === 'src/http/host.ts') return 'http host';
  if (file === 'operators/index.ts') return 'operators/index.ts';
  if (file.startsWith('src/testing/command/')) return 'test command';
  const [top, second = '', third] = file.split('/');
  if (top === 'operators' && third === undefined) return 'operator';
  if (top === 'plugins' && third !== undefined) return 'plugin';
  if (top !== 'src') return undefined;
  const name = third === undefined ? second.replace(/\.[jt]s$/, '') : second;
  const folders = ['core', 'config', 'http', 'runtime', 'testing', 'boot'];
  const files = ['builtins', 'server', 'cli', 'index', 'version'];
  const either = ['options', 'expression'];
  if (third !== undefined && Object.hasOwn(systems, name)) return 'system';
  const known = third === undefined ? [...files, ...either] : [...folders, ...either];
  return known.includes(name) ? (name as Part) : undefined;
}

function unplaced(file: string): string {
  return `${file}: belongs to no part of the layout; move it, or give its place a rule in test/architecture.ts`;
}

function pluginOf(file: string): string {
  return file.split('/')[1] ?? '';
}

function isIndex(file: string): boolean {
  return /(^|\/)index\.[jt]s$/.test(file);
}

/** Cycles, types included: each once, from its alphabetically first file. */
function cyclesOf(
  arrows: readonly { file: string; imports: readonly string[] }[],
  sources: Sources,
): readonly string[] {
  const targets = new Map<string, readonly string[]>();
  for (const { file, imports } of arrows) {
    const relative = imports.filter((specifier) => specifier.startsWith('.'));
    const files = relative.map((specifier) => normalize(join(dirname(file), specifier)));
    targets.set(
      file,
      files.filter((target) => sources.has(target)),
    );
  }
  const cycles = new Set<string>();
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const start = path.indexOf(file);
    if (start >= 0) {
      cycles.add(cycleFrom(path.slice(start)));
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const target of targets.get(file) ?? []) visit(target);
    path.pop();
    done.add(file);
  };
  for (const file of targets.keys()) visit(file);
  return [...cycles].toSorted();
}

function cycleFrom(files: readonly string[]): string {
  const first = files.indexOf([...files].toSorted()[0] ?? '');
  const turned = [...files.slice(first), ...files.slice(0, first)];
  return `${turned[0]}: imports itself in a cycle: ${[...turned, turned[0]].join(' → ')}`;
}

function tooLong(file: string, text: string): readonly string[] {
  const lines = text.replace(/\n$/, '').split('\n').length;
  return lines > longest ? [`${file}: has ${lines} lines; over ${longest}, look for its second noun`] : [];
}

/** The YAML word is the path: `id: 'endpoint-redis'` stands in plugins/endpoint-redis/, and something there has it. */
function idProblemsOf(sources: Sources): readonly string[] {
  const declared = new Map<string, Set<string>>();
  for (const [file, text] of sources) {
    if (partOf(file) !== 'plugin') continue;
    const ids = declared.get(pluginOf(file)) ?? new Set();
    declared.set(pluginOf(file), ids);
    // An object that defines a plugin says so at the start of a line.
    for (const match of withoutComments(text).matchAll(/^\s*id:\s*['"]([\w-]+)['"]/gm))
      ids.add(match[1] ?? '');
  }
  return [...declared].flatMap(([folder, ids]) =>
    ids.has(folder) ? [] : [`plugins/${folder}: no plugin in it has the id '${folder}'${those(ids)}`],
  );
}

function those(ids: ReadonlySet<string>): string {
  return ids.size === 0 ? '' : `, found ${[...ids].map((id) => `'${id}'`).join(', ')}`;
}
