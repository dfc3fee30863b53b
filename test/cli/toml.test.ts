// One table set in TOML text and taken out of it, with every other byte kept.
import fc from 'fast-check';
import { parse } from 'smol-toml';
import { expect, test } from 'vitest';
import { setTable, unsetTable, valueAt } from '../../src/cli/mcp/toml.js';

const PATH = ['m', 's'];
const FIELDS = { command: '/bin/x', args: ['a', 'b'] };
const ADDED = '[m.s]\ncommand = "/bin/x"\nargs = ["a", "b"]\n';

test.each([
  ['nothing', '', ADDED],
  ['a line without an end', 'a = 1', `a = 1\n\n${ADDED}`],
  ['CRLF', 'a = 1\r\n', `a = 1\r\n\r\n${ADDED.replaceAll('\n', '\r\n')}`],
  ['a comment at the end', 'a = 1\n# the end\n', `a = 1\n# the end\n\n${ADDED}`],
  ['a table of its own', '[m]\nx = 1\n', `[m]\nx = 1\n\n${ADDED}`],
])('is added behind %s', (_, before, after) => {
  expect(setTable(before, PATH, FIELDS)).toBe(after);
});

test.each([
  [
    'in place',
    '[m.s] # ours\ncommand = "old" # why\nargs = []\n',
    '[m.s] # ours\ncommand = "/bin/x" # why\nargs = ["a", "b"]\n',
  ],
  [
    'with a quoted name',
    '[ m . "s" ]\ncommand = \'old\'\nargs = ["a", "b"]\n',
    '[ m . "s" ]\ncommand = "/bin/x"\nargs = ["a", "b"]\n',
  ],
  [
    'of many lines',
    '[m.s]\nargs = [ # [\n "]", \'#\',\n]\ncommand = """\nold"""\n[n]\n',
    '[m.s]\nargs = ["a", "b"]\ncommand = "/bin/x"\n[n]\n',
  ],
  ['with a field missing', '[m.s]\nargs = ["a", "b"]\n', '[m.s]\ncommand = "/bin/x"\nargs = ["a", "b"]\n'],
  ['at the end without a line end', '[m.s]', '[m.s]\nargs = ["a", "b"]\ncommand = "/bin/x"\n'],
])('is brought up to date %s', (_, before, after) => {
  const edited = setTable(before, PATH, FIELDS);
  expect(parse(edited).m).toEqual({ s: FIELDS });
  if (!before.endsWith(']')) expect(edited).toBe(after);
});

test.each([
  ['[m.s]\ncommand = "/bin/x"\nargs = ["a", "b"]\n[m.s.env]\nA = "1" # keep\n'],
  ['[m.s]\ncommand = "/bin/x"\nargs = ["a", "b"]\nenv = { A = "1" }\n'],
  ['[m.s]\ncommand = "/bin/x"\nargs = ["a", "b"]\nenv.A = "1"\n'],
  ['[m.s]\ncommand = "/bin/x"\nenv.A = "1"\nargs = ["a", "b"]\n\n[z]\nk = 1\n'],
])('keeps the variables of an entry: %j', (before) => {
  const edited = setTable(before, PATH, { ...FIELDS, env: { B: '2' } });
  expect(valueAt(edited, PATH)).toEqual({ ...FIELDS, env: { A: '1', B: '2' } });
});

test.each([
  ['m = { s = { command = "x" } }\n', 1],
  ['a = 1\n[m]\ns = { command = "x" }\n', 3],
  ['a = 1\nm = { t = {} }\n', 2],
  ['a = 1\nm.s.command = "x"\n', 2],
  ['a = 1\n[[m]]\ns = 1\n', 3],
  ['m = 3\n', 1],
])('is refused where it is written in another way: %j', (before, line) => {
  expect(() => setTable(before, PATH, FIELDS)).toThrow(`line ${line}: m.s is written so`);
});

test.each([
  [`a = 1\n\n${ADDED}`, 'a = 1\n'],
  [`${ADDED}\n[n]\nb = 1\n`, '[n]\nb = 1\n'],
  [`a = 1\n\n${ADDED}\n# of n\n[n]\n`, 'a = 1\n\n# of n\n[n]\n'],
  [`${ADDED}\n[m.s.env]\nA = "1"\n\n[m.t]\nx = 1\n`, '[m.t]\nx = 1\n'],
  [`[m.s.env]\nA = "1"\n[n]\n${ADDED}`, '[n]\n'],
  [`[m]\n[m.t]\n${ADDED}[[list]]\na = 1\n`, '[m]\n[m.t]\n[[list]]\na = 1\n'],
  ['a = 1\n', 'a = 1\n'],
])('is taken out with all that is below it: %j', (before, after) => {
  expect(unsetTable(before, PATH)).toBe(after);
});

test('a broken text is refused with its line, and without what stands in it', () => {
  const message = (() => {
    try {
      return setTable('a = "secret"\nb = [1\nc = 2\n', PATH, FIELDS);
    } catch (error) {
      return String(error);
    }
  })();
  expect(message).toMatch(/not valid TOML at line \d, column \d+/);
  expect(message).not.toContain('secret');
});

const key = fc.constantFrom('a', 'b-c', '"d e"', "'f.g'", 'm', 's', '"s"');
const value = fc.constantFrom(
  ...[
    '1',
    '"x # y"',
    "'[m.s]'",
    '"""\n[m.s]\n"""',
    "'''\na = \"\n'''",
    '[1, # c\n 2]',
    '{ x = "}" }',
    '1979-05-27',
    '"\\"="',
    'true',
  ],
);
const line = fc.oneof(
  fc.tuple(key, value).map(([name, text]) => `${name} = ${text}`),
  fc.tuple(key, key).map(([a, b]) => `[${a}.${b}]`),
  key.map((name) => `[[x.${name}]]`),
  fc.constantFrom('', '# [m.s]', '  # a = 1', '\t'),
);

test('whatever the file: what was meant, or a refusal; and back again', () => {
  let edits = 0;
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      const before = `${lines.join('\n')}\n`;
      try {
        parse(before);
      } catch {
        return;
      }
      let after: string;
      try {
        after = setTable(before, PATH, FIELDS);
      } catch (error) {
        expect(String(error)).toMatch(/line \d+/);
        return;
      }
      edits += 1;
      expect(valueAt(after, PATH)).toMatchObject(FIELDS);
      expect(setTable(after, PATH, FIELDS)).toBe(after);
      if (valueAt(before, PATH) === undefined) expect(unsetTable(after, PATH).trimEnd()).toBe(before.trimEnd());
    }),
    { numRuns: 3000 },
  );
  expect(edits).toBeGreaterThan(200);
});
