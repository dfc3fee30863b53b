// Secrets in texts, files and pages. None of them is real: see support/secrets.ts.
import { appendFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { credentialsIn } from '../../src/output/secrets/known.js';
import { readMaskedPage } from '../../src/output/secrets/page.js';
import { scan } from '../../src/output/secrets/scan.js';
import { threadedScan } from '../../src/output/secrets/scanner.js';
import { BLOCK, Secrets, WITHHELD } from '../../src/output/secrets/secrets.js';
import { MARK, maskedSlice } from '../../src/output/secrets/spans.js';
import { inlineScan, plantedSecrets, randomFrom, shownOf } from '../support/secrets.js';
import { tempFolder } from '../support/temp-folder.js';
import { until } from '../support/until.js';

const PLANTED = plantedSecrets(20260830);
const ENDED = { growing: false };
const masked = (text: string, options = { strict: false, known: [] as string[] }) =>
  maskedSlice(text, scan(text, options));
const secretsOf = (env = {}) => new Secrets(env, false, inlineScan);

async function fileWith(content: string): Promise<string> {
  const path = join(await tempFolder(), 'out');
  await writeFile(path, content);
  return path;
}

/** How a CLI may print it. */
const PRINTED: Record<string, (text: string) => string> = {
  'within a line': (text) => `before ${text} after\n`,
  'in quotes': (text) => `key = "${text}"\n`,
  'as all there is': (text) => text,
  'after a word with an umlaut': (text) => Buffer.from(`größe:\t${text}`).toString('latin1'),
  'in JSON': (text) => JSON.stringify({ text: `first\n${text}\nlast` }),
  'in JSON within JSON': (text) => JSON.stringify({ line: JSON.stringify({ text: `\t${text}\n` }) }),
  'in JSON with all escaped': (text) =>
    JSON.stringify({ text }).replaceAll('/', '\\/').replaceAll('+', '\\u002b').replaceAll('=', '\\u003d'),
  'in colour': (text) => `\u001b[31m${text}\u001b[0m`,
  'in colour, in JSON': (text) => JSON.stringify({ text: `\u001b[1;31m${text}\u001b[0m` }),
  'partly highlighted': (text) => `\u001b[01;31m\u001b[K${text.slice(0, 3)}\u001b[m\u001b[K${text.slice(3)}`,
  'with line numbers': (text) =>
    text
      .split('\n')
      .map((line, index) => `${String(index + 1).padStart(6)}→${line}`)
      .join('\n'),
  'where secretlint is switched off': (text) => `// secretlint-disable\n${text} // secretlint-disable-line\n`,
};

test.each(PLANTED)('$name is masked, however it is printed', ({ printed, secret }) => {
  for (const [how, print] of Object.entries(PRINTED)) {
    expect(shownOf(secret, masked(print(printed))), how).toBe('');
    expect(masked(print(printed)), how).toContain(MARK);
  }
});

test.each(PLANTED)('the beginning of $name is masked where a display has cut it', ({ printed, secret }) => {
  const at = printed.indexOf(secret.slice(0, 10));
  for (let end = at + 10; end < printed.length - 1; end += 7) {
    expect(shownOf(secret, masked(`running ${printed.slice(0, end)}…`)), printed.slice(0, end)).toBe('');
  }
});

test.each(['$ecret-word', '%40bc123', '{x', 'password1'])(
  'a password that begins like a placeholder: %s',
  (password) => {
    expect(masked(`https://u:${password}@h`)).toBe(`https://u:${MARK}@h`);
  },
);

test('the end of a private key is masked without its beginning', () => {
  const pem = PLANTED.find(({ name }) => name === 'PEM');
  expect(pem?.printed.length).toBeGreaterThan(1000);
  expect(shownOf(pem?.secret ?? '', masked(pem?.printed.slice(300) ?? ''))).toBe('');
});

test('ordinary text is left as it is', async () => {
  const code = await Promise.all(
    ['src/output/read.ts', 'package-lock.json', 'src/jobs/settle.ts', 'src/output/secrets/scan.ts'].map((file) =>
      readFile(join(import.meta.dirname, '../..', file), 'utf8'),
    ),
  );
  const random = randomFrom(1);
  const image = Buffer.from(Array.from({ length: 60_000 }, () => Math.floor(random() * 256))).toString('base64');
  const texts = [
    ...code,
    `data:image/png;base64,${image}`,
    'commit 3f786850e387550fdab836ed7e6dc881de23001b\nindex 89e6c98d92887913cadf06b2adb97f26cde4849b',
    'id 123e4567-e89b-12d3-a456-426614174000, sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'npm_config_registry npm_lifecycle_event hf_hub_download sk-learn task-runner AKIA eyJ',
    'https://example.com:8080/path?x=1@y http://localhost:3000 git@github.com:a/b.git postgres://localhost:5432/x',
    'DATABASE_URL=postgres://user:{PASSWORD}@host/db https://user:<password>@host, https://u:***@h',
    'token: 12 tokens in, password must have 8 characters, const apiKey = process.env.API_KEY;',
    "if (text.includes('-----BEGIN CERTIFICATE-----')) return;",
    "if (text.startsWith('-----BEGIN PRIVATE KEY-----') && text.endsWith('-----END PRIVATE KEY-----')) {\n  return;\n}",
    'It has bearer authentication',
    'target.username = target.password = target.search = "";',
  ];
  for (const text of texts) expect(masked(text)).toBe(text);
});

test('strict masks what only looks like a secret', () => {
  const strict = (text: string) => masked(text, { strict: true, known: [] });
  const run = plantedSecrets(3)[0]?.secret.slice(0, 40) ?? '';
  expect(strict(`password=hunter22 next`)).toBe(`password=${MARK} next`);
  expect(strict(`"api_key": "abc-def-1"`)).toBe(`"api_key": "${MARK}"`);
  expect(strict(`see ${run} there`)).toBe(`see ${MARK} there`);
  for (const text of [
    'commit 3f786850e387550fdab836ed7e6dc881de23001b',
    'src/output/secrets/secrets-worker-and-its-Limits2.ts',
    'id 123e4567-e89b-12d3-a456-426614174000',
  ]) {
    expect(strict(text)).toBe(text);
  }
  // What is masked already stays as it is.
  expect(strict(strict('password=hunter22'))).toBe(`password=${MARK}`);
});

test('values of the environment that are named like credentials are secrets in every form', async () => {
  const value = 'correct horse/battery+9';
  const env = {
    MY_API_KEY: value,
    HOME: '/home/someone',
    MAX_TOKENS: '123456789012',
    SSH_AUTH_SOCK: '/tmp/agent.sock',
  };
  expect(credentialsIn(env)).toEqual([value]);
  expect(
    credentialsIn({ A_TOKEN: 'short', B_KEY: '12345678', C_PASSWORD: 'postgres', D_SECRET_FILE: '/run/secret' }),
  ).toEqual([]);
  const secrets = secretsOf(env);
  const forms = [
    value,
    encodeURIComponent(value),
    Buffer.from(`user:${value}`).toString('base64'),
    Buffer.from(`{"k":"${value}"}`).toString('base64url'),
    JSON.stringify(JSON.stringify({ value })),
    `${value.slice(0, 12)}…`,
  ];
  for (const form of forms) expect(await secrets.mask(`it is ${form}`), form).toContain(MARK);
  expect(await secrets.mask(`it is ${value} there`)).toBe(`it is ${MARK} there`);
  secrets.configure('results', { OTHER_TOKEN: 'set-by-the-owner' });
  expect(await secrets.mask('set-by-the-owner')).toBe(MARK);
  secrets.configure('off');
  expect(await secrets.mask(value)).toBe(value);
});

test('data is masked in every text and key, and is itself where there is nothing to mask', async () => {
  const secrets = secretsOf();
  const { printed } = PLANTED[5] ?? { printed: '' };
  const clean = { a: ['one', { b: 'two and a half' }], c: 1, d: null, e: undefined, f: true };
  expect(await secrets.maskAll(clean)).toBe(clean);
  expect(JSON.stringify(await secrets.maskAll({ blob: printed, uri: printed }))).not.toContain(printed);
  expect(await secrets.maskAll({ a: [printed, { [printed]: `x ${printed}` }], c: 1, d: null })).toEqual({
    a: [MARK, { [MARK]: `x ${MARK}` }],
    c: 1,
    d: null,
  });
});

/** Text with secrets in it, of which some lie across the edges of blocks. */
function textWithSecrets(): string {
  const random = randomFrom(5);
  const words = () => Array.from({ length: 8 }, () => random().toString(36).slice(2, 8)).join(' ');
  let text = '';
  for (const { printed } of PLANTED) text += `${words()} é ${printed}\n`;
  for (const { printed } of PLANTED) {
    const edge = Math.ceil((text.length + 200) / BLOCK) * BLOCK;
    while (Buffer.byteLength(text) < edge - printed.length - 60) text += `${words()}\n`;
    text += ' '.repeat(Math.max(1, edge - Buffer.byteLength(text) - Math.ceil(printed.length / 2)));
    text += `${printed}\n`;
    if (text.length > 4 * BLOCK) break;
  }
  return text;
}

test('no choice of a page shows a part of a secret, and offsets count the file as it is', async () => {
  const text = textWithSecrets();
  const path = await fileWith(text);
  const total = Buffer.byteLength(text);
  const secrets = secretsOf();
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: -total, max: total }),
      fc.integer({ min: 1, max: 40_000 }),
      async (offset, limit) => {
        const page = await readMaskedPage(secrets, path, offset, limit, ENDED);
        for (const { name, secret } of PLANTED) expect(shownOf(secret, page.text), name).toBe('');
        const start = offset < 0 ? Math.max(0, total + offset) : offset;
        expect(page.total).toBe(total);
        expect(page.nextOffset).toBeGreaterThan(Math.min(start + limit, total) - 4);
      },
    ),
    { numRuns: 150, seed: 6 },
  );
  // All pages of a small size, joined: nothing but marks in place of secrets.
  let offset = 0;
  let joined = '';
  while (offset < 12_000) {
    const page = await readMaskedPage(secrets, path, offset, 37, ENDED);
    joined += page.text;
    offset = page.nextOffset;
  }
  for (const { name, secret } of PLANTED) expect(shownOf(secret, joined.replaceAll(MARK, '')), name).toBe('');
}, 60_000);

test('a secret written in two parts is not shown by whoever reads in between', async () => {
  const secrets = secretsOf({ OWN_TOKEN: 'qZ7-abcdefgh-9876' });
  const own = { name: 'own', printed: 'OWN_TOKEN=qZ7-abcdefgh-9876', secret: 'qZ7-abcdefgh-9876' };
  for (const { name, printed, secret } of [...PLANTED, own]) {
    const path = await fileWith('');
    for (let cut = 1; cut < printed.length; cut += Math.ceil(printed.length / 40)) {
      await writeFile(path, `begin\n${printed.slice(0, cut)}`);
      const first = await readMaskedPage(secrets, path, 0, 5000, { growing: true });
      await appendFile(path, `${printed.slice(cut)}\nend\n`);
      const second = await readMaskedPage(secrets, path, first.nextOffset, 5000, ENDED);
      const seen = `${first.text}${second.text}`.replaceAll(MARK, '');
      expect(shownOf(secret, seen), `${name} cut at ${cut}`).toBe('');
      expect(second.text).toContain('end');
    }
  }
});

test('what cannot be searched is withheld', async () => {
  const secrets = new Secrets({}, false, async () => undefined);
  expect(await secrets.mask('a text of some length')).toBe(WITHHELD);
  expect(await secrets.maskAll({ a: 'a text of some length', b: 1 })).toEqual({ a: WITHHELD, b: 1 });
  const path = await fileWith('a text of some length');
  expect(await readMaskedPage(secrets, path, 0, 100, ENDED)).toMatchObject({ text: WITHHELD, total: 21 });
});

test('a search that hangs is ended, and the next one has a thread again', async () => {
  const folder = await tempFolder();
  const file = join(folder, 'worker.mjs');
  await writeFile(
    file,
    `import { appendFileSync } from 'node:fs';
     import { parentPort } from 'node:worker_threads';
     parentPort.on('message', ({ texts }) => {
       if (texts[0] === 'hang') for (;;) appendFileSync(${JSON.stringify(join(folder, 'alive'))}, 'x');
       if (texts[0] === 'throw') throw new Error('no');
       parentPort.postMessage(texts.map((text) => [[0, text.length]]));
     });
     parentPort.postMessage('ready');`,
  );
  const search = threadedScan(new URL(`file://${file}`), { scan: 300, load: 10_000 });
  const ask = (text: string) => search({ texts: [text], options: { strict: false, known: [] } });
  // Asked at the same time: only the one that hangs goes without an answer.
  expect(await Promise.all(['one', 'hang', 'throw', 'four'].map(ask))).toEqual([
    [[[0, 3]]],
    undefined,
    undefined,
    [[[0, 4]]],
  ]);
  const size = async () => (await stat(join(folder, 'alive'))).size;
  expect(await size()).toBeGreaterThan(0);
  await until('it writes no more', async () => {
    const before = await size();
    await new Promise((resolve) => setTimeout(resolve, 50));
    return (await size()) === before;
  });
  const missing = threadedScan(new URL(`file://${folder}/none.mjs`));
  expect(await missing({ texts: ['x'], options: { strict: false, known: [] } })).toBeUndefined();
});

test('hostile text takes no time to speak of', () => {
  const repeated = [
    'a',
    '-',
    '\\',
    'eyJ',
    'eyJaaaaaaaa.',
    'http://a:',
    '://a:',
    'server=',
    'xoxb-a-',
    'ghp_',
    '\\u001b',
  ].concat([
    '-----BEGIN PRIVATE KEY-----\nAAAAAAAAAAAAAAAAAAAAAAAA\n',
    '-----END PRIVATE KEY-----',
    'bearer ',
    'password=',
  ]);
  for (const piece of repeated) {
    const begun = performance.now();
    scan(piece.repeat(Math.ceil(96_000 / piece.length)), { strict: true, known: ['qZ7-abcdefgh-9876'] });
    expect(performance.now() - begun, piece).toBeLessThan(1000);
  }
});
