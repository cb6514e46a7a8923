import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importsOf, problemsOf, type Sources } from './architecture.ts';

const root = join(import.meta.dirname, '..');

function sourcesOf(folder: string): [string, string][] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[jt]s$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => [file.slice(root.length + 1).replaceAll(sep, '/'), readFileSync(file, 'utf8')]);
}

/** A small project that keeps every rule. */
const sound: Readonly<Record<string, string>> = {
  'src/core/message.ts': "import { Observable } from 'rxjs';\nexport const message = Observable;",
  'src/core/leg.ts': "import type { message } from './message.ts';",
  'src/options/size.ts': "import { z } from 'zod';\nexport const size = z;",
  'src/expression/expression.ts': "import { size } from '../options/size.ts';",
  'src/http/host.ts': "import type { IncomingMessage } from 'node:http';",
  'src/http/router.ts': "import type { Host } from './host.ts';",
  'src/config/read.ts': "import { parse } from 'yaml';\nimport { size } from '../options/size.ts';",
  'operators/batch.ts': "import { message } from '../src/core/message.ts';\nimport { z } from 'zod';",
  'operators/index.ts': "export { batch } from './batch.ts';",
  'plugins/endpoint-a/index.ts': "import { link } from './link.ts';\n  id: 'endpoint-a',",
  'plugins/endpoint-a/link.ts': "import type { Host } from '../../src/http/host.ts';\nimport ws from 'ws';",
  'plugins/marshal-b/index.ts': "export const b = {\n  id: 'marshal-b',\n};",
  'src/nats/link.ts':
    "import { size } from '../options/size.ts';\nimport { connect } from '@nats-io/transport-node';",
  'src/redis/target.ts': '',
  'plugins/endpoint-nats/index.ts': "import { link } from '../../src/nats/link.ts';\n  id: 'endpoint-nats',",
  'src/runtime/compile.ts':
    "import { plan } from '../config/read.ts';\nimport { claim } from '../../operators/batch.ts';",
  'src/builtins.ts':
    "import { a } from '../plugins/endpoint-a/index.ts';\nimport * as operators from '../operators/index.ts';",
  'src/server.ts':
    "import { builtins } from './builtins.ts';\nimport { compile } from './runtime/compile.ts';",
  'src/cli.ts':
    "import { Server } from './server.ts';\nconst { Command } = await import('commander');\nimport('./testing/command/test.ts');",
  'src/index.ts': "export { message } from './core/message.ts';",
  'src/testing/mock.ts': "import { compile } from '../runtime/compile.ts';",
  'src/testing/command/test.ts': "import { mock } from '../mock.ts';",
  'src/boot/install.js': "import { spawn } from 'node:child_process';",
};

function problemsWith(changes: Readonly<Record<string, string>>): readonly string[] {
  return problemsOf(new Map(Object.entries({ ...sound, ...changes })));
}

describe('architecture', () => {
  it('keeps the arrows of the layout', () => {
    const sources: Sources = new Map(['src', 'operators', 'plugins'].flatMap(sourcesOf));
    expect(sources.size).toBeGreaterThan(10);
    expect(problemsOf(sources)).toEqual([]);
  });
});

describe('problemsOf', () => {
  it('finds none in a sound project', () => {
    expect(problemsWith({})).toEqual([]);
  });

  const core = "from '../core/message.ts';";
  it.each([
    ['core takes another package', 'src/core/leg.ts', "import { z } from 'zod';", 'core must not import zod'],
    ['core does I/O', 'src/core/leg.ts', "import fs from 'node:fs';", 'core must not import node:fs'],
    [
      'core looks outside',
      'src/core/leg.ts',
      "import { x } from '../options/size.ts';",
      'core must not import options',
    ],
    ['RxJS from within', 'src/core/leg.ts', "import 'rxjs/internal/util/noop';", 'RxJS keeps to itself'],
    [
      'options look outside',
      'src/options/size.ts',
      "import type { x } from '../http/host.ts';",
      'options must not',
    ],
    [
      'an operator uses config',
      'operators/map.ts',
      "import '../src/config/read.ts';",
      'operator must not import config',
    ],
    [
      'an operator uses runtime',
      'operators/map.ts',
      "export * from '../src/runtime/compile.ts';",
      'import runtime',
    ],
    [
      'an operator uses a plugin',
      'operators/map.ts',
      "import '../plugins/endpoint-a/link.ts';",
      'import plugin',
    ],
    [
      'an operator uses Node',
      'operators/map.ts',
      "import 'node:timers';",
      'operator must not import node:timers',
    ],
    ['an operator uses a package', 'operators/map.ts', "import 'ws';", 'operator must not import ws'],
    ['an operator uses the table', 'operators/map.ts', "import './index.ts';", 'import operators/index.ts'],
    [
      'a plugin imports another',
      'plugins/marshal-b/two.ts',
      "import '../endpoint-a/link.ts';",
      'must not import another plugin',
    ],
    [
      'a plugin uses config',
      'plugins/marshal-b/two.ts',
      "import '../../src/config/read.ts';",
      'import config',
    ],
    [
      'a plugin uses runtime',
      'plugins/marshal-b/two.ts',
      "import '../../src/runtime/compile.ts';",
      'import runtime',
    ],
    [
      'a plugin uses the server',
      'plugins/marshal-b/two.ts',
      "import '../../src/server.ts';",
      'import server',
    ],
    ['a plugin uses the command', 'plugins/marshal-b/two.ts', "import '../../src/cli.ts';", 'import cli'],
    [
      'a plugin uses an operator',
      'plugins/marshal-b/two.ts',
      "import '../../operators/batch.ts';",
      'import operator',
    ],
    [
      'a plugin uses the HTTP server',
      'plugins/marshal-b/two.ts',
      "import '../../src/http/router.ts';",
      'import http',
    ],
    [
      'a plugin uses what is of another system',
      'plugins/endpoint-a/two.ts',
      "import '../../src/nats/link.ts';",
      'must not import what is of another system',
    ],
    [
      'a system uses another',
      'src/redis/two.ts',
      "import '../nats/link.ts';",
      'must not import what is of another system',
    ],
    [
      'a system uses config',
      'src/nats/two.ts',
      "import '../config/read.ts';",
      'system must not import config',
    ],
    ['core uses a system', 'src/core/leg.ts', "import '../nats/link.ts';", 'core must not import system'],
    [
      'config uses runtime',
      'src/config/two.ts',
      "import '../runtime/compile.ts';",
      'config must not import runtime',
    ],
    [
      'config uses a plugin',
      'src/config/two.ts',
      "import '../../plugins/endpoint-a/link.ts';",
      'import plugin',
    ],
    ['config uses an operator', 'src/config/two.ts', "import '../../operators/batch.ts';", 'import operator'],
    [
      'HTTP uses runtime',
      'src/http/two.ts',
      "import '../runtime/compile.ts';",
      'http must not import runtime',
    ],
    [
      'runtime uses a plugin',
      'src/runtime/two.ts',
      "import '../../plugins/endpoint-a/link.ts';",
      'import plugin',
    ],
    [
      'runtime uses the table',
      'src/runtime/two.ts',
      "import '../../operators/index.ts';",
      'import operators/index.ts',
    ],
    [
      'runtime uses the server',
      'src/runtime/two.ts',
      "import '../server.ts';",
      'runtime must not import server',
    ],
    [
      'the server uses a plugin',
      'src/server.ts',
      "import '../plugins/endpoint-a/index.ts';",
      'import plugin',
    ],
    [
      'the command uses testing',
      'src/cli.ts',
      "await import('./testing/mock.ts');",
      'cli must not import testing',
    ],
    [
      'the command loads its tests before they are needed',
      'src/cli.ts',
      "import { test } from './testing/command/test.ts';",
      'but by import(), when it is needed',
    ],
    [
      'testing uses the command',
      'src/testing/two.ts',
      "import('./command/test.ts');",
      'testing must not import test command',
    ],
    [
      'runtime uses testing',
      'src/runtime/two.ts',
      "import '../testing/mock.ts';",
      'runtime must not import testing',
    ],
    ['production uses a test', 'src/runtime/two.ts', "import '../../test/runs.ts';", 'import test/runs.ts'],
    ['boot uses a package', 'src/boot/install.js', "import 'rxjs';", 'boot must not import rxjs'],
    ['itself by its name', 'plugins/marshal-b/two.ts', "import 'araldo/operators';", 'through its index'],
    ['an index in between', 'plugins/marshal-b/two.ts', "import './index.ts';", 'import through an index'],
    ['a folder for a file', 'src/core/leg.ts', "import './message';", 'cannot find ./message'],
    [
      'a place of its own',
      'src/utils/text.ts',
      `import type { x } ${core}`,
      'belongs to no part of the layout',
    ],
    ['a folder among operators', 'operators/deep/map.ts', '', 'belongs to no part of the layout'],
    [
      'a type in a dynamic import',
      'src/core/leg.ts',
      "type X = import('../config/read.ts').X;",
      'import config',
    ],
    [
      'an import over lines',
      'src/core/leg.ts',
      "import {\n  a,\n  type B,\n} from '../config/read.ts';",
      'import config',
    ],
    ['a file of 401 lines', 'src/core/leg.ts', 'const a = 1;\n'.repeat(401), 'has 401 lines'],
    [
      'a plugin without its id',
      'plugins/marshal-b/index.ts',
      "  id: 'marshal-c',",
      "the id 'marshal-b', found 'marshal-c'",
    ],
  ])('finds: %s', (_title, file, text, problem) => {
    const problems = problemsWith({ [file]: text });
    expect(problems.join('\n')).toContain(problem);
    expect(problems).toHaveLength(1);
  });

  it('finds cycles once, types included', () => {
    const problems = problemsWith({
      'src/core/c.ts': "import type { A } from './a.ts';",
      'src/core/a.ts': "import { b } from './b.ts';",
      'src/core/b.ts': "export * from './c.ts';",
    });
    expect(problems).toEqual([
      'src/core/a.ts: imports itself in a cycle: src/core/a.ts → src/core/b.ts → src/core/c.ts → src/core/a.ts',
    ]);
  });

  it('finds a module that imports itself', () => {
    expect(problemsWith({ 'src/core/leg.ts': "import './leg.ts';" })).toHaveLength(1);
  });

  it('lets a file have 400 lines', () => {
    expect(problemsWith({ 'src/core/leg.ts': 'const a = 1;\n'.repeat(400) })).toEqual([]);
  });
});

describe('importsOf', () => {
  it('reads every form once', () => {
    const text = `
import a from 'a'; import type { B } from "b";
import * as c from 'c';
import 'd';
export { e } from 'e';
export * as f from 'f';
export type { G } from 'g';
const h = await import('h'), h2 = await import(\`h\`);
type I = import('i').I;
import j, { type J } from 'j';
`;
    expect(new Set(importsOf(text))).toEqual(new Set(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']));
  });

  it('reads no comment and no string', () => {
    const text = `
// import 'a';
/* import b from 'b'; */
/**
 import c from 'c';
 */
const d = "import d from 'd'";
const url = 'http://x'; const e = Array.from('e');
export const from = 'f';
`;
    expect(importsOf(text)).toEqual([]);
  });
});
