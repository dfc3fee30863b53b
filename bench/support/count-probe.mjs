// Loaded into a server (`--import`): counts what it does to the file system, to SQLite and to processes. At each SIGUSR2 it
// writes down what has come together since the one before.
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';

const counts = {};
const count = (what) => {
  counts[what] = (counts[what] ?? 0) + 1;
};

/** Wraps a function so that its calls are counted. */
function counted(object, name, what) {
  const original = object[name];
  if (typeof original !== 'function') return;
  object[name] = function (...args) {
    for (const each of typeof what === 'function' ? what(args) : [what]) count(each);
    return original.apply(this, args);
  };
}

const isPath = ([first]) => (typeof first === 'string' ? ['opened', 'fsCalls'] : ['fsCalls']);
const OPENING = ['open', 'readFile', 'writeFile', 'appendFile', 'readdir', 'opendir'];
const OTHERS = [
  ...[
    'lstat',
    'stat',
    'access',
    'realpath',
    'readlink',
    'statfs',
    'mkdir',
    'rm',
    'unlink',
    'rename',
    'lutimes',
    'utimes',
  ],
  ...['chmod', 'link', 'symlink', 'truncate'],
];
for (const name of OPENING) {
  counted(fs.promises, name, isPath);
  counted(fs, `${name}Sync`, isPath);
}
for (const name of OTHERS) {
  counted(fs.promises, name, 'fsCalls');
  counted(fs, `${name}Sync`, 'fsCalls');
}
counted(childProcess.ChildProcess.prototype, 'spawn', 'spawns');
syncBuiltinESMExports();

const Database = createRequire(process.argv[1])('better-sqlite3');
const { prepare } = Database.prototype;
Database.prototype.prepare = function (sql) {
  const statement = prepare.call(this, sql);
  count('prepared');
  const what = /^\s*BEGIN/i.test(sql)
    ? 'transactions'
    : /^\s*(COMMIT|ROLLBACK|SAVEPOINT|RELEASE|PRAGMA)/i.test(sql)
      ? 'others'
      : 'statements';
  for (const name of ['run', 'get', 'all']) {
    const original = statement[name];
    statement[name] = function (...args) {
      count(what);
      return original.apply(this, args);
    };
  }
  return statement;
};

process.on('SIGUSR2', () => {
  const file = `${process.env.BENCH_PROBE}.${process.pid}`;
  const text = JSON.stringify(counts);
  for (const key of Object.keys(counts)) delete counts[key];
  fs.writeFileSync(`${file}.draft`, text);
  fs.renameSync(`${file}.draft`, file);
  for (const key of ['fsCalls', 'opened']) counts[key] = 0;
});
